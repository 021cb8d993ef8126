// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <limits>

#include "world.h"

namespace callgate::container {
namespace {

constexpr int kNewest = std::numeric_limits<int>::max();

TEST(Version, LeftOutPartsAreTheNewest) {
  EXPECT_EQ(read_version("20.10.24"), (EngineVersion{20, 10, 24}));
  EXPECT_EQ(read_version("20.10.24+dfsg1"), (EngineVersion{20, 10, 24}));
  EXPECT_EQ(read_version("29.0.0-rc.1"), (EngineVersion{29, 0, 0}));
  EXPECT_EQ(read_version("19.03"), (EngineVersion{19, 3, kNewest}));
  EXPECT_EQ(read_version("28"), (EngineVersion{28, kNewest, kNewest}));
  for (const char* const wrong : {"", "new", "28.", "28.x", ".1", "-1", "28.-1", "28.2.1.1", "28+1", "99999999999"})
    EXPECT_FALSE(read_version(wrong)) << wrong;
}

TEST(Version, TheDaemonsReleaseBringsItsDefault) {
  TestWorld world{"/"};
  const auto built_in = [&](EngineVersion version) {
    world.world.daemon.version = version;
    return world.line({"docker", "run", "img"});
  };
  EXPECT_EQ(built_in({20, 10, 24}).choice.built_in, "docker-20.10.18-default");
  EXPECT_EQ(built_in({28, 2, kNewest}).choice.built_in, "docker-28.2.0-default");
  EXPECT_EQ(built_in(kNewestDocker).choice.built_in, "docker-default");
  const manifest::Container old = built_in({18, 9, 7});
  EXPECT_EQ(old.choice.built_in, "docker-19.03.0-default");
  ASSERT_EQ(old.steps.size(), 2U);
  EXPECT_EQ(old.steps[1].kind, manifest::Step::Kind::hazard);
  EXPECT_EQ(old.steps[1].text,
            "the default profile of Docker 18.09 is not known here, so that of 19.03 is taken for it");
}

}  // namespace
}  // namespace callgate::container
