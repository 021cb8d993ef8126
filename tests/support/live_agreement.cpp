// SPDX-License-Identifier: Apache-2.0
#include "support/live_agreement.h"

#include <gtest/gtest.h>
#include <linux/audit.h>

#include <algorithm>
#include <sstream>

#include "bpf/check.h"
#include "bpf/simulate.h"
#include "compile/compile.h"
#include "prove/prove.h"
#include "support/live_filter.h"

namespace callgate::test_support {

namespace {

std::string describe(const policy::Call& call) {
  std::ostringstream text;
  text << "call 0x" << std::hex << call.audit << ' ' << std::dec << call.nr << std::hex;
  for (const std::uint64_t arg : call.args) text << " 0x" << arg;
  return text.str();
}

}  // namespace

void expect_compiled(const policy::Policy& policy, const std::vector<policy::Call>& calls, bpf::Program& program) {
  auto compiled = compile::compile(policy);
  ASSERT_TRUE(compiled.has_value()) << compiled.error().message;
  program = std::move(compiled->program);
  ASSERT_FALSE(bpf::check(program).has_value());
  const prove::Outcome outcome = prove::prove(policy, program);
  ASSERT_EQ(outcome.verdict, prove::Verdict::equal) << outcome.why;
  for (const policy::Call& call : calls)
    ASSERT_EQ(bpf::run(program, {call.nr, call.audit, 0, call.args}).value,
              policy::to_return_value(policy::evaluate(policy, call)))
        << describe(call);
}

void expect_live_marked(const policy::Policy& policy, const bpf::Program& program,
                        const std::vector<policy::Call>& calls, std::size_t& made) {
  std::vector<std::uint32_t> marks;
  const LiveRun run = observe(with_marked_returns(program, marks), calls);
  ASSERT_EQ(run.error, "");
  for (std::size_t i = 0; i < calls.size(); ++i) {
    ASSERT_EQ(run.observed[i].kind, Observed::Kind::errno_) << describe(calls[i]);
    const std::size_t mark = run.observed[i].data - std::size_t{kFirstMark};
    ASSERT_LT(mark, marks.size());
    ASSERT_EQ(policy::to_string(policy::from_return_value(marks[mark])),
              policy::to_string(policy::evaluate(policy, calls[i])))
        << describe(calls[i]);
  }
  made += calls.size();
}

void expect_live_exact(const policy::Policy& policy, const bpf::Program& program, std::vector<policy::Call> calls,
                       std::size_t& made) {
  constexpr std::size_t kMostKills = 3;
  std::size_t kills = 0;
  std::erase_if(calls, [&](const policy::Call& call) {
    return expected(policy::evaluate(policy, call)).kind == Observed::Kind::killed && ++kills > kMostKills;
  });
  const LiveRun run = observe(program, calls);
  ASSERT_EQ(run.error, "");
  for (std::size_t i = 0; i < calls.size(); ++i)
    ASSERT_EQ(to_string(run.observed[i]), to_string(expected(policy::evaluate(policy, calls[i]))))
        << describe(calls[i]);
  made += calls.size();
}

std::vector<policy::Call> makeable(std::vector<policy::Call> calls, std::size_t limit) {
  for (policy::Call& call : calls)
    if (call.audit == AUDIT_ARCH_I386)
      for (std::uint64_t& arg : call.args) arg &= 0xffffffff;
  std::erase_if(calls, [](const policy::Call& call) { return !can_make(call); });
  if (calls.size() <= limit) return calls;
  std::vector<policy::Call> spread;
  for (std::size_t i = 0; i < limit; ++i) spread.push_back(calls[i * calls.size() / limit]);
  return spread;
}

}  // namespace callgate::test_support
