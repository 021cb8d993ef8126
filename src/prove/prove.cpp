// The public questions, what both sides share, and the choice of the domain.
// SPDX-License-Identifier: Apache-2.0
#include "prove/prove.h"

#include <algorithm>
#include <tuple>

#include "bpf/simulate.h"
#include "prove/engines.h"

namespace callgate::prove {
namespace {

policy::Action answer_of(std::span<const std::span<const bpf::Insn>> programs, const bpf::SeccompData& data) {
  std::vector<bpf::Program> stack;
  stack.reserve(programs.size());
  for (const auto& program : programs) stack.emplace_back(program.begin(), program.end());
  return policy::from_return_value(bpf::run_stack(stack, data));
}

void add(Question& question, const Stack& stack) {
  for (const bpf::Program& program : stack) question.programs.emplace_back(program);
}

}  // namespace

Counterexample run_concretely(const Question& question, const Words& words) {
  const bool little = arch::little_endian(words[kWordArch]);
  const auto wide = [&words, little](std::size_t word) {
    const std::uint64_t first = words[word], second = words[word + 1];
    return little ? first | second << 32 : first << 32 | second;
  };
  Counterexample result;
  result.call.audit = words[kWordArch];
  result.call.nr = words[kWordNr];
  result.instruction_pointer = wide(bpf::kOffsetIp / 4);
  for (std::size_t i = 0; i < result.call.args.size(); ++i) result.call.args[i] = wide(bpf::kOffsetArgs / 4 + 2 * i);
  const bpf::SeccompData data{result.call.nr, result.call.audit, result.instruction_pointer, result.call.args};
  const std::span<const std::span<const bpf::Insn>> programs = question.programs;
  result.left = question.policy != nullptr ? policy::evaluate(*question.policy, result.call)
                                           : answer_of(programs.first(question.left_programs), data);
  result.right = answer_of(programs.subspan(question.left_programs), data);
  return result;
}

bool is_better(const Question& question, const Counterexample& a, const Counterexample& b) {
  const auto unlisted = [&question](policy::AuditArch token) {
    if (question.policy == nullptr) return false;
    const auto& archs = question.policy->archs;
    return std::none_of(archs.begin(), archs.end(), [token](const auto& listed) { return listed.audit == token; });
  };
  const auto key = [&unlisted](const Counterexample& c) {
    return std::tuple(unlisted(c.call.audit), c.call.nr, c.call.args, c.call.audit, c.instruction_pointer);
  };
  return key(a) < key(b);
}

namespace {

// A condition of order as x > threshold, or always (`holds`) where the threshold would be -1.
struct Order {
  bool always;
  std::uint64_t threshold;
};
Order order_of(const policy::Condition& condition) {
  const bool strict = condition.op == policy::Op::gt || condition.op == policy::Op::le;
  if (strict) return {false, condition.value};
  return {condition.value == 0, condition.value - 1};
}
bool is_order(policy::Op op) {
  return op == policy::Op::lt || op == policy::Op::le || op == policy::Op::gt || op == policy::Op::ge;
}

}  // namespace

// eq, ne, masked_eq: high word, low word. Orders: high > t, then high == t, then low > t.
WordQuestion question_at(const policy::Condition& condition, unsigned stage) {
  const auto high_half = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
  const auto low_half = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  constexpr std::uint32_t kAll = 0xffffffff;
  if (is_order(condition.op)) {
    const Order order = order_of(condition);
    if (order.always) return {true, 0, Relation::eq, 0};
    if (stage == 2) return {false, kAll, Relation::gt, low_half(order.threshold)};
    return {true, kAll, stage == 0 ? Relation::gt : Relation::eq, high_half(order.threshold)};
  }
  const std::uint64_t mask = condition.op == policy::Op::masked_eq ? condition.mask : ~std::uint64_t{0};
  if (stage == 0) return {true, high_half(mask), Relation::eq, high_half(condition.value)};
  return {false, low_half(mask), Relation::eq, low_half(condition.value)};
}

Next after_answer(const policy::Condition& condition, unsigned stage, bool truth) {
  const auto decided = [](bool holds) { return holds ? Next::holds : Next::fails; };
  if (!is_order(condition.op)) {
    const bool negated = condition.op == policy::Op::ne;
    if (!truth) return decided(negated);
    return stage == 0 ? Next::ask : decided(!negated);
  }
  const bool greater = condition.op == policy::Op::gt || condition.op == policy::Op::ge;
  if (order_of(condition).always) return decided(greater);
  const bool settled = stage == 2 || (stage == 0 && truth) || (stage == 1 && !truth);
  if (!settled) return Next::ask;
  return decided(truth == greater);
}

std::optional<Outcome> decide_simple(const Question& question, const Limits& limits) {
  SimpleDomain domain;
  return Machine<SimpleDomain>(question, domain, limits).run();
}

Outcome decide(const Question& question, const Limits& limits) {
  if (auto outcome = decide_simple(question, limits)) return std::move(*outcome);
  return decide_general(question, limits);
}

Outcome prove(const policy::Policy& policy, std::span<const bpf::Insn> program, const Limits& limits) {
  Question question;
  question.policy = &policy;
  question.programs.push_back(program);
  return decide(question, limits);
}

Outcome prove(const policy::Policy& policy, const Stack& stack, const Limits& limits) {
  Question question;
  question.policy = &policy;
  add(question, stack);
  return decide(question, limits);
}

Outcome prove(const Stack& left, const Stack& right, const Limits& limits) {
  Question question;
  add(question, left);
  question.left_programs = left.size();
  add(question, right);
  return decide(question, limits);
}

}  // namespace callgate::prove
