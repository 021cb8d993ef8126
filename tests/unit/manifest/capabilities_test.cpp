// Bounding sets from additions and removals.
// SPDX-License-Identifier: Apache-2.0
#include "manifest/capabilities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "format/profile.h"

namespace callgate::manifest {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

std::vector<std::string> bounds(std::vector<std::string> add, std::vector<std::string> drop, bool privileged = false) {
  return bounding_set(format::default_capabilities(), add, drop, privileged).value();
}

TEST(CapabilitiesTest, TheListIsLinuxsAndSorted) {
  EXPECT_EQ(all_capabilities().size(), 41U);
  EXPECT_TRUE(std::is_sorted(all_capabilities().begin(), all_capabilities().end()));
}

TEST(CapabilitiesTest, AdditionsAndRemovals) {
  EXPECT_EQ(bounds({}, {}).size(), 14U);
  EXPECT_THAT(bounds({"sys_admin"}, {"ALL"}), ElementsAre("CAP_SYS_ADMIN"));
  EXPECT_THAT(bounds({"SYS_ADMIN"}, {"chown"}), Contains("CAP_SYS_ADMIN"));
  EXPECT_THAT(bounds({"SYS_ADMIN"}, {"chown"}), Not(Contains("CAP_CHOWN")));
  EXPECT_EQ(bounds({"ALL"}, {"NET_RAW"}).size(), 40U);
  EXPECT_EQ(bounds({}, {"ALL"}).size(), 0U);
  EXPECT_EQ(bounds({}, {"ALL"}, true).size(), 41U);
}

TEST(CapabilitiesTest, UnknownNamesAreRefusedInTheDaemonsWords) {
  const auto refused = bounding_set(format::default_capabilities(), {"SYS_ADMN"}, {}, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "invalid CapAdd: unknown capability: \"CAP_SYS_ADMN\"");
}

}  // namespace
}  // namespace callgate::manifest
