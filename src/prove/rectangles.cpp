// Classic BPF only jumps forward, so one pass in program order meets every way to a place before it goes on from there.
// First with sets of tokens and numbers as the state, up to returns and to the first question about an argument; then,
// for each such question, over what follows it, whose diagram is made backwards. If that asks about the token or the
// number again, and the set at hand allows both answers, the set is split and each half starts over.
// SPDX-License-Identifier: Apache-2.0
#include "prove/rectangles.h"

#include <fmt/format.h>

#include <map>

#include "arch/arch.h"
#include "policy/policy.h"
#include "prove/registers.h"
#include "prove/simple_domain.h"

namespace callgate::prove {

namespace {

using base::ErrorCode;
using base::fail;

struct State {
  Registers registers;
  WordRanges tokens, numbers;
};

bool about_call(const WordTest& test) {
  return test.word == kWordNr || test.word == kWordArch;
}

class Scan {
 public:
  Scan(std::span<const bpf::Insn> program, Diagrams& diagrams)
      : program_(program), diagrams_(diagrams), live_(live_before(program)), waiting_(program.size()) {}

  base::Result<std::vector<Rectangle>> run() {
    waiting_[0].push_back({{}, WordRanges::everything(), WordRanges::everything()});
    for (std::size_t pc = 0; pc < program_.size(); ++pc) {
      for (State& state : joined(std::move(waiting_[pc]))) CALLGATE_CHECK(advance(pc, std::move(state)));
      waiting_[pc].clear();
    }
    return std::move(done_);
  }

 private:
  static constexpr std::size_t kMaxSteps = 4'000'000;
  static constexpr std::size_t kMaxSites = 100'000;  // of one question and what follows it

  // States that differ in their numbers alone are one.
  static std::vector<State> joined(std::vector<State> states) {
    if (states.size() <= 1) return states;
    std::vector<State> out;
    std::map<std::pair<Registers, WordRanges>, std::size_t> index;
    for (State& state : states) {
      const auto [at, fresh] = index.try_emplace({state.registers, state.tokens}, out.size());
      if (fresh)
        out.push_back(std::move(state));
      else
        out[at->second].numbers.append(state.numbers);
    }
    for (State& state : out) state.numbers.ordered();
    return out;
  }

  void arrive(std::size_t pc, Registers registers, WordRanges tokens, WordRanges numbers) {
    if (tokens.empty() || numbers.empty()) return;
    forget_dead(pc, registers);
    waiting_[pc].push_back({registers, std::move(tokens), std::move(numbers)});
  }

  void forget_dead(std::size_t pc, Registers& registers) const {
    for (std::size_t i = 0; i < Registers::kCount; ++i)
      if ((live_[pc] >> i & 1) == 0) registers.held[i] = {};
  }

  base::Result<NodeId> answer(std::size_t pc, const Held& value) {
    if (value.kind != Held::Kind::constant)
      return fail(ErrorCode::unsupported, fmt::format("instruction {} returns a value that depends on the call", pc));
    return diagrams_.leaf(policy::from_return_value(value.value));
  }

  base::Result<bool> spend(std::size_t pc, std::size_t amount = 1) {
    steps_ += amount;
    if (steps_ > kMaxSteps || diagrams_.exhausted())
      return fail(ErrorCode::unsupported,
                  fmt::format("the ways through the program are too many to follow; given up at instruction {}", pc));
    return true;
  }

  base::Result<bool> advance(std::size_t pc, State state) {
    CALLGATE_CHECK(spend(pc, 1 + state.numbers.size() / 64));
    if (program_[pc].code == bpf::op::kJa) {
      arrive(pc + 1 + program_[pc].k, state.registers, std::move(state.tokens), std::move(state.numbers));
      return true;
    }
    const Registers before = state.registers;
    const Step where = step(program_, pc, state.registers);
    if (const auto* beyond = std::get_if<Beyond>(&where)) return fail(ErrorCode::unsupported, beyond->why);
    if (const auto* returned = std::get_if<Returned>(&where)) {
      CALLGATE_TRY(const NodeId leaf, answer(pc, returned->value));
      done_.push_back({std::move(state.tokens), std::move(state.numbers), leaf});
      return true;
    }
    const auto* branching = std::get_if<Branching>(&where);
    if (branching == nullptr) {
      arrive(pc + 1, state.registers, std::move(state.tokens), std::move(state.numbers));
      return true;
    }
    const std::size_t yes = pc + 1 + program_[pc].jt, no = pc + 1 + program_[pc].jf;
    if (branching->is_known) {
      arrive(branching->known ? yes : no, state.registers, std::move(state.tokens), std::move(state.numbers));
      return true;
    }
    if (!about_call(branching->test)) {
      state.registers = before;
      return question(pc, std::move(state));
    }
    CALLGATE_TRY(State taken, split(pc, branching->test, state));
    arrive(yes, taken.registers, std::move(taken.tokens), std::move(taken.numbers));
    arrive(no, state.registers, std::move(state.tokens), std::move(state.numbers));
    return true;
  }

  // Leaves in `state` what the test does not hold for, and returns the rest.
  base::Result<State> split(std::size_t pc, const WordTest& test, State& state) {
    State taken =
        test.word == kWordNr ? State{state.registers, state.tokens, {}} : State{state.registers, {}, state.numbers};
    auto part = (test.word == kWordNr ? state.numbers : state.tokens).take(test);
    if (!part)
      return fail(ErrorCode::unsupported,
                  fmt::format("instruction {} splits the {} into more than {} ranges", pc,
                              test.word == kWordNr ? "call numbers" : "architectures", WordRanges::kMaxIntervals));
    (test.word == kWordNr ? taken.numbers : taken.tokens) = std::move(*part);
    return taken;
  }

