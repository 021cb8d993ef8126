// A folder of the test's own, and what is resolved in it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "resolve/resolve.h"

namespace callgate::resolve {

inline constexpr const char* kPod =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: app, image: i}]}\n";
inline constexpr const char* kProject = "services: {web: {image: i, security_opt: [seccomp=unconfined]}}\n";

class FolderTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(mkdtemp(folder_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories(std::filesystem::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name) << text;
  }
  container::World& world() {
    files_.emplace(folder_);
    return world_.emplace(container::World{.files = *files_, .filters = filters_});
  }
  // Resolved anew; the answer is kept.
  bool paths(const std::vector<std::string>& paths) {
    answer_ = {};
    diagnostics_ = {};
    return resolve_paths(paths, options_, world(), answer_, diagnostics_);
  }
  bool project(const std::vector<std::string>& files) {
    answer_ = {};
    diagnostics_ = {};
    options_.compose.files = files;
    return resolve_project(options_, world(), answer_, diagnostics_);
  }
  bool command(const std::vector<std::string>& words) {
    answer_ = {};
    diagnostics_ = {};
    return resolve_command(words, world(), answer_, diagnostics_);
  }
  std::string owners() const {
    std::string out;
    for (const manifest::Container& each : answer_.containers) out += each.owner + " ";
    return out;
  }
  std::string said() const { return base::render_text(diagnostics_, false); }

  std::string folder_ = (std::filesystem::temp_directory_path() / "callgate-resolve-XXXXXX").string();
  std::optional<manifest::Files> files_;
  manifest::Filters filters_{{}};
  std::optional<container::World> world_;
  Options options_;
  manifest::Answer answer_;
  base::Diagnostics diagnostics_;
};

}  // namespace callgate::resolve
