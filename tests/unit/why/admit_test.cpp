// SPDX-License-Identifier: Apache-2.0
#include "why/admit.h"

#include <gtest/gtest.h>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "lint/fix.h"
#include "policy/algebra.h"
#include "why/cause.h"
#include "why/denial.h"
#include "why/meaning.h"
#include "why/pins.h"

namespace callgate::why {
namespace {

policy::Call call(std::string_view name, std::array<std::uint64_t, 6> args = {},
                  arch::Arch which = arch::Arch::x86_64) {
  return {arch::info(which).audit, arch::number(which, name).value(), args};
}

format::ReadOptions reading(format::Engine engine = format::Engine::runc) {
  format::ReadOptions options;
  options.as = engine;
  options.native = arch::Arch::x86_64;
  options.origins = true;
  return options;
}

struct Case {
  base::SourceFile file;
  format::ReadOptions options;
  format::Profile profile;
  explicit Case(std::string text, format::Engine engine = format::Engine::runc)
      : file("p.json", std::move(text)), options(reading(engine)) {
    base::Diagnostics diagnostics;
    profile = format::read_profile(file, options, diagnostics).value();
  }
  Admission ask(const policy::Call& which, std::uint8_t known = decode::kAllKnown) const {
    return admit(&file, profile, options, which, known);
  }
  policy::Policy after(const Admission& change) const {
    const base::SourceFile mended("p.json", change.text);
    base::Diagnostics diagnostics;
    return format::read_profile(mended, options, diagnostics).value().policy;
  }
};

constexpr std::string_view kAllowList = R"({
  "defaultAction": "SCMP_ACT_ERRNO",
  "architectures": ["SCMP_ARCH_X86_64"],
  "syscalls": [
    {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]}
  ]
}
)";

TEST(Admit, CallWithoutConstantsGoesIntoTheListOfNames) {
  const Case one{std::string(kAllowList)};
  const Admission change = one.ask(call("pread64", {3, 4096, 8, 0}));
  ASSERT_EQ(change.edits.size(), 1U) << change.why_not;
  EXPECT_EQ(change.what, "allow 'pread64'");
  EXPECT_TRUE(change.exact);
  EXPECT_NE(change.text.find(R"(["read", "write", "pread64"])"), std::string::npos) << change.text;
  EXPECT_TRUE(change.also.empty());
}

// With pread64 (180 on i386) in the list, runc's stub no longer covers socketcall (102), through which i386 makes the
// sockets that the other rule allows.
TEST(Admit, WhatTheChangeLetsThroughBesideIsSaid) {
  std::string text(kAllowList);
  text.insert(text.find("SCMP_ARCH_X86_64") + 17, R"(, "SCMP_ARCH_X86")");
  const Case one{text};
  const Admission change = one.ask(call("pread64"));
  ASSERT_FALSE(change.edits.empty()) << change.why_not;
  EXPECT_FALSE(change.exact);
  ASSERT_GT(change.also.size(), 1U);
  EXPECT_EQ(change.also[0], "the rule holds on x86 as well");
  EXPECT_EQ(change.also[1], "lets other calls through, too, such as x86 socketcall(1, 0, 0, 0, 0, 0)");
}

TEST(Admit, ConstantsArePinnedAndNothingElseIsGranted) {
  const Case one{std::string(kAllowList)};
  const policy::Call netlink = call("socket", {16, 0x80003, 0});
  const Admission change = one.ask(netlink);
  ASSERT_FALSE(change.edits.empty()) << change.why_not;
  EXPECT_TRUE(change.exact);
  EXPECT_EQ(change.pinned.size(), 3U);
  const policy::Policy after = one.after(change);
  EXPECT_EQ(policy::evaluate(after, netlink), policy::kAllow);
  EXPECT_FALSE(policy::grants(policy::evaluate(after, call("socket", {17, 0x80003, 0}))));
  EXPECT_FALSE(policy::grants(policy::evaluate(after, call("socket", {16, 3, 0}))));
  // The difference is the cube, on every architecture of the profile.
  const auto limit = policy::join(one.profile.policy, cube(netlink, change.pinned, one.profile.architectures).policy);
  EXPECT_FALSE(policy::first_excess(after, *limit));
}

