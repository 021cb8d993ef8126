// A grant held against a closure: what is found to be lacking is needed, can be called, and is refused; and nothing
// that lacks goes unfound.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "arch/prototype.h"
#include "closure/close.h"
#include "closure/need.h"
#include "policy/algebra.h"
#include "policy/builder.h"
#include "sample.h"

namespace callgate::closure {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kUpper = 0xffffffff00000000;

Closure closed(std::vector<recording::Call> calls) {
  return close({{run_of(std::move(calls), true)}}, {});
}

// The policy, with another answer to that call.
policy::Policy but(const policy::Policy& policy, arch::AuditArch audit, arch::SyscallNr nr, policy::Decision decision) {
  policy::Builder one(policy::kAllow);
  one.arch(audit, policy::kAllow);
  one.call(audit, nr, std::move(decision));
  return policy::meet(policy, one.finish()).value();
}

policy::Decision only_if(std::vector<policy::Condition> conditions) {
  return {{{std::move(conditions), policy::kAllow}}, policy::make_errno(1)};
}

TEST(Lack, NothingOfWhatTheClosureGrants) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 40; ++round) {
    const Closure closure = close(random_recording(random), {});
    EXPECT_FALSE(first_lack(closure, {}, need(closure, {}))) << round;
    EXPECT_FALSE(first_lack(closure, Phase::serving, need(closure, Phase::serving))) << round;
  }
}

TEST(Lack, ACallThatIsMissing) {
  const Closure closure = closed({call("read", 1, 2), call("mkdir", 3, 0), call("write", 0, 1, arch::Arch::x86)});
  const policy::Policy whole = need(closure, {});
  const auto mkdir = first_lack(closure, {}, but(whole, kNative, nr("mkdir"), {{}, policy::make_errno(1)}));
  ASSERT_TRUE(mkdir && mkdir->entry);
  EXPECT_EQ(mkdir->call, (policy::Call{kNative, nr("mkdir"), {}}));
  EXPECT_THAT(reason(*mkdir), HasSubstr("made 3 times by web"));
  const policy::Policy no_mkdir = but(whole, kNative, nr("mkdir"), {{}, policy::make_errno(1)});
  EXPECT_FALSE(first_lack(closure, Phase::serving, no_mkdir)) << "serving does without";
  const arch::SyscallNr write = nr("write", arch::Arch::x86);
  const auto compat = first_lack(closure, Phase::serving, but(whole, kCompat, write, {{}, policy::kKillProcess}));
  ASSERT_TRUE(compat);
  EXPECT_EQ(compat->call, (policy::Call{kCompat, write, {}}));
}

// As profiles of 64-bit comparisons have them: Docker's of personality, Chromium's of every integer.
TEST(Lack, NotForUpperHalvesThatNobodyFills) {
  recording::Call personality = call("personality", 1, 0), socket = call("socket", 1, 0, arch::Arch::x86);
  personality.arguments = {values(0, {0xffffffff})};
  socket.arguments = {values(0, {2}), values(1, {1})};
  const Closure closure = closed({personality, call("openat", 4, 0), socket, call("mkdir", 1, 0, arch::Arch::x86)});
  policy::Policy grant = need(closure, {});
  const policy::Condition none{0, policy::Op::masked_eq, 0, kUpper};
  grant = but(grant, kNative, nr("personality"), only_if({{0, policy::Op::eq, 0xffffffff}}));
  grant = but(grant, kNative, nr("openat"), only_if({none, {2, policy::Op::le, 0xffffffff}}));
  grant = but(grant, kCompat, nr("socket", arch::Arch::x86),
              only_if({{0, policy::Op::eq, 2}, {1, policy::Op::le, 0xffffffff}}));
  grant = but(grant, kCompat, nr("mkdir", arch::Arch::x86), only_if({none, {5, policy::Op::masked_eq, 0, kUpper}}));
  const auto lack = first_lack(closure, {}, grant);
  EXPECT_FALSE(lack) << (lack ? recording::call_name(lack->call.audit, lack->call.nr) : "");
  // A pointer has an upper half.
  const auto pointer =
      first_lack(closure, {}, but(grant, kNative, nr("openat"), only_if({{1, policy::Op::masked_eq, 0, kUpper}})));
  ASSERT_TRUE(pointer);
  EXPECT_EQ(pointer->call.nr, nr("openat"));
}

