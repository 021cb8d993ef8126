// A world for tests of command lines: a working directory, and what comes of a line there.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "container/container.h"

namespace callgate::container {

struct TestWorld {
  explicit TestWorld(std::string directory) : files(std::move(directory)), world{files, filters, {}, {28, 2}, {}, {}} {}
  manifest::Container line(const std::vector<std::string>& words) {
    manifest::Answer answer;
    resolve_line(std::span<const std::string>(words), world, answer, diagnostics);
    EXPECT_EQ(answer.containers.size(), 1U);
    return answer.containers.empty() ? manifest::Container() : answer.containers.front();
  }
  manifest::Files files;
  manifest::Filters filters{{}};
  World world;
  base::Diagnostics diagnostics;
};

}  // namespace callgate::container