TEST(Admit, ARuleThatDeniesIsTakenOutOfTheWay) {
  const Case one{R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
    {"names": ["mount", "ptrace"], "action": "SCMP_ACT_ERRNO"},
    {"names": ["personality"], "action": "SCMP_ACT_KILL"}
  ]})"};
  const Admission mount = one.ask(call("ptrace", {16, 1, 0, 0}));
  ASSERT_FALSE(mount.edits.empty()) << mount.why_not;
  EXPECT_EQ(policy::evaluate(one.after(mount), call("ptrace", {16, 1, 0, 0})), policy::kAllow);
  // One constant of a call that is denied as a whole: all other values stay denied.
  const policy::Call sane = call("personality", {0x40000});
  const Admission change = one.ask(sane);
  ASSERT_FALSE(change.edits.empty()) << change.why_not;
  EXPECT_TRUE(change.exact);
  EXPECT_EQ(policy::evaluate(one.after(change), sane), policy::kAllow);
  EXPECT_FALSE(policy::grants(policy::evaluate(one.after(change), call("personality", {0x20000}))));
}

TEST(Admit, WhereNoRuleIsExactTheWholeCallIsOffered) {
  // Two pinned arguments of a call that a rule without conditions denies: runc's first rule counts.
  const Case one{R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
    {"names": ["socket"], "action": "SCMP_ACT_ERRNO"}, {"names": ["mount"], "action": "SCMP_ACT_ERRNO"}]})"};
  const Admission change = one.ask(call("socket", {2, 1, 0}));
  ASSERT_FALSE(change.edits.empty()) << change.why_not;
  EXPECT_EQ(policy::evaluate(one.after(change), call("socket", {2, 1, 0})), policy::kAllow);
  EXPECT_EQ(change.exact, !change.pinned.empty());
}

TEST(Admit, RuncsStubMovesAndThatIsSaid) {
  const Case one{std::string(kAllowList)};
  const policy::Call newer = call("openat2", {0, 0, 0, 24});
  EXPECT_EQ(find_cause(one.profile, newer, decode::kAllKnown, policy::evaluate(one.profile.policy, newer)).kind,
            CauseKind::runtime_stub);
  const Admission change = one.ask(newer);
  ASSERT_FALSE(change.edits.empty()) << change.why_not;
  EXPECT_FALSE(change.also.empty());
  EXPECT_NE(change.also.back().find("instead of"), std::string::npos) << change.also.back();
}

TEST(Admit, RisksAreThoseThatTheChangeAdds) {
  const Case one{std::string(kAllowList)};
  EXPECT_TRUE(one.ask(call("pread64")).risks.empty());
  const Admission change = one.ask(call("bpf", {5, 0, 0}));
  ASSERT_EQ(change.risks.size(), 1U);
  EXPECT_NE(change.risks[0].find("reach-bpf"), std::string::npos) << change.risks[0];
}

TEST(Admit, WhatNoProfileCanSayIsTold) {
  const Case one{std::string(kAllowList)};
  EXPECT_NE(one.ask(call("read", {}, arch::Arch::x32)).why_not.find("lists no x32"), std::string::npos);
  EXPECT_NE(one.ask({arch::info(arch::Arch::x86_64).audit, 3000, {}}).why_not.find("has no name"), std::string::npos);
}

// Each call of the table, for each of the engines: whatever is proposed admits the call, and its cube alone.
TEST(Admit, EveryProposalHoldsForEveryCall) {
  for (const format::Engine engine : {format::Engine::docker, format::Engine::crun, format::Engine::oci}) {
    const Case one{std::string(kAllowList), engine};
    std::size_t made = 0;
    for (const arch::CallEntry& each : arch::table(arch::Arch::x86_64)) {
      if (each.nr % 7 != 0) continue;  // every seventh keeps this quick
      const policy::Call which{arch::info(arch::Arch::x86_64).audit, each.nr, {2, 1, 0xffffff9c, 3, 7, 9}};
      if (policy::grants(policy::evaluate(one.profile.policy, which))) continue;
      const Admission change = one.ask(which);
      if (change.edits.empty()) continue;
      ++made;
      const policy::Policy after = one.after(change);
      EXPECT_TRUE(policy::grants(policy::evaluate(after, which))) << change.what;
      const auto limit = policy::join(one.profile.policy, cube(which, change.pinned, one.profile.architectures).policy);
      EXPECT_FALSE(policy::first_excess(after, *limit)) << change.what;
    }
    EXPECT_GT(made, 40U);
  }
}

