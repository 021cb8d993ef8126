// Random policies into every format: what is written reads back equal, or each difference is a loss with a call that
// shows it.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "convert/convert.h"
#include "convert/diagnostic_ids.h"
#include "policy/algebra.h"
#include "policy/builder.h"
#include "support/random_policy.h"

namespace callgate::convert {
namespace {

using format::Engine;
using policy::Policy;

constexpr policy::AuditArch kX86_64 = 0xc000003e;

Reading reading_of(Policy policy) {
  Reading reading;
  reading.profile.policy = std::move(policy);
  return reading;
}

WriteOptions options_for(Engine engine) {
  WriteOptions options;
  options.native = arch::Arch::x86_64;
  options.engine = engine;
  return options;
}

void expect_honest(const Policy& policy, const Format& format, Engine engine) {
  SCOPED_TRACE(format.name);
  const auto made = write(reading_of(policy), format, options_for(engine));
  if (!made) {
    EXPECT_NE(made.error().code, base::ErrorCode::internal) << made.error().message;
    return;
  }
  bool widens = false;
  for (const Loss& loss : made->losses) {
    if (!loss.witness) continue;
    EXPECT_EQ(policy::evaluate(policy, *loss.witness), loss.before) << loss.message;
    EXPECT_NE(loss.before, loss.after) << loss.message;
    widens = widens || loss.widens;
  }
  if (format.read == nullptr) {
    EXPECT_TRUE(made->lossless());
    return;
  }
  ReadContext context;
  context.options.as = format.engine.value_or(engine);
  context.options.native = arch::Arch::x86_64;
  const base::SourceFile file("written", made->text);
  base::Diagnostics findings;
  const auto back = read(file, context, findings, &format);
  ASSERT_TRUE(back) << base::render_text(findings, false) << made->text;
  EXPECT_EQ(made->losses.empty(), !policy::first_difference(policy, back->profile.policy));
  EXPECT_EQ(widens, policy::first_excess(back->profile.policy, policy).has_value());
}

TEST(Write, RandomPoliciesAreSaidOrTheirLossesAre) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    test_support::RandomPolicyLimits limits;
    limits.tokens = {kX86_64};
    limits.max_calls = 6;
    limits.max_rules = 2;
    limits.max_conditions = 1;
    const Policy policy = test_support::random_policy(seed, limits);
    for (const Format* const format : formats())
      if (format->write != nullptr) expect_honest(policy, *format, seed % 2 == 0 ? Engine::oci : Engine::runc);
  }
}

// Under the specification alone a profile says nearly every decision of named calls.
TEST(Write, OciSaysDecisionsOfNamedCalls) {
  std::size_t exact = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    test_support::Random random(seed);
    policy::Builder builder(policy::kKillThread);
    builder.arch(kX86_64, policy::make_errno(1));
    builder.range(kX86_64, 0x40000000, 0xfffffffe, policy::kKillThread);
    builder.range(kX86_64, 0x80000000, 0xbfffffff, policy::kKillThread);
    for (const policy::SyscallNr nr : {2U, 41U, 56U, 257U})
      builder.call(kX86_64, nr, test_support::random_decision(random, {{}, 480, 24, 2, 1, true}));
    const Policy policy = builder.finish();
    const auto made = write(reading_of(policy), kOci, options_for(Engine::oci));
    ASSERT_TRUE(made) << made.error().message;
    for (const Loss& loss : made->losses) EXPECT_EQ(loss.id.number, kLostArguments.number) << loss.message;
    if (made->losses.empty()) ++exact;
  }
  EXPECT_GE(exact, 20U);
}

// Docker's default says EPERM or ENOSYS by number, so that every kind of loss has its place.
TEST(Write, LossesAreNumbered) {
  policy::Builder builder(policy::kKillProcess);
  builder.arch(kX86_64, policy::make_errno(1));
  builder.range(kX86_64, 472, 0x3fffffff, policy::make_errno(38));
  builder.call(kX86_64, 335, policy::Action{policy::ActionKind::trap, 7});
  builder.call(kX86_64, 400, policy::kAllow);
  builder.call(kX86_64, 0x40000000, policy::kAllow);
  builder.call(kX86_64, 0, policy::kAllow);
  builder.call(kX86_64, 1, policy::Action{policy::ActionKind::log, 0});
  builder.call(kX86_64, 2, policy::Decision{{{{{1, policy::Op::eq, ~0ULL}}, policy::kAllow}}, policy::make_errno(1)});
  builder.arch(0x12345, policy::kAllow);
  Reading reading = reading_of(builder.finish());
  reading.by_engine = true;
  reading.resolved = true;
  reading.profile.flags = {"SECCOMP_FILTER_FLAG_LOG"};
  reading.profile.listener_path = "/run/agent";
  reading.comments.add("read", "everyone reads");
  std::set<int> seen;
  for (const Format* const format : {&kOci, &kSpoV1, &kSeccompiler, &kBpf}) {
    const auto made = write(reading, *format, options_for(Engine::crun));
    ASSERT_TRUE(made) << made.error().message;
    for (const Loss& loss : made->losses) seen.insert(loss.id.number);
  }
  for (const auto& id : {kLostArchitecture, kLostOther, kLostX32, kLostUnnamed, kLostBeyond, kLostArguments, kLostData,
                         kLostAction, kLostFlags, kLostListener, kLostComments, kResolved})
    EXPECT_TRUE(seen.contains(id.number)) << id.number;
}

}  // namespace
}  // namespace callgate::convert
