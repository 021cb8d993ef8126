// SPDX-License-Identifier: Apache-2.0
#include "record/pulse.h"

#include <gtest/gtest.h>

namespace callgate::record {
namespace {

TEST(Windows, CountsInHowManyACallWasMade) {
  Windows windows;
  const auto end = [&](std::vector<std::uint64_t> counts) { windows.end_one(counts); };
  end({5, 0, 0, 7});  // what came before counts nowhere
  end({9, 1, 0, 7});
  end({9, 1, 0, 7});
  end({12, 1, 4, 7});
  end({13, 1, 4, 7});
  const recording::Convergence out = windows.convergence();
  EXPECT_EQ(out.windows, 4U);
  EXPECT_EQ(out.once, 2U) << "the second and the third";
  EXPECT_EQ(out.twice, 0U) << "the first came in three, the last in none";
  EXPECT_EQ(out.window_ns, 1'000'000'000U);
}

TEST(Windows, NothingBeforeTheFirst) {
  EXPECT_EQ(Windows().convergence(), (recording::Convergence{0, 1'000'000'000, 0, 0}));
}

}  // namespace
}  // namespace callgate::record
