// The harness itself: every action is seen as what it is, by native, x32 and i386 calls, and nothing runs.
// SPDX-License-Identifier: Apache-2.0
#include "support/live_filter.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compile/compile.h"
#include "policy/builder.h"
#include "support/i386.h"

namespace callgate::test_support {
namespace {

using policy::Action;
using policy::ActionKind;
using policy::Call;

constexpr policy::AuditArch kTokens[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386};

policy::Policy all_actions() {
  policy::Builder builder(policy::kKillProcess);
  builder.arch(AUDIT_ARCH_X86_64, policy::make_errno(77));
  builder.arch(AUDIT_ARCH_I386, policy::make_errno(78));
  const Action actions[] = {policy::kAllow,          {ActionKind::log, 0},  {ActionKind::trace, 5},
                            {ActionKind::trap, 9},   policy::make_errno(0), policy::make_errno(4095),
                            {ActionKind::notify, 0}, policy::kKillThread,   policy::kKillProcess};
  policy::SyscallNr nr = 100;
  for (const Action action : actions) {
    builder.call(AUDIT_ARCH_X86_64, nr, action);
    builder.call(AUDIT_ARCH_X86_64, nr | 0x40000000, action);
    builder.call(AUDIT_ARCH_I386, nr, action);
    ++nr;
  }
  return builder.finish();
}

TEST(LiveFilter, ShowsEveryActionAsItIs) {
  const policy::Policy policy = all_actions();
  const auto compiled = compile::compile(policy);
  ASSERT_TRUE(compiled.has_value()) << compiled.error().message;
  std::vector<Call> calls;
  for (const policy::AuditArch audit : kTokens)
    for (policy::SyscallNr nr = 98; nr < 112; ++nr) {
      if (can_make({audit, nr, {}})) calls.push_back({audit, nr, {1, 2, 3, 4, 5, 6}});
      if (audit == AUDIT_ARCH_X86_64) calls.push_back({audit, nr | 0x40000000, {}});
    }
  const LiveRun run = observe(compiled->program, calls);
  ASSERT_EQ(run.error, "");
  for (std::size_t i = 0; i < calls.size(); ++i)
    EXPECT_EQ(to_string(run.observed[i]), to_string(expected(policy::evaluate(policy, calls[i])))) << calls[i].nr;
  EXPECT_EQ(run.children, runs_i386() ? 7U : 5U);  // each kill took a child: two a table, x32's among them
}

TEST(LiveFilter, SeesAllSixArgumentsOfNativeAndI386Calls) {
  for (const policy::AuditArch audit : kTokens)
    for (std::uint8_t arg = 0; arg < 6; ++arg) {
      policy::Builder builder(policy::kKillProcess);
      builder.arch(audit, policy::make_errno(1));
      builder.call(audit, 500, {{{{{arg, policy::Op::eq, 0xfedcba98}}, policy::make_errno(2)}}, policy::make_errno(3)});
      const auto compiled = compile::compile(builder.finish());
      ASSERT_TRUE(compiled.has_value());
      Call hit{audit, 500, {}}, miss{audit, 500, {1, 2, 3, 4, 5, 6}};
      if (!can_make(hit)) continue;
      hit.args[arg] = 0xfedcba98;
      const Call calls[] = {hit, miss};
      const LiveRun run = observe(compiled->program, calls);
      ASSERT_EQ(run.error, "");
      EXPECT_EQ(to_string(run.observed[0]), "errno 2") << int{arg};
      EXPECT_EQ(to_string(run.observed[1]), "errno 3") << int{arg};
    }
}

TEST(LiveFilter, SaysWhenAFilterCannotBeInstalled) {
  const bpf::Program broken{{bpf::op::kJa, 0, 0, 7}};
  const Call call{AUDIT_ARCH_X86_64, 1, {}};
  EXPECT_EQ(observe(broken, {&call, 1}).error, "the filters could not be installed: Invalid argument");
}

TEST(LiveFilter, KnowsWhichCallsItCanMake) {
  EXPECT_TRUE(can_make({AUDIT_ARCH_X86_64, 0xffffffff, {~0ULL}}));
  EXPECT_EQ(can_make({AUDIT_ARCH_I386, 5, {0xffffffff}}), runs_i386());
  EXPECT_FALSE(can_make({AUDIT_ARCH_I386, 5, {0x100000000}}));
  EXPECT_FALSE(can_make({AUDIT_ARCH_X86_64, SYS_seccomp, {}}));
  EXPECT_FALSE(can_make({AUDIT_ARCH_X86_64, 335, {}}));
  EXPECT_FALSE(can_make({AUDIT_ARCH_AARCH64, 1, {}}));
}

}  // namespace
}  // namespace callgate::test_support
