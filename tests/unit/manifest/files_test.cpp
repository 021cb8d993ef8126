// Files that manifests name: beneath a root or not at all, and regular.
// SPDX-License-Identifier: Apache-2.0
#include "manifest/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace callgate::manifest {
namespace {

namespace fs = std::filesystem;

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "callgate-files-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    top_ = pattern;
    fs::create_directories(top_ / "root/sub");
    std::ofstream(top_ / "outside.json") << "secret";
    std::ofstream(top_ / "root/in.json") << "{}";
    std::ofstream(top_ / "root/sub/deep.json") << "[]";
    fs::create_symlink("../outside.json", top_ / "root/climbs");
    fs::create_symlink(top_ / "outside.json", top_ / "root/absolute");
    fs::create_symlink("sub/deep.json", top_ / "root/inside");
    fs::create_symlink("/proc/self/environ", top_ / "root/proc");
    ASSERT_EQ(mkfifo((top_ / "root/fifo").c_str(), 0600), 0);
  }
  void TearDown() override { fs::remove_all(top_); }
  Missing beneath(std::string_view relative) {
    const auto got = files().open_beneath(top_ / "root", relative, "shown");
    EXPECT_FALSE(got) << relative;
    return got ? Missing::unreadable : got.error().why;
  }
  Files& files() {
    if (!files_) files_ = std::make_unique<Files>(top_.string());
    return *files_;
  }
  fs::path top_;
  std::unique_ptr<Files> files_;
};

TEST_F(FilesTest, NothingOutsideOfTheRootIsOpened) {
  EXPECT_EQ(beneath("../outside.json"), Missing::outside);
  EXPECT_EQ(beneath("climbs"), Missing::outside);
  EXPECT_EQ(beneath("absolute"), Missing::outside);
  EXPECT_EQ(beneath("proc"), Missing::outside);
  EXPECT_EQ(beneath("sub/../../outside.json"), Missing::outside);
  EXPECT_EQ(beneath("/etc/hostname"), Missing::outside);
}

TEST_F(FilesTest, WhatLiesInsideIsReadOnce) {
  const auto first = files().open_beneath(top_ / "root", "inside", "inside");
  ASSERT_TRUE(first);
  EXPECT_EQ((*first)->text(), "[]");
  EXPECT_GE((*first)->capacity(), (*first)->text().size() + 64);
  EXPECT_EQ(*files().open_beneath(top_ / "root", "inside", "inside"), *first);
  EXPECT_EQ((*files().open("root/in.json", "in.json"))->text(), "{}");
}

TEST_F(FilesTest, OnlyRegularFilesAreRead) {
  EXPECT_EQ(beneath("fifo"), Missing::not_regular);
  EXPECT_EQ(beneath("sub"), Missing::is_directory);
  EXPECT_EQ(beneath("absent"), Missing::absent);
  EXPECT_EQ(beneath(std::string_view("in.json\0", 8)), Missing::unreadable);
  EXPECT_EQ(files().open("/dev/zero", "z").error().why, Missing::not_regular);
  EXPECT_EQ(files().open("/proc/self/environ", "e").error().why, Missing::not_regular);
  EXPECT_EQ(files().open("root/fifo", "f").error().why, Missing::not_regular);
}

TEST_F(FilesTest, FailuresAreWordedAsGoWordsThem) {
  EXPECT_EQ(files().open("nope.json", "nope.json").error().message, "open nope.json: no such file or directory");
  EXPECT_EQ(files().open("root", "root").error().message, "read root: is a directory");
  EXPECT_EQ(files().open("", "").error().message, "open : no such file or directory");
}

TEST_F(FilesTest, TooLargeIsRefusedUnread) {
  std::ofstream(top_ / "large");
  fs::resize_file(top_ / "large", std::uintmax_t{65} << 20);
  EXPECT_EQ(files().open("large", "large").error().why, Missing::too_large);
}

TEST(PathTest, CleanedAsGoCleans) {
  EXPECT_EQ(clean_path("a/./b//../c"), "a/c");
  EXPECT_EQ(clean_path(""), ".");
  EXPECT_EQ(clean_path("/.."), "/");
  EXPECT_EQ(clean_path("../x/.."), "..");
  EXPECT_EQ(join_path("/p/q", "../s.json"), "/p/s.json");
  EXPECT_EQ(join_path("/p/q", "/abs"), "/abs");
}

}  // namespace
}  // namespace callgate::manifest
