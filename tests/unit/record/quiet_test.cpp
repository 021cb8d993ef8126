// SPDX-License-Identifier: Apache-2.0
#include "record/quiet.h"

#include <gtest/gtest.h>

namespace callgate::record {
namespace {

using std::chrono::seconds;

TEST(Quiet, CountsFromTheLastThatWasNew) {
  const Quiet::Clock::time_point start{};
  Quiet quiet(seconds(10), start);
  EXPECT_FALSE(quiet.over(0, start + seconds(9)));
  EXPECT_FALSE(quiet.over(3, start + seconds(12))) << "three came";
  EXPECT_FALSE(quiet.over(3, start + seconds(21)));
  EXPECT_TRUE(quiet.over(3, start + seconds(22)));
  Quiet never(seconds(0), start);
  EXPECT_FALSE(never.over(0, start + std::chrono::hours(1000)));
}

}  // namespace
}  // namespace callgate::record