  // What follows from a question about an argument, for all of the state's tokens and numbers.
  base::Result<bool> question(std::size_t pc, State state) {
    std::vector<State> open;
    open.push_back(std::move(state));
    while (!open.empty()) {
      State now = std::move(open.back());
      open.pop_back();
      // The byte order is settled first: it says which argument's half a word is.
      WordTest undecided{kWordArch, 0x40000000, Relation::eq, 0x40000000, false};
      CALLGATE_TRY(State part, split(pc, undecided, now));
      if (part.tokens.empty() || now.tokens.empty()) {
        const bool little_endian = now.tokens.empty();
        if (little_endian) std::swap(part, now);
        CALLGATE_TRY(const auto root, diagram(pc, now, little_endian, undecided));
        if (root) {
          done_.push_back({std::move(now.tokens), std::move(now.numbers), *root});
          continue;
        }
        CALLGATE_TRY(part, split(pc, undecided, now));
      }
      open.push_back(std::move(part));
      open.push_back(std::move(now));
    }
    return true;
  }

  struct Site {
    std::size_t pc;  // of the branch
    NodeId leaf = 0;
    bool is_leaf = false;
    WordTest test;
    std::size_t yes = 0, no = 0;
  };
  using Places = std::map<std::pair<std::size_t, Registers>, std::size_t>;

  // The diagram from `pc` on; nothing if it depends on the test put into `undecided`.
  base::Result<std::optional<NodeId>> diagram(std::size_t start, const State& state, bool little_endian,
                                              WordTest& undecided) {
    Places places;
    std::map<std::size_t, Site> sites;  // by the index in `places`
    const auto place = [&](std::size_t pc, Registers registers) {
      forget_dead(pc, registers);
      return places.try_emplace({pc, registers}, places.size()).first->second;
    };
    place(start, state.registers);
    for (auto at = places.begin(); at != places.end(); ++at) {
      CALLGATE_TRY(auto site, follow(at->first.first, at->first.second, state, undecided));
      if (!site) return std::nullopt;
      if (!site->is_leaf) {
        Registers registers = registers_;
        site->yes = place(site->pc + 1 + program_[site->pc].jt, registers);
        site->no = place(site->pc + 1 + program_[site->pc].jf, registers);
      }
      sites[at->second] = *site;
      if (places.size() > kMaxSites)
        return fail(ErrorCode::unsupported,
                    fmt::format("what follows instruction {} takes too many ways to follow", start));
    }
    std::map<std::size_t, NodeId> made;
    for (auto at = places.rbegin(); at != places.rend(); ++at) {
      const Site& site = sites.at(at->second);
      made[at->second] = site.is_leaf ? site.leaf : branch(site, little_endian, made.at(site.yes), made.at(site.no));
      CALLGATE_CHECK(spend(site.pc));
    }
    return made.at(0);
  }

  NodeId branch(const Site& site, bool little_endian, NodeId yes, NodeId no) {
    constexpr std::uint8_t kFirstArgumentWord = bpf::kOffsetArgs / 4;
    const bool second = site.test.word % 2 != 0;
    const std::uint8_t arg = site.test.word < kFirstArgumentWord
                                 ? kInstructionPointer
                                 : static_cast<std::uint8_t>((site.test.word - kFirstArgumentWord) / 2);
    return diagrams_.branch(arg, second == little_endian, site.test, yes, no);
  }

  // Up to the next question that is open, or to the end. Leaves in registers_ what holds there.
  base::Result<std::optional<Site>> follow(std::size_t pc, const Registers& from, const State& state,
                                           WordTest& undecided) {
    registers_ = from;
    for (;;) {
      CALLGATE_CHECK(spend(pc));
      if (program_[pc].code == bpf::op::kJa) {
        pc += 1 + program_[pc].k;
        continue;
      }
      const Step where = step(program_, pc, registers_);
      if (const auto* beyond = std::get_if<Beyond>(&where)) return fail(ErrorCode::unsupported, beyond->why);
      if (const auto* returned = std::get_if<Returned>(&where)) {
        CALLGATE_TRY(const NodeId leaf, answer(pc, returned->value));
        return Site{.pc = pc, .leaf = leaf, .is_leaf = true, .test = {}};
      }
      const auto* branching = std::get_if<Branching>(&where);
      if (branching == nullptr) {
        ++pc;
        continue;
      }
      bool truth = branching->known;
      if (!branching->is_known) {
        if (!about_call(branching->test)) return Site{.pc = pc, .test = branching->test};
        State rest = state;
        CALLGATE_TRY(const State taken, split(pc, branching->test, rest));
        const bool possible_yes = !taken.tokens.empty() && !taken.numbers.empty();
        const bool possible_no = !rest.tokens.empty() && !rest.numbers.empty();
        if (possible_yes && possible_no) {
          undecided = branching->test;
          return std::nullopt;
        }
        truth = possible_yes;
      }
      pc += std::size_t{1} + (truth ? program_[pc].jt : program_[pc].jf);
    }
  }

  std::span<const bpf::Insn> program_;
  Diagrams& diagrams_;
  std::vector<std::uint32_t> live_;
  std::vector<std::vector<State>> waiting_;  // by instruction
  std::vector<Rectangle> done_;
  Registers registers_;
  std::size_t steps_ = 0;
};

}  // namespace

base::Result<std::vector<Rectangle>> rectangles_of(std::span<const bpf::Insn> program, Diagrams& diagrams) {
  return Scan(program, diagrams).run();
}

}  // namespace callgate::prove