TEST(Admit, AllOfThemInOneText) {
  const Case one{std::string(kAllowList)};
  const policy::Call first = call("pread64"), second = call("socket", {16, 3, 0});
  const std::string text = admit_all(one.file, one.options, {{first, 0x3f}, {second, 0x3f}, {first, 0x3f}});
  Admission both;
  both.text = text;
  EXPECT_EQ(policy::evaluate(one.after(both), first), policy::kAllow);
  EXPECT_EQ(policy::evaluate(one.after(both), second), policy::kAllow);
  EXPECT_EQ(lint::unified_diff("p.json", kAllowList, text).substr(0, 19), "--- p.json\n+++ p.js");
}

TEST(Cause, RuleDefaultAndArchitecture) {
  const Case one{R"({"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
    {"names": ["socket"], "action": "SCMP_ACT_KILL_PROCESS", "args": [{"index": 0, "value": 16, "op": "SCMP_CMP_EQ"}]}
  ]})"};
  const auto cause = [&](const policy::Call& which) {
    return find_cause(one.profile, which, decode::kAllKnown, policy::evaluate(one.profile.policy, which));
  };
  EXPECT_EQ(cause(call("socket", {16})).words(), "rule p.json:2:16 (family == AF_NETLINK)");
  EXPECT_EQ(cause(call("read")).kind, CauseKind::default_action);
  EXPECT_EQ(cause(call("read")).place(), "p.json:1:2");
  EXPECT_EQ(cause(call("read", {}, arch::Arch::x86)).kind, CauseKind::architecture);
}

TEST(Meaning, FallBacksHangOnTheErrno) {
  const auto first = [](std::string_view name, policy::Action action, std::array<std::uint64_t, 6> args = {}) {
    const auto all = meanings(call(name, args), decode::kAllKnown, action);
    return all.empty() ? std::string() : all.front().text;
  };
  EXPECT_NE(first("clone3", policy::make_errno(38)).find("nothing breaks"), std::string::npos);
  EXPECT_NE(first("clone3", policy::make_errno(1)).find("only on ENOSYS"), std::string::npos);
  EXPECT_NE(first("socket", policy::make_errno(1), {16}).find("getifaddrs"), std::string::npos);
  EXPECT_EQ(first("socket", policy::make_errno(1), {5}), "");
  EXPECT_NE(first("openat2", policy::make_errno(1)).find("openat only on ENOSYS"), std::string::npos);
  EXPECT_NE(first("pread64", policy::kKillProcess).find("no dynamically linked"), std::string::npos);
  EXPECT_EQ(first("read", policy::kAllow), "");
}

TEST(Journal, DenialsAlikeAreCounted) {
  Journal journal;
  Denial denial;
  denial.call = call("openat", {0xffffff9c, 100, 0x80000});
  denial.decoded = decode::decode(denial.call, decode::kAllKnown, {});
  denial.action = policy::make_errno(1);
  journal.add(denial);
  denial.call.args[1] = 200;  // another path
  journal.add(denial);
  denial.call.args[2] = 0;  // other flags
  journal.add(denial);
  ASSERT_EQ(journal.denials().size(), 2U);
  EXPECT_EQ(journal.denials()[0].count, 2U);
  for (std::uint64_t i = 0; i < 2 * Journal::kMostKept; ++i) {
    denial.address = i + 1;
    journal.add(denial);
  }
  EXPECT_EQ(journal.denials().size(), Journal::kMostKept);
  EXPECT_EQ(journal.dropped(), Journal::kMostKept + 2);
}

}  // namespace
}  // namespace callgate::why
