// The public interface end to end: profiles become policies, policies filters, and proofs tell them apart.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "callgate/filter.h"
#include "callgate/profile.h"
#include "callgate/prove.h"
#include "callgate/version.h"

namespace callgate {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view kProfile = R"({
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 38,
  "architectures": ["SCMP_ARCH_X86_64"],
  "syscalls": [
    {"names": ["read", "exit_group"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]}
  ]
})";

ProfileOptions oci() {
  ProfileOptions options;
  options.as = Engine::oci;
  options.native = Architecture::x86_64;
  return options;
}

Call call(std::string_view name, std::uint64_t argument0 = 0) {
  Call out;
  out.audit = audit_token(Architecture::x86_64);
  out.number = call_number(Architecture::x86_64, name).value_or(0xffffffff);
  out.args[0] = argument0;
  return out;
}

TEST(Api, VersionOfHeadersLibraryAndBuildAgree) {
  const std::string headers =
      std::to_string(kVersionMajor) + "." + std::to_string(kVersionMinor) + "." + std::to_string(kVersionPatch);
  EXPECT_EQ(version(), headers);
  EXPECT_EQ(version(), CALLGATE_VERSION);
}

TEST(Api, ArchitecturesAreTheSameOnBothSides) {
  ASSERT_THAT(architectures(), SizeIs(23));
  for (const Architecture a : architectures()) {
    EXPECT_EQ(find_architecture(architecture_name(a)), a);
    EXPECT_EQ(find_architecture(oci_name(a)), a);
  }
  EXPECT_EQ(audit_token(Architecture::x86_64), 0xc000003eU);
  EXPECT_EQ(audit_token(Architecture::s390), 0x00000016U);
  EXPECT_EQ(call_number(Architecture::aarch64, "openat"), 56U);
  EXPECT_EQ(call_number(Architecture::aarch64, "open"), std::nullopt);
  EXPECT_EQ(call_name(Architecture::x32, 0x40000000), "read");
  EXPECT_EQ(suggest_call_name("opnat"), "openat");
}

TEST(Api, ActionsKeepTheirValues) {
  for (const char* text : {"KILL_PROCESS", "KILL_THREAD", "TRAP", "ERRNO(38)", "NOTIFY", "TRACE(7)", "LOG", "ALLOW"}) {
    const std::optional<Action> action = parse_action(text);
    ASSERT_TRUE(action) << text;
    EXPECT_EQ(to_string(*action), text);
    EXPECT_EQ(from_return_value(to_return_value(*action)), *action);
  }
  EXPECT_EQ(to_return_value({ActionKind::errno_, 38}), 0x00050026U);
  EXPECT_EQ(parse_action("SOMETHING"), std::nullopt);
}

TEST(Api, ProfileBecomesProvedFilter) {
  const ProfileReading reading = read_profile(kProfile, "web.json", oci());
  ASSERT_TRUE(reading.profile);
  EXPECT_TRUE(reading.profile->confined);
  const Policy& policy = reading.profile->policy;
  const Result<Filter> filter = Filter::compile(policy);
  ASSERT_TRUE(filter) << filter.error().message;
  EXPECT_EQ(prove_equal(policy, *filter).verdict, Verdict::equal);

  const Action enosys{ActionKind::errno_, 38};
  const Action allow{ActionKind::allow, 0};
  for (const auto& [what, expected] : {std::pair(call("read"), allow), std::pair(call("openat"), enosys),
                                       std::pair(call("socket", 2), allow), std::pair(call("socket", 16), enosys)}) {
    EXPECT_EQ(policy.evaluate(what), expected) << what.number;
    EXPECT_EQ(filter->run(what).action, expected) << what.number;
  }
  const FilterCost cost = filter->cost(Architecture::x86_64);
  EXPECT_EQ(cost.cached_calls, 4U);  // read and exit_group; uretprobe and uprobe pass any filter
  EXPECT_GT(cost.calls, 300U);
  EXPECT_LE(cost.executed_average, cost.executed_max);
  EXPECT_THAT(filter->disassemble(), HasSubstr("exit_group"));
}

