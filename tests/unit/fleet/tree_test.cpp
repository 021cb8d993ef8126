// What is found below a directory, and what is left out: links out of it and in circles, devices, pipes, sockets, hard
// links, directories that cannot be read or lie too deep.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "fleet/tree.h"
#include "scratch.h"

namespace callgate::fleet {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = "/proc/self/exe";

std::vector<std::string> paths(const Inventory& inventory) {
  std::vector<std::string> out;
  for (const auto& each : inventory.programs) out.push_back(each.path);
  return out;
}

const Skipped* skipped(const Inventory& inventory, const std::string& path) {
  const auto found = std::find_if(inventory.skipped.begin(), inventory.skipped.end(),
                                  [&](const Skipped& s) { return s.path == path; });
  return found == inventory.skipped.end() ? nullptr : &*found;
}

std::unique_ptr<Tree> tree_of(const fs::path& root) {
  auto tree = open_directory(root);
  EXPECT_TRUE(tree.has_value()) << tree.error().message;
  return std::move(*tree);
}

TEST(Directory, FindsEachProgramOnceAndByItsOwnPath) {
  const Scratch root;
  root.copy(kProgram, "usr/bin/program");
  fs::create_hard_link(root.path() / "usr/bin/program", root.path() / "usr/bin/second");
  fs::create_directory_symlink("usr/bin", root.path() / "bin");
  fs::create_symlink("program", root.path() / "usr/bin/alias");
  root.copy(kProgram, "usr/bin/not-executable");
  fs::permissions(root.path() / "usr/bin/not-executable", fs::perms::owner_read);
  root.put("usr/bin/script", "#!/bin/sh -e\n", 0755);
  root.put("usr/bin/text", "no program", 0755);
  const Inventory found = tree_of(root.path())->inventory({});
  EXPECT_EQ(paths(found), std::vector<std::string>{"/usr/bin/program"});
  EXPECT_EQ(found.programs.front().other_names, std::vector<std::string>{"/usr/bin/second"});
  EXPECT_EQ(found.scripts.at("/bin/sh -e"), 1U);
  EXPECT_EQ(found.links, 2U);
  EXPECT_EQ(found.files, 5U);
  EXPECT_TRUE(found.skipped.empty());
}

TEST(Directory, TellsWhatItDoesNotOpen) {
  const Scratch root;
  ASSERT_EQ(mkfifo((root.path() / "pipe").c_str(), 0777), 0);
  const int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = root.path() / "socket";
  ASSERT_LT(name.size(), sizeof address.sun_path);
  std::copy(name.begin(), name.end(), address.sun_path);
  ASSERT_EQ(bind(sock, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  close(sock);
  fs::create_symlink("circle-b", root.path() / "circle-a");
  fs::create_symlink("circle-a", root.path() / "circle-b");
  fs::create_symlink("/nowhere", root.path() / "dangling");
  const bool device = mknod((root.path() / "null").c_str(), S_IFCHR | 0777, makedev(1, 3)) == 0;  // root alone may
  const Inventory found = tree_of(root.path())->inventory({});
  for (const auto& [path, reason] : {std::pair("/pipe", SkipReason::pipe),
                                     {"/socket", SkipReason::socket},
                                     {"/circle-a", SkipReason::loop},
                                     {"/circle-b", SkipReason::loop}}) {
    ASSERT_NE(skipped(found, path), nullptr) << path;
    EXPECT_EQ(skipped(found, path)->reason, reason) << path;
  }
  EXPECT_EQ(found.dangling, 1U);
  if (device) {
    ASSERT_NE(skipped(found, "/null"), nullptr);
    EXPECT_EQ(skipped(found, "/null")->reason, SkipReason::device);
  }
  // Asked for by name they are no files, either, and nobody waits for a writer.
  const auto tree = tree_of(root.path());
  for (const char* const path : {"/pipe", "/socket", "/circle-a", "/dangling", "/.", "/pipe/", "/circle-a/", "/gone/"})
    EXPECT_FALSE(tree->read(path).has_value()) << path;
  // With a slash behind it a directory is its names.
  const auto names = tree->read("/");
  ASSERT_TRUE(names.has_value());
  EXPECT_NE(std::string_view(*names).find(std::string("circle-a\0circle-b\0", 18)), std::string::npos);
}

TEST(Directory, LinksLeadNowhereOutside) {
  const Scratch outside, root;
  outside.copy(kProgram, "program");
  outside.put("secret", "outside");
  root.put("secret", "inside");
  fs::create_directory_symlink(outside.path(), root.path() / "absolute");
  fs::create_directory_symlink("../../../../../../../../" + outside.path().string(), root.path() / "relative");
  fs::create_symlink("../../../../secret", root.path() / "up");
  const auto tree = tree_of(root.path());
  EXPECT_TRUE(tree->inventory({}).programs.empty());
  EXPECT_FALSE(tree->read("/absolute/secret").has_value());
  EXPECT_FALSE(tree->read("/relative/secret").has_value());
  EXPECT_FALSE(tree->read("/../../" + outside.path().string() + "/secret").has_value());
  EXPECT_EQ(tree->read("/up").value_or("-"), "inside");
  EXPECT_EQ(tree->read("/../../secret").value_or("-"), "inside");
}

TEST(Directory, TellsItsPathsWithoutLinks) {
  const Scratch root;
  root.put("usr/bin/a", "a");
  fs::create_directory_symlink("/usr/bin", root.path() / "bin");
  const auto tree = tree_of(root.path());
  EXPECT_EQ(tree->real("/bin/a"), "/usr/bin/a");
  EXPECT_EQ(tree->real("/bin/../../../bin/"), "/usr/bin");
  EXPECT_EQ(tree->real("/"), "/");
  EXPECT_EQ(tree->real("/bin/b"), "");
  EXPECT_EQ(tree->names("/bin"), std::vector<std::string>{"a"});
  EXPECT_TRUE(tree->names("/bin/a").empty());
}

TEST(Directory, StampsChangeWithTheFile) {
  const Scratch root;
  root.put("a", "one");
  const auto tree = tree_of(root.path());
  const std::uint64_t before = tree->stamp("/a");
  EXPECT_NE(before, 0U);
  EXPECT_EQ(tree->stamp("/a"), before);
  EXPECT_EQ(tree->stamp("/b"), 0U);
  // The clock of a file system is coarse.
  for (int i = 0; i < 1000 && tree->stamp("/a") == before; ++i) {
    usleep(10000);
    fs::permissions(root.path() / "a", i % 2 == 0 ? fs::perms::owner_all : fs::perms::owner_read);
  }
  EXPECT_GT(tree->stamp("/a"), before);
}

TEST(Directory, DirectoriesThatCannotBeReadAreTold) {
  const Scratch root;
  root.copy(kProgram, "closed/program");
  fs::permissions(root.path() / "closed", fs::perms::none);
  if (geteuid() == 0) {
    // Root reads everything. What it cannot read either is what lies too deep.
    int at = open(root.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 220; ++i) {
      ASSERT_EQ(mkdirat(at, "d", 0755), 0);
      const int next = openat(at, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
      close(at);
      at = next;
    }
    close(at);
    const Inventory found = tree_of(root.path())->inventory({});
    EXPECT_EQ(paths(found), std::vector<std::string>{"/closed/program"});
    ASSERT_EQ(found.skipped.size(), 1U);
    EXPECT_EQ(found.skipped.front().reason, SkipReason::too_deep);
  } else {
    const Inventory found = tree_of(root.path())->inventory({});
    ASSERT_NE(skipped(found, "/closed"), nullptr);
    EXPECT_EQ(skipped(found, "/closed")->reason, SkipReason::unreadable);
  }
  fs::permissions(root.path() / "closed", fs::perms::owner_all);
}

TEST(Directory, OnlyADirectoryIsOne) {
  const Scratch root;
  EXPECT_FALSE(open_directory(root.path() / "absent").has_value());
  EXPECT_FALSE(open_directory(root.put("file", "")).has_value());
}

TEST(Directory, WhatTheKernelMakesUpIsLeftOut) {
  const Inventory found = tree_of("/proc")->inventory({});
  EXPECT_TRUE(found.programs.empty());
  ASSERT_EQ(found.skipped.size(), 1U);
  EXPECT_EQ(found.skipped.front().reason, SkipReason::kernel);
  EXPECT_EQ(found.skipped.front().why, "proc");
}

}  // namespace
}  // namespace callgate::fleet
