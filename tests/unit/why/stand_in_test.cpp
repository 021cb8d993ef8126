// What a tracer makes of the stand-in's answers is what the policy answers, on every call that matters.
// SPDX-License-Identifier: Apache-2.0
#include "why/stand_in.h"

#include <gtest/gtest.h>

#include <set>

#include "arch/calls.h"
#include "compile/compile.h"
#include "format/profile.h"
#include "prove/prove.h"

namespace callgate::why {
namespace {

using policy::Action;
using policy::ActionKind;

policy::Policy profile(std::string text) {
  const base::SourceFile file("p.json", std::move(text));
  base::Diagnostics diagnostics;
  format::ReadOptions options;
  options.as = format::Engine::oci;
  return format::read_profile(file, options, diagnostics).value().policy;
}

const policy::Policy& subject() {
  static const policy::Policy all = profile(R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], "syscalls": [
    {"names": ["read", "seccomp", "prctl"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]},
    {"names": ["mount"], "action": "SCMP_ACT_KILL_PROCESS"}, {"names": ["ptrace"], "action": "SCMP_ACT_KILL_THREAD"},
    {"names": ["bpf"], "action": "SCMP_ACT_TRAP"}, {"names": ["uname"], "action": "SCMP_ACT_LOG"},
    {"names": ["acct"], "action": "SCMP_ACT_TRACE", "errnoRet": 7}, {"names": ["sync"], "action": "SCMP_ACT_NOTIFY"},
    {"names": ["chroot"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]})");
  return all;
}

// The action behind the stand-in's.
Action behind(const StandIn& stand_in, Action action) {
  return action.kind == ActionKind::trace ? stand_in.answers.at(action.data) : action;
}

TEST(StandIn, AnswersStandForThePolicys) {
  const auto made = stand_in(subject());
  ASSERT_TRUE(made);
  std::set<Action> seen;
  for (const policy::Call& call : policy::interesting_calls(made->policy)) {
    if (call.nr >= kFirstStandIn && call.nr < kFirstStandIn + 3) continue;
    const Action said = policy::evaluate(subject(), call);
    EXPECT_EQ(behind(*made, policy::evaluate(made->policy, call)), said);
    seen.insert(said);
  }
  EXPECT_EQ(seen.size(), 9U);  // eight answers and ALLOW
}

TEST(StandIn, KillsAndTrapsHaveANumberOnEveryArchitecture) {
  const auto made = stand_in(subject());
  ASSERT_TRUE(made);
  for (const Action answer : {policy::kKillProcess, policy::kKillThread, Action{ActionKind::trap, 0}}) {
    const auto nr = made->number_for(answer);
    ASSERT_TRUE(nr);
    for (const arch::Arch which : {arch::Arch::x86_64, arch::Arch::x86, arch::Arch::aarch64}) {
      EXPECT_TRUE(arch::name_of(which, *nr).empty());
      EXPECT_EQ(policy::evaluate(made->policy, {arch::info(which).audit, *nr, {1, 2, 3}}), answer);
    }
  }
  EXPECT_FALSE(made->number_for(policy::make_errno(1)));
}

TEST(StandIn, OwnFiltersAreNoticedAndNothingElseOfThoseCalls) {
  const auto made = stand_in(subject());
  ASSERT_TRUE(made);
  const policy::AuditArch audit = arch::info(arch::Arch::x86_64).audit;
  const auto ask = [&](std::string_view name, std::uint64_t first) {
    return policy::evaluate(made->policy, {audit, arch::number(arch::Arch::x86_64, name).value(), {first}});
  };
  EXPECT_EQ(ask("seccomp", 1).kind, ActionKind::trace);  // SECCOMP_SET_MODE_FILTER
  EXPECT_EQ(ask("seccomp", 3), policy::kAllow);
  EXPECT_EQ(ask("prctl", 22).kind, ActionKind::trace);  // PR_SET_SECCOMP
  EXPECT_EQ(ask("prctl", 15), policy::kAllow);
}

TEST(StandIn, IsCompiledAndProvedAsAnyPolicy) {
  const auto made = stand_in(subject());
  ASSERT_TRUE(made);
  const auto compiled = compile::compile(made->policy);
  ASSERT_TRUE(compiled) << compiled.error().message;
  EXPECT_EQ(prove::prove(made->policy, compiled->program).verdict, prove::Verdict::equal);
}

TEST(StandIn, WhatAllowsEverythingStaysSo) {
  const auto made = stand_in(policy::constant(policy::kAllow));
  ASSERT_TRUE(made);
  EXPECT_EQ(policy::evaluate(made->policy, {arch::info(arch::Arch::x86_64).audit, 0, {}}), policy::kAllow);
}

}  // namespace
}  // namespace callgate::why