TEST(Api, ProofsGiveCounterexamples) {
  const Policy policy = read_profile(kProfile, "web.json", oci()).profile->policy;
  const Policy everything = Policy::constant({ActionKind::allow, 0});
  const Result<Filter> allow = Filter::compile(everything);
  ASSERT_TRUE(allow);
  const Proof proof = prove_equal(policy, *allow);
  ASSERT_EQ(proof.verdict, Verdict::different);
  ASSERT_TRUE(proof.counterexample);
  EXPECT_EQ(policy.evaluate(proof.counterexample->call), proof.counterexample->left);
  EXPECT_EQ(proof.counterexample->right, (Action{ActionKind::allow, 0}));

  const std::optional<Call> difference = first_difference(policy, everything);
  ASSERT_TRUE(difference);
  EXPECT_NE(policy.evaluate(*difference), everything.evaluate(*difference));
  EXPECT_EQ(first_difference(policy, policy), std::nullopt);
  EXPECT_EQ(prove_equal(*allow, *allow).verdict, Verdict::equal);
}

TEST(Api, DiagnosticsOutliveTheText) {
  const ProfileReading reading = read_profile("{\n  \"defaultAction\": \"SCMP_ACT_ALOW\"\n}", "web.json", oci());
  EXPECT_FALSE(reading.profile);
  ASSERT_THAT(reading.diagnostics, SizeIs(1));
  const Diagnostic& d = reading.diagnostics.front();
  EXPECT_TRUE(d.is_error);
  EXPECT_EQ(d.place.file, "web.json");
  EXPECT_EQ(d.place.line, 2U);
  EXPECT_THAT(d.code, testing::MatchesRegex("CG10[0-9][0-9]"));
  EXPECT_THAT(d.rendered, HasSubstr("web.json:2:"));
  EXPECT_THAT(d.rendered, HasSubstr("SCMP_ACT_ALOW"));
}

TEST(Api, BuiltinProfiles) {
  ProfileOptions options;
  options.native = Architecture::x86_64;
  const ProfileReading docker = builtin_profile("docker-default", options);
  ASSERT_TRUE(docker.profile);
  const Policy& policy = docker.profile->policy;
  EXPECT_EQ(policy.evaluate(call("read")).kind, ActionKind::allow);
  EXPECT_EQ(policy.evaluate(call("reboot")).kind, ActionKind::errno_);
  ProfileOptions reboot = options;
  reboot.capabilities = {"CAP_SYS_BOOT"};
  EXPECT_EQ(builtin_profile("docker-default", reboot).profile->policy.evaluate(call("reboot")).kind, ActionKind::allow);
  const ProfileReading none = builtin_profile("no-such-profile", {});
  EXPECT_FALSE(none.profile);
  EXPECT_THAT(none.diagnostics, IsEmpty());
}

TEST(Api, ProgramsThatTheKernelRefusesAreNoFilters) {
  const Instruction load{0x20, 0, 0, 0};
  const Result<Filter> filter = Filter::from_instructions(std::span(&load, 1));
  ASSERT_FALSE(filter);
  EXPECT_EQ(filter.error().code, ErrorCode::invalid);
  EXPECT_EQ(filter.error().os_errno, 22);
  const Instruction allow{0x06, 0, 0, 0x7fff0000};
  const Result<Filter> accepted = Filter::from_instructions(std::span(&allow, 1));
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->run(call("read")).action.kind, ActionKind::allow);
  EXPECT_EQ(accepted->run(call("read")).executed, 1U);
}

TEST(Policy, Algebra) {
  const Action eperm{ActionKind::errno_, 1};
  const Policy docker = builtin_profile("docker-default").profile->policy;
  const Policy podman = builtin_profile("podman-default").profile->policy;
  const auto both = intersect(docker, podman), either = unite(docker, podman);
  ASSERT_TRUE(both && either);
  EXPECT_FALSE(first_excess(both.value(), docker).has_value());
  EXPECT_FALSE(first_excess(podman, either.value()).has_value());
  const auto more = first_excess(docker, podman);
  ASSERT_TRUE(more.has_value());
  EXPECT_EQ(docker.evaluate(*more), (Action{ActionKind::allow, 0}));
  EXPECT_EQ(either.value().evaluate(*more), (Action{ActionKind::allow, 0}));
  EXPECT_EQ(both.value().evaluate(*more), podman.evaluate(*more));
  const auto rest = subtract(docker, podman, eperm);
  ASSERT_TRUE(rest);
  EXPECT_EQ(first_excess(rest.value(), Policy::constant(eperm)), more);
  const auto stacked = stack(Policy::constant({ActionKind::errno_, 38}), Policy::constant(eperm));
  ASSERT_TRUE(stacked);
  EXPECT_EQ(stacked.value().evaluate({}), (Action{ActionKind::errno_, 38}));
}

}  // namespace
}  // namespace callgate
