// See naive_compiler.h.
// SPDX-License-Identifier: Apache-2.0
#include "support/naive_compiler.h"

namespace callgate::test_support {
namespace {

using policy::Condition;
using policy::Op;

class Writer {
 public:
  using Label = std::size_t;
  Label make_label() {
    places_.push_back(0);
    return places_.size() - 1;
  }
  void place(Label label) { places_[label] = program_.size(); }
  void emit(std::uint16_t code, std::uint32_t k) { program_.push_back({code, 0, 0, k}); }
  void load(std::uint32_t offset) { emit(bpf::op::kLdAbs, offset); }
  void answer(policy::Action action) { emit(bpf::op::kRetK, policy::to_return_value(action)); }
  void go(Label label) {
    open_.push_back({program_.size(), label});
    emit(bpf::op::kJa, 0);
  }
  void go_if(std::uint16_t jump, std::uint32_t k, Label label) {
    program_.push_back({jump, 0, 1, k});
    go(label);
  }
  void go_unless(std::uint16_t jump, std::uint32_t k, Label label) {
    program_.push_back({jump, 1, 0, k});
    go(label);
  }
  bpf::Program finish() {
    for (const Jump& jump : open_) program_[jump.at].k = static_cast<std::uint32_t>(places_[jump.to] - jump.at - 1);
    return program_;
  }

 private:
  struct Jump {
    std::size_t at;
    Label to;
  };
  bpf::Program program_;
  std::vector<std::size_t> places_;
  std::vector<Jump> open_;
};

class Naive {
 public:
  explicit Naive(const policy::Policy& policy) : policy_(policy) {}

  bpf::Program compile() {
    for (const policy::ArchRuns& listed : policy_.archs) {
      const auto next = w_.make_label();
      w_.load(bpf::kOffsetArch);
      w_.go_unless(bpf::op::kJeqK, listed.audit, next);
      write_runs(listed.runs, arch::little_endian(listed.audit));
      w_.place(next);
    }
    const auto little = w_.make_label();
    w_.load(bpf::kOffsetArch);
    w_.go_if(bpf::op::kJsetK, 0x40000000, little);
    write_runs(policy_.other, false);
    w_.place(little);
    write_runs(policy_.other, true);
    return w_.finish();
  }

 private:
  void write_runs(const std::vector<policy::Run>& runs, bool little_endian) {
    little_endian_ = little_endian;
    const policy::DecisionId rest = runs.back().decision;
    for (const policy::Run& run : runs) {
      if (run.decision == rest) continue;
      const auto next = w_.make_label();
      w_.load(bpf::kOffsetNr);
      if (run.first == run.last) {
        w_.go_unless(bpf::op::kJeqK, run.first, next);
      } else {
        w_.go_unless(bpf::op::kJgeK, run.first, next);
        w_.go_if(bpf::op::kJgtK, run.last, next);
      }
      write_decision(policy_.decisions[run.decision]);
      w_.place(next);
    }
    write_decision(policy_.decisions[rest]);
  }

  void write_decision(const policy::Decision& decision) {
    for (const policy::Clause& clause : decision.clauses) {
      const auto fails = w_.make_label();
      for (const Condition& condition : clause.conditions) write_condition(condition, fails);
      w_.answer(clause.action);
      w_.place(fails);
    }
    w_.answer(decision.otherwise);
  }

  // Falls through if the condition holds.
  void write_condition(const Condition& c, Writer::Label fails) {
    const auto high = static_cast<std::uint32_t>(c.value >> 32), low = static_cast<std::uint32_t>(c.value);
    const auto holds = w_.make_label();
    w_.load(bpf::high_word_offset(c.arg, little_endian_));
    if (c.op == Op::masked_eq) w_.emit(bpf::op::kAndK, static_cast<std::uint32_t>(c.mask >> 32));
    if (c.op == Op::gt || c.op == Op::ge) w_.go_if(bpf::op::kJgtK, high, holds);
    if (c.op == Op::lt || c.op == Op::le) w_.go_if(bpf::op::kJgtK, high, fails);
    const bool differing_holds = c.op == Op::ne || c.op == Op::lt || c.op == Op::le;
    w_.go_unless(bpf::op::kJeqK, high, differing_holds ? holds : fails);
    w_.load(bpf::low_word_offset(c.arg, little_endian_));
    if (c.op == Op::masked_eq) w_.emit(bpf::op::kAndK, static_cast<std::uint32_t>(c.mask));
    switch (c.op) {
      case Op::eq:
      case Op::masked_eq:
        w_.go_unless(bpf::op::kJeqK, low, fails);
        break;
      case Op::ne:
        w_.go_if(bpf::op::kJeqK, low, fails);
        break;
      case Op::gt:
        w_.go_unless(bpf::op::kJgtK, low, fails);
        break;
      case Op::ge:
        w_.go_unless(bpf::op::kJgeK, low, fails);
        break;
      case Op::lt:
        w_.go_if(bpf::op::kJgeK, low, fails);
        break;
      case Op::le:
        w_.go_if(bpf::op::kJgtK, low, fails);
        break;
    }
    w_.place(holds);
  }

  const policy::Policy& policy_;
  Writer w_;
  bool little_endian_ = true;
};

}  // namespace

std::optional<bpf::Program> compile_naively(const policy::Policy& policy) {
  bpf::Program program = Naive(policy).compile();
  if (program.size() > bpf::kMaxInsns) return std::nullopt;
  return program;
}

}  // namespace callgate::test_support
