// The product machine: walks all programs of both sides, then the policy, over one symbolic call, and compares what
// they answer. Paths are taken depth first; a branch that both can be taken sets one aside on a stack. What is known
// about a call, and in what terms, is the Domain's: SimpleDomain (quick) or GeneralDomain (complete).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "prove/prove.h"
#include "prove/simple_domain.h"

namespace callgate::prove {

// What is to be compared. Left is the policy if there is one.
struct Question {
  const policy::Policy* policy = nullptr;
  std::vector<std::span<const bpf::Insn>> programs;  // the left's, newest first, then the right's, newest first
  std::size_t left_programs = 0;
};

// What both sides really do on one call. Data words as the token's byte order has them.
Counterexample run_concretely(const Question& question, const Words& words);

// The order in which counterexamples are preferred: listed tokens first, then by number, arguments, token, address.
bool is_better(const Question& question, const Counterexample& a, const Counterexample& b);

// One condition of a policy over 64 bits as questions about words: `stage` counts them, `truth` answers the last.
struct WordQuestion {
  bool high;  // of the argument's two words
  std::uint32_t mask;
  Relation relation;
  std::uint32_t k;
};
enum class Next : std::uint8_t { holds, fails, ask };
WordQuestion question_at(const policy::Condition& condition, unsigned stage);
Next after_answer(const policy::Condition& condition, unsigned stage, bool truth);

template <class Domain>
class Machine {
 public:
  Machine(const Question& question, Domain& domain, const Limits& limits)
      : question_(question), domain_(domain), max_steps_(limits.max_steps) {
    stack_.reserve(24);
  }

  // Nothing if the domain got stuck.
  std::optional<Outcome> run() {
    for (Answer& answer : frame_.answers) answer.raw = domain_.constant(bpf::kRetAllow);  // of no filter at all
    begin_program(frame_, 0);
    for (;;) {
      while (alive_ && !stopped_) advance();
      if (domain_.stuck()) return std::nullopt;
      if (stopped_ || stack_.empty()) break;
      frame_ = stack_.back().frame;
      domain_.resume(path_, stack_.back().saved);
      stack_.pop_back();
      alive_ = true;
    }
    return finish();
  }

 private:
  using Value = typename Domain::Value;
  enum class Phase : std::uint8_t { program, combine, token, run, clause, left_action, right_action, compare };
  struct Answer {
    Value raw{};  // of a stack so far
    policy::ActionKind kind{};
    Value data{};
  };
  struct Frame {
    typename Domain::Registers registers;
    std::array<Answer, 2> answers;  // left, right
    Value returned{};
    std::uint32_t unit = 0, pc = 0;
    const std::vector<policy::Run>* runs = nullptr;
    const policy::Decision* decision = nullptr;
    std::uint32_t table = 0, run = 0, clause = 0, condition = 0;  // where the walk through the policy stands
    std::uint32_t stage = 0;
    bool little_endian = false;
    Phase phase = Phase::program;
  };
  struct SetAside {
    Frame frame;
    typename Domain::Saved saved;
  };
  static constexpr std::size_t kMaxDifferences = 128;  // looked at for a smaller counterexample

  void advance() {
    if (++steps_ > max_steps_) {
      give_up(fmt::format("more than {} symbolic steps", max_steps_));
      stopped_ = true;
      return;
    }
    switch (frame_.phase) {
      case Phase::program:
        return execute();
      case Phase::combine:
        return combine();
      case Phase::token:
        return choose_token();
      case Phase::run:
        return choose_run();
      case Phase::clause:
        return walk_clause();
      case Phase::left_action:
        return classify(0);
      case Phase::right_action:
        return classify(1);
      case Phase::compare:
        return compare_data();
    }
  }

  // Splits on an atom: `move(frame, truth)` is applied to each side that is possible.
  template <class Move>
  void branch(const typename Domain::Atom& atom, Move move) {
    const Truth truth = domain_.decide(path_, atom);
    if (truth != Truth::open) return move(frame_, truth == Truth::yes);
    typename Domain::Saved saved;
    if (domain_.assume_later(path_, atom, saved)) {
      stack_.push_back({frame_, std::move(saved)});
      move(stack_.back().frame, false);
    }
    alive_ = domain_.assume(path_, atom, true);
    if (alive_) move(frame_, true);
    if (domain_.stuck()) stopped_ = true;
  }

  std::size_t side() const { return frame_.unit < question_.left_programs ? 0 : 1; }

