// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/io.h"
#include "compose/compose.h"

namespace callgate::compose {
namespace {

class ProjectNamesTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::optional<ProjectNames> names(const std::string& text, const Options& options = {}) {
    EXPECT_TRUE(base::write_file(folder_ + "/compose.yaml", text));
    manifest::Files files(folder_);
    manifest::Filters filters(manifest::Machine{});
    container::World world{.files = files, .filters = filters, .environment = {"HOME=/home/user"}};
    base::Diagnostics diagnostics;
    auto out = name_project(options, world, diagnostics);
    said_ = base::render_text(diagnostics, false);
    return out;
  }
  const std::string folder_ =
      (std::filesystem::temp_directory_path() / ("Callgate-Names-" + std::to_string(getpid()))).string();
  std::string said_;
};

TEST_F(ProjectNamesTest, OfTheFolderAndItsServices) {
  const auto out = names("services:\n  b: {image: x}\n  a: {image: x}\n  off: {image: x, profiles: [debug]}\n");
  ASSERT_TRUE(out) << said_;
  EXPECT_EQ(out->name, "callgate-names-" + std::to_string(getpid()));
  EXPECT_THAT(out->services, testing::UnorderedElementsAre("a", "b"));
}

TEST_F(ProjectNamesTest, OfTheFileOrAsGiven) {
  EXPECT_EQ(names("name: shop\nservices: {a: {image: x}}\n")->name, "shop");
  Options options;
  options.project_name = "other";
  EXPECT_EQ(names("name: shop\nservices: {a: {image: x}}\n", options)->name, "other");
}

TEST_F(ProjectNamesTest, ProjectsThatDoNotLoad) {
  EXPECT_FALSE(names("services: {a: {imgae: x}}\n"));
  EXPECT_NE(said_.find("CG8108"), std::string::npos) << said_;
}

}  // namespace
}  // namespace callgate::compose
