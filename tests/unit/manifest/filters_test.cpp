// Profiles are read as the engine asked for reads them, and once for each way of reading.
// SPDX-License-Identifier: Apache-2.0
#include "manifest/filters.h"

#include <gtest/gtest.h>

#include "manifest/files.h"
#include "policy/policy.h"

namespace callgate::manifest {
namespace {

constexpr const char* kGated = R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
  {"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}}]})";

policy::ActionKind mount(const Filter& filter) {
  return policy::evaluate(filter.profile.policy, {0xc000003e, 165, {}}).kind;
}

TEST(FiltersTest, EngineAndCapabilitiesCount) {
  Files files("/");
  Filters filters({});
  base::Diagnostics diagnostics;
  const auto& file = files.keep("p.json", kGated);
  const auto docker = filters.of_file(file, format::Engine::docker, {}, diagnostics);
  const auto with = filters.of_file(file, format::Engine::docker, {"CAP_SYS_ADMIN"}, diagnostics);
  const auto containerd = filters.of_file(file, format::Engine::containerd, {}, diagnostics);
  ASSERT_TRUE(docker && with && containerd);
  if (arch::native() == arch::Arch::x86_64) {
    EXPECT_EQ(mount(*docker), policy::ActionKind::errno_);
    EXPECT_EQ(mount(*with), policy::ActionKind::allow);
    EXPECT_EQ(mount(*containerd), policy::ActionKind::allow);
  }
  EXPECT_EQ(filters.of_file(file, format::Engine::docker, {}, diagnostics), docker);
}

TEST(FiltersTest, RefusedProfilesAreToldAndNotKept) {
  Files files("/");
  Filters filters({});
  base::Diagnostics diagnostics;
  const auto& file = files.keep("p.json", R"({"defaultAction":"SCMP_ACT_BOGUS"})");
  EXPECT_EQ(filters.of_file(file, format::Engine::docker, {}, diagnostics), nullptr);
  EXPECT_TRUE(diagnostics.has_errors());
}

TEST(FiltersTest, BuiltInAndNone) {
  Filters filters({});
  EXPECT_TRUE(filters.built_in("docker-default", format::Engine::docker, {})->profile.confined);
  EXPECT_FALSE(filters.none()->profile.confined);
  EXPECT_EQ(filters.built_in("nothing", format::Engine::docker, {}), nullptr);
}

}  // namespace
}  // namespace callgate::manifest