  void begin_program(Frame& f, std::uint32_t unit) {
    f.unit = unit;
    f.pc = 0;
    f.registers = domain_.initial_registers();
    if (unit < question_.programs.size()) {
      f.phase = Phase::program;
    } else {
      f.phase = question_.policy != nullptr ? Phase::token : Phase::left_action;
    }
  }

  void execute() {
    const bpf::Insn& insn = question_.programs[frame_.unit][frame_.pc++];
    auto& r = frame_.registers;
    switch (insn.code) {
      case bpf::op::kLdAbs:
        r.a = domain_.load(static_cast<std::uint8_t>(insn.k / 4));
        return;
      case bpf::op::kLdImm:
        r.a = domain_.constant(insn.k);
        return;
      case bpf::op::kLdLen:
        r.a = domain_.constant(bpf::kDataBytes);
        return;
      case bpf::op::kJa:
        frame_.pc += insn.k;
        return;
      case bpf::op::kRetK:
        return leave(domain_.constant(insn.k));
      case bpf::op::kRetA:
        return leave(r.a);
      default:
        break;
    }
    constexpr std::uint16_t kClassMask = 0x07, kClassAlu = 0x04, kClassJump = 0x05, kOperationMask = 0xf7;
    const std::uint16_t instruction_class = insn.code & kClassMask;
    if (instruction_class != kClassAlu && instruction_class != kClassJump) return transfer(insn);
    Value operand = domain_.constant(insn.k);
    if ((insn.code & bpf::op::kAluX) != 0) {
      if constexpr (Domain::kHasRegisters) {
        operand = r.x;
      } else {
        return get_stuck();
      }
    }
    const auto operation = static_cast<std::uint16_t>(insn.code & kOperationMask);
    if (instruction_class == kClassAlu) return compute(operation, operand, insn.code);
    const auto atom = domain_.compare(operation, r.a, operand);
    if (domain_.stuck()) return get_stuck();
    branch(atom, [&insn](Frame& f, bool truth) { f.pc += truth ? insn.jt : insn.jf; });
  }

  void get_stuck() {
    domain_.get_stuck();
    stopped_ = true;
  }

  // Between A, X and scratch words.
  void transfer(const bpf::Insn& insn) {
    if constexpr (Domain::kHasRegisters) {
      auto& r = frame_.registers;
      switch (insn.code) {
        case bpf::op::kLdMem:
          r.a = r.scratch[insn.k];
          return;
        case bpf::op::kLdxImm:
          r.x = domain_.constant(insn.k);
          return;
        case bpf::op::kLdxMem:
          r.x = r.scratch[insn.k];
          return;
        case bpf::op::kLdxLen:
          r.x = domain_.constant(bpf::kDataBytes);
          return;
        case bpf::op::kSt:
          r.scratch[insn.k] = r.a;
          return;
        case bpf::op::kStx:
          r.scratch[insn.k] = r.x;
          return;
        case bpf::op::kTax:
          r.x = r.a;
          return;
        case bpf::op::kTxa:
          r.a = r.x;
          return;
        default:
          return;  // check() lets nothing else through
      }
    } else {
      get_stuck();
    }
  }

  void compute(std::uint16_t operation, const Value& operand, std::uint16_t code) {
    // Division by X = 0 ends the program with 0 (kernel/bpf: the converted program exits).
    if (code == (bpf::op::kDivK | bpf::op::kAluX)) {
      const auto is_zero = domain_.compare(bpf::op::kJeqK, operand, domain_.constant(0));
      branch(is_zero, [this, operand](Frame& f, bool zero) {
        if (zero) {
          leave(f, domain_.constant(0));
        } else {
          f.registers.a = domain_.alu(bpf::op::kDivK, f.registers.a, operand);
        }
      });
      return;
    }
    frame_.registers.a = domain_.alu(operation, frame_.registers.a, operand);
    if (domain_.stuck()) stopped_ = true;
  }

  void leave(const Value& value) { leave(frame_, value); }
  void leave(Frame& frame, const Value& value) {
    frame.returned = value;
    frame.phase = Phase::combine;
  }