TEST(Lack, NotHiddenByUpperHalves) {
  recording::Call socket = call("socket", 1, 0, arch::Arch::x86), ioctl = call("ioctl", 1, 0);
  socket.arguments = {values(0, {2, 10})};
  ioctl.arguments = {values(1, {0x80045430})};
  const Closure closure = closed({socket, ioctl});
  const policy::Policy grant = need(closure, {});
  // Grants the value, but only with something in its upper half.
  for (const std::uint64_t upper : {std::uint64_t{1} << 32, std::uint64_t{1} << 63, kUpper}) {
    const auto lack =
        first_lack(closure, {}, but(grant, kNative, nr("ioctl"), only_if({{1, policy::Op::eq, upper | 0x80045430}})));
    ASSERT_TRUE(lack);
    EXPECT_EQ(lack->call.args[1], 0x80045430U);
  }
  const arch::SyscallNr compat = nr("socket", arch::Arch::x86);
  const auto lack = first_lack(closure, {}, but(grant, kCompat, compat, only_if({{0, policy::Op::eq, 2}})));
  ASSERT_TRUE(lack);
  EXPECT_EQ(lack->call.args[0], 10U);
}

TEST(Lack, TheFrontierWhereItIsLetThrough) {
  Closure closure = closed({call("read", 1, 1)});
  const policy::Policy grant = need(closure, {});
  closure.frontier = {{kCompat, nr("mkdir", arch::Arch::x86), "proved"}};
  const auto lack = first_lack(closure, {}, grant);
  ASSERT_TRUE(lack);
  EXPECT_FALSE(lack->entry);
  EXPECT_EQ(reason(*lack), "part of the frontier");
  closure.on_frontier = policy::make_errno(1);
  EXPECT_FALSE(first_lack(closure, {}, grant));
  closure.on_frontier = policy::kAllow;
  closure.outside = {policy::ActionKind::log, 0};
  EXPECT_TRUE(first_lack(closure, {}, grant));
  closure.frontier.clear();
  EXPECT_FALSE(first_lack(closure, {}, grant)) << "what is only logged is not needed";
}

// Nothing where an int has something in its upper half, or a 32-bit call's argument.
bool can_be(const policy::Call& call) {
  const auto arch = arch::of_call(call.audit, call.nr);
  const auto id = arch ? arch::find_name(arch::name_of(*arch, call.nr)) : std::nullopt;
  const auto prototype = id ? arch::prototype(*id) : std::nullopt;
  for (std::size_t place = 0; place < 6; ++place) {
    const bool narrow = call.audit == kCompat || (arch == arch::Arch::x86_64 && prototype &&
                                                  place < prototype->size() && (*prototype)[place].width_bits <= 32);
    if (narrow && call.args[place] > 0xffffffff) return false;
  }
  return true;
}

// Sampled: a call that is needed, can be and is refused is there exactly where a lack is found.
TEST(Lack, AgainstASample) {
  std::mt19937_64 random(11);
  int lacking = 0;
  for (int round = 0; round < 60; ++round) {
    const Closure closure = close(random_recording(random), {});
    const policy::Policy core = need_of_core(closure, {});
    policy::Policy grant = need(closure, {});
    const auto& core_calls = closure.core[random() % 2];
    const Entry& entry = core_calls[random() % core_calls.size()];
    const auto place = static_cast<std::uint8_t>(random() % 6);
    const std::array decisions{only_if({{place, policy::Op::masked_eq, 0, kUpper}}),
                               only_if({{place, policy::Op::le, 0xffffffff}}), only_if({{place, policy::Op::le, 3}}),
                               only_if({{place, policy::Op::ge, std::uint64_t{1} << 32}}),
                               policy::Decision{{}, policy::make_errno(1)}};
    grant = but(grant, entry.audit, entry.nr, decisions[random() % decisions.size()]);
    const auto lack = first_lack(closure, {}, grant);
    lacking += lack ? 1 : 0;
    if (lack) {
      EXPECT_TRUE(can_be(lack->call)) << round;
      EXPECT_EQ(policy::evaluate(core, lack->call), policy::kAllow) << round;
      EXPECT_FALSE(policy::grants(policy::evaluate(grant, lack->call))) << round;
      continue;
    }
    const Closure wanted = under(closure, grant);
    const policy::Policy needed = need_of_core(wanted, {});
    std::vector<policy::Call> calls = policy::interesting_calls(grant);
    for (const policy::Call& each : policy::interesting_calls(needed)) calls.push_back(each);
    for (const policy::Call& each : calls) {
      if (!can_be(each) || !policy::grants(policy::evaluate(needed, each))) continue;
      EXPECT_TRUE(policy::grants(policy::evaluate(grant, each))) << round;
    }
  }
  EXPECT_GT(lacking, 15);
  EXPECT_LT(lacking, 55);
}

}  // namespace
}  // namespace callgate::closure
