// SPDX-License-Identifier: Apache-2.0
#include "preflight/preflight.h"

#include <gtest/gtest.h>

#include "arch/calls.h"
#include "policy/builder.h"

namespace callgate::preflight {
namespace {

using policy::Action;

policy::AuditArch audit() {
  return arch::info(arch::Arch::x86_64).audit;
}

policy::SyscallNr nr(std::string_view name) {
  return arch::number(arch::Arch::x86_64, name).value();
}

Verdict answer(Action action) {
  return {action, true};
}

// Refuses the calls named, by EPERM.
Judge refusing(std::vector<std::string> names) {
  return [names](const policy::Call& call, std::uint8_t) {
    for (const std::string& name : names)
      if (nr(name) == call.nr) return answer(policy::make_errno(1));
    return answer(policy::kAllow);
  };
}

Event event(std::string_view name, std::uint64_t process = 1, std::uint64_t address = 0) {
  Event out;
  out.process = process;
  out.call = {audit(), nr(name), {}};
  out.address = address;
  return out;
}

TEST(Judge, OnlyWhatIsKnownCounts) {
  // ALLOW iff argument 0 is 1 and argument 1 is 2; ERRNO(1) otherwise.
  policy::Policy policy = policy::constant(policy::kAllow);
  policy.decisions.push_back(
      {{{{{0, policy::Op::eq, 1}, {1, policy::Op::eq, 2}}, policy::kAllow}}, policy::make_errno(1)});
  policy.other = {{0, 0xffffffff, static_cast<policy::DecisionId>(policy.decisions.size() - 1)}};
  const auto ask = [&](std::uint64_t a, std::uint64_t b, std::uint8_t known) {
    return judge(policy, {1, 0, {a, b}}, known);
  };
  EXPECT_EQ(ask(1, 2, kAllArgs).action, policy::kAllow);
  EXPECT_TRUE(ask(1, 2, kAllArgs).certain);
  EXPECT_TRUE(ask(1, 3, kAllArgs).refused());
  EXPECT_FALSE(ask(0, 0, 0).certain);
  EXPECT_TRUE(ask(0, 0, 0).refused());  // it may be
  EXPECT_TRUE(ask(3, 0, 1).certain);    // whatever argument 1 is
  EXPECT_FALSE(ask(1, 0, 1).certain);   // rests on argument 1
  // What is certain is what evaluate says of any completion.
  for (std::uint8_t known = 0; known < 4; ++known)
    for (std::uint64_t a = 0; a < 4; ++a)
      for (std::uint64_t b = 0; b < 4; ++b) {
        const Verdict verdict = ask(a, b, known);
        if (!verdict.certain) continue;
        EXPECT_EQ(verdict.action, policy::evaluate(policy, {1, 0, {a, b}}));
      }
}

TEST(Flight, StagesFollowAProgramsLife) {
  Flight flight(refusing({"execve", "read", "socket", "accept4"}));
  flight.add(event("execve"));
  flight.executed(1, "server", {0x1000, 0x2000});
  flight.add(event("read", 1, 0x1800));  // in the loader
  flight.add(event("mmap", 1, 0x9000));  // elsewhere: the loading is over
  flight.add(event("read", 1, 0x1800));  // the loader once more, on the program's behalf
  flight.add(event("socket", 1, 0x9000));
  flight.add(event("listen", 1, 0x9000));
  flight.add(event("accept4", 1, 0x9000));
  flight.add(event("accept4", 1, 0x9000));
  std::vector<Stage> stages;
  for (const Denial& denial : flight.denials()) stages.push_back(denial.stage);
  EXPECT_EQ(stages, (std::vector{Stage::exec, Stage::loading, Stage::running, Stage::running, Stage::serving}));
  EXPECT_EQ(flight.denials().back().count, 2U);
  EXPECT_EQ(flight.denials().back().first, 6U);
  EXPECT_EQ(flight.denials().front().program, "server");  // named once it is there
  EXPECT_EQ(flight.calls(), 8U);
  EXPECT_EQ(flight.first(), &flight.denials().front());
}

TEST(Flight, ChildrenGoOnFromTheirParents) {
  Flight flight(refusing({"socket"}));
  flight.executed(1, "shell", {});
  flight.add(event("getcwd"));
  Event child = event("socket", 2);
  child.parent = 1;
  flight.add(child);
  flight.executed(2, "client", {});
  flight.add(event("socket", 2));
  ASSERT_EQ(flight.denials().size(), 2U);
  EXPECT_EQ(flight.denials()[0].program, "shell");
  EXPECT_EQ(flight.denials()[0].stage, Stage::running);
  EXPECT_EQ(flight.denials()[1].program, "client");
  EXPECT_EQ(flight.processes(), 2U);
}

TEST(Flight, WhatAStartGoesOnWithoutDoesNotCount) {
  for (const bool kills : {false, true}) {
    Flight flight([&](const policy::Call& call, std::uint8_t) {
      return answer(call.nr != nr("rseq") ? policy::kAllow : kills ? policy::kKillProcess : policy::make_errno(1));
    });
    flight.executed(1, "program", {0x1000, 0x2000});
    flight.add(event("rseq", 1, 0x1800));
    ASSERT_EQ(flight.denials().size(), 1U);
    EXPECT_EQ(flight.denials()[0].harmless, !kills);
    EXPECT_EQ(flight.first() == nullptr, !kills);
  }
}

TEST(Flight, WhatCLibrariesReplaceDoesNotCount) {
  for (const std::uint16_t error : {std::uint16_t{1}, std::uint16_t{38}}) {
    Flight flight([&](const policy::Call& call, std::uint8_t) {
      return answer(call.nr == nr("clone3") ? policy::make_errno(error) : policy::kAllow);
    });
    flight.executed(1, "program", {});
    flight.add(event("getcwd"));
    flight.add(event("clone3"));
    ASSERT_EQ(flight.denials().size(), 1U);
    EXPECT_EQ(flight.first() == nullptr, error == 38);
  }
}

TEST(Flight, TheRuntimesOwnCalls) {
  const arch::RuntimeStartup* const runc = arch::newest_runtime_startup("runc", false);
  ASSERT_NE(runc, nullptr);
  Flight refused(refusing({"getcwd", "getpid", "execve"}));
  refused.add_runtime(*runc);
  ASSERT_EQ(refused.denials().size(), 2U);  // execve is the program's first call
  EXPECT_EQ(refused.denials()[0].stage, Stage::runtime);
  EXPECT_FALSE(refused.denials()[0].harmless);  // getcwd
  EXPECT_TRUE(refused.denials()[1].harmless);   // getpid
  EXPECT_EQ(refused.calls(), 0U);
  Flight allowed(refusing({}));
  allowed.add_runtime(*runc);
  EXPECT_EQ(allowed.first(), nullptr);
}

}  // namespace
}  // namespace callgate::preflight