  // A stack keeps the value with the lesser action, the newer one of equals (seccomp_run_filters). The first program's
  // value needs no comparison: no action is greater than ALLOW's, and ALLOW's data does not count.
  void combine() {
    const bool first = frame_.unit == 0 || frame_.unit == question_.left_programs;
    Answer& answer = frame_.answers[side()];
    if (first) {
      answer.raw = frame_.returned;
      return begin_program(frame_, frame_.unit + 1);
    }
    std::uint32_t kept = 0, returned = 0;
    constexpr std::uint32_t kSign = 0x80000000, kActionMask = 0xffff0000;
    if (domain_.is_constant(answer.raw, kept) && domain_.is_constant(frame_.returned, returned)) {
      // The kernel compares actions as signed numbers.
      if (((returned & kActionMask) ^ kSign) < ((kept & kActionMask) ^ kSign)) answer.raw = frame_.returned;
      return begin_program(frame_, frame_.unit + 1);
    }
    const auto order = [this](const Value& v) {
      return domain_.alu(bpf::op::kXorK, domain_.alu(bpf::op::kAndK, v, domain_.constant(kActionMask)),
                         domain_.constant(kSign));
    };
    const auto lesser = domain_.compare(bpf::op::kJgtK, order(answer.raw), order(frame_.returned));
    if (domain_.stuck()) return get_stuck();
    const std::size_t which = side();
    branch(lesser, [this, which](Frame& f, bool replace) {
      if (replace) f.answers[which].raw = f.returned;
      begin_program(f, f.unit + 1);
    });
  }

  void choose_token() {
    const auto& archs = question_.policy->archs;
    if (frame_.table < archs.size()) {
      const policy::ArchRuns& listed = archs[frame_.table];
      branch(domain_.word_atom(kWordArch, 0xffffffff, Relation::eq, listed.audit),
             [this, &listed](Frame& f, bool same) {
               if (same) {
                 enter_runs(f, listed.runs, arch::little_endian(listed.audit));
               } else {
                 ++f.table;
               }
             });
      return;
    }
    constexpr std::uint32_t kLittleEndianBit = 0x40000000;  // __AUDIT_ARCH_LE
    branch(domain_.word_atom(kWordArch, kLittleEndianBit, Relation::eq, kLittleEndianBit),
           [this](Frame& f, bool little) { enter_runs(f, question_.policy->other, little); });
  }

  void enter_runs(Frame& f, const std::vector<policy::Run>& runs, bool little_endian) {
    f.runs = &runs;
    f.little_endian = little_endian;
    f.run = static_cast<std::uint32_t>(policy::Policy::find_run(runs, domain_.lower_bound(path_, kWordNr)));
    f.phase = Phase::run;
  }

  void choose_run() {
    const policy::Run& run = (*frame_.runs)[frame_.run];
    branch(domain_.word_atom(kWordNr, 0xffffffff, Relation::gt, run.last), [this, &run](Frame& f, bool later) {
      if (later) {
        ++f.run;
        return;
      }
      f.decision = &question_.policy->decisions[run.decision];
      enter_clause(f, 0);
    });
  }

  void enter_clause(Frame& f, std::uint32_t clause) {
    f.clause = clause;
    f.condition = 0;
    f.stage = 0;
    if (clause == f.decision->clauses.size()) {
      settle(f, f.decision->otherwise);
    } else {
      f.phase = Phase::clause;
      if (f.decision->clauses[clause].conditions.empty()) settle(f, f.decision->clauses[clause].action);
    }
  }

  void settle(Frame& f, policy::Action action) {
    f.answers[0].kind = action.kind;
    f.answers[0].data = domain_.constant(action.data);
    f.phase = Phase::right_action;
  }

  void walk_clause() {
    const policy::Clause& clause = frame_.decision->clauses[frame_.clause];
    const policy::Condition& condition = clause.conditions[frame_.condition];
    const WordQuestion ask = question_at(condition, frame_.stage);
    const std::uint32_t offset = ask.high ? bpf::high_word_offset(condition.arg, frame_.little_endian)
                                          : bpf::low_word_offset(condition.arg, frame_.little_endian);
    const auto word = static_cast<std::uint8_t>(offset / 4);
    const auto move = [this, &clause, &condition](Frame& f, bool truth) {
      const Next next = after_answer(condition, f.stage, truth);
      if (next == Next::ask) {
        ++f.stage;
      } else if (next == Next::fails) {
        enter_clause(f, f.clause + 1);
      } else if (++f.condition == clause.conditions.size()) {
        settle(f, clause.action);
      } else {
        f.stage = 0;
      }
    };
    if (ask.mask == 0) return move(frame_, ask.k == 0);
    branch(domain_.word_atom(word, ask.mask, ask.relation, ask.k), move);
  }

  // Return value → action kind and data, as the kernel treats it.
  void classify(std::size_t which) {
    const Phase after = which == 0 ? Phase::right_action : Phase::compare;
    Answer& answer = frame_.answers[which];
    std::uint32_t value = 0;
    if (domain_.is_constant(answer.raw, value)) {
      const policy::Action action = policy::from_return_value(value);
      answer.kind = action.kind;
      answer.data = domain_.constant(action.data);
      frame_.phase = after;
      frame_.stage = 0;
      return;
    }
    if constexpr (Domain::kHasRegisters) {
      classify_term(which, after);
    } else {
      get_stuck();
    }
  }

  // One kind after the other; `stage` counts them, then asks whether an errno is cut.
  void classify_term(std::size_t which, Phase after) {
    using policy::ActionKind;
    static constexpr std::array kKinds{ActionKind::allow,       ActionKind::errno_, ActionKind::kill_process,
                                       ActionKind::kill_thread, ActionKind::trap,   ActionKind::trace,
                                       ActionKind::log,         ActionKind::notify};
    static constexpr unsigned kCutErrno = kKinds.size();
    static constexpr std::uint32_t kMaxErrno = 4095;
    const Value raw = frame_.answers[which].raw;
    const Value data = domain_.alu(bpf::op::kAndK, raw, domain_.constant(0xffff));
    const auto done = [which, after](Frame& f, ActionKind kind, const Value& with) {
      f.answers[which].kind = kind;
      f.answers[which].data = with;
      f.phase = after;
      f.stage = 0;
    };
    if (frame_.stage == kCutErrno) {
      branch(domain_.compare(bpf::op::kJgtK, data, domain_.constant(kMaxErrno)),
             [&](Frame& f, bool cut) { done(f, ActionKind::errno_, cut ? domain_.constant(kMaxErrno) : data); });
      return;
    }
    const ActionKind kind = kKinds[frame_.stage];
    const Value action = domain_.alu(bpf::op::kAndK, raw, domain_.constant(0xffff0000));
    const auto same = domain_.compare(bpf::op::kJeqK, action, domain_.constant(policy::to_return_value({kind, 0})));
    branch(same, [&](Frame& f, bool is_kind) {
      if (!is_kind) {
        if (++f.stage == kKinds.size()) done(f, ActionKind::kill_process, domain_.constant(0));
      } else if (kind == ActionKind::errno_) {
        f.stage = kCutErrno;
      } else {
        const bool has_data = kind == ActionKind::trap || kind == ActionKind::trace;
        done(f, kind, has_data ? data : domain_.constant(0));
      }
    });
  }

  void compare_data() {
    const Answer &left = frame_.answers[0], &right = frame_.answers[1];
    ++paths_;
    alive_ = false;
    if (left.kind != right.kind) return report_difference();
    std::uint32_t a = 0, b = 0;
    if (domain_.is_constant(left.data, a) && domain_.is_constant(right.data, b)) {
      if (a != b) report_difference();
      return;
    }
    const auto same = domain_.compare(bpf::op::kJeqK, left.data, right.data);
    if (domain_.decide(path_, same) == Truth::yes) return;
    if (domain_.assume(path_, same, false)) report_difference();
  }

  void report_difference() {
    Words words{};
    const Sought sought = domain_.witness(path_, words);
    if (sought == Sought::none) return;
    if (sought == Sought::gave_up) {
      std::string where = fmt::format("the number is {} or more", domain_.lower_bound(path_, kWordNr));
      if (frame_.pc > 0)  // else the path ends in a policy, which has no instructions
        where = fmt::format("the last program leaves at instruction {}, {}", frame_.pc - 1, where);
      give_up("a path whose answers differ could be neither refuted nor given a call that takes it: " + where);
      return;
    }
    const Counterexample found = run_concretely(question_, words);
    if (found.left == found.right) {
      give_up("a counterexample was not confirmed by concrete execution");
      return;
    }
    if (!best_ || is_better(question_, found, *best_)) best_ = found;
    if (++differences_ >= kMaxDifferences) stopped_ = true;
  }

  void give_up(std::string why) {
    if (why_.empty()) why_ = std::move(why);
  }

  Outcome finish() {
    Outcome outcome;
    outcome.paths = paths_;
    if (best_) {
      outcome.verdict = Verdict::different;
      outcome.counterexample = best_;
    } else if (!why_.empty()) {
      outcome.why = std::move(why_);
    } else {
      outcome.verdict = Verdict::equal;
    }
    return outcome;
  }

  const Question& question_;
  Domain& domain_;
  std::uint64_t max_steps_, steps_ = 0, paths_ = 0;
  std::size_t differences_ = 0;
  Frame frame_;
  typename Domain::Path path_;
  std::vector<SetAside> stack_;
  std::optional<Counterexample> best_;
  std::string why_;
  bool alive_ = true, stopped_ = false;
};

}  // namespace callgate::prove
