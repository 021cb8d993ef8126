// Profiles put in place and taken away: whole or not at all whichever step fails, and never outside of the root.
// SPDX-License-Identifier: Apache-2.0
#include "install/install.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace callgate::install {
namespace {

namespace fs = std::filesystem;

class InstallTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "callgate-install.XXXXXX").string();
    top_ = ::mkdtemp(pattern.data());
    fs::create_directory(top_ / "root");
    place_.root = (top_ / "root").string();
    place_.owner = ::geteuid();
    place_.group = ::getegid();
  }
  void TearDown() override { fs::remove_all(top_); }

  std::string text(const std::string& name) const {
    std::ifstream in(top_ / "root" / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Everything below the root, temporary files too.
  std::vector<std::string> all() const {
    std::vector<std::string> out;
    for (const auto& each : fs::recursive_directory_iterator(top_ / "root"))
      if (!each.is_directory()) out.push_back(fs::relative(each.path(), top_ / "root").string());
    std::ranges::sort(out);
    return out;
  }

  fs::path top_;
  Place place_;
};

TEST_F(InstallTest, PutsWholeFilesWithTheRightModeOnce) {
  EXPECT_EQ(*put(place_, "profiles/web.json", "{}"), Done::installed);
  struct stat status{};
  ASSERT_EQ(::stat((top_ / "root/profiles/web.json").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0644U);
  ASSERT_EQ(::stat((top_ / "root/profiles").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0755U);
  EXPECT_EQ(*put(place_, "profiles/web.json", "{}"), Done::unchanged);
  EXPECT_EQ(*put(place_, "profiles/web.json", "{ }"), Done::replaced);
  EXPECT_EQ(*read_back(place_, "profiles/web.json"), "{ }");
  ASSERT_EQ(::chmod((top_ / "root/profiles/web.json").c_str(), 0666), 0);
  EXPECT_EQ(*put(place_, "profiles/web.json", "{ }"), Done::replaced) << "the mode was wrong";
  EXPECT_EQ(all(), std::vector<std::string>{"profiles/web.json"});
  EXPECT_EQ(*remove(place_, "profiles/web.json"), Done::removed);
  EXPECT_EQ(*remove(place_, "profiles/web.json"), Done::absent);
  EXPECT_EQ(*remove(place_, "elsewhere/web.json"), Done::absent);
}

TEST_F(InstallTest, ADryRunChangesNothing) {
  place_.dry_run = true;
  EXPECT_EQ(*put(place_, "a/b.json", "{}"), Done::installed);
  EXPECT_FALSE(fs::exists(top_ / "root/a"));
  place_.dry_run = false;
  ASSERT_TRUE(put(place_, "a/b.json", "{}"));
  place_.dry_run = true;
  EXPECT_EQ(*put(place_, "a/b.json", "[]"), Done::replaced);
  EXPECT_EQ(*remove(place_, "a/b.json"), Done::removed);
  EXPECT_EQ(text("a/b.json"), "{}");
}

TEST_F(InstallTest, HostileNamesAreRefused) {
  using namespace std::string_view_literals;
  for (const std::string_view name : {""sv, "/etc/x.json"sv, ".."sv, "../x.json"sv, "a/../../x.json"sv, "a//b"sv,
                                      "./a"sv, "a/"sv, "a\nb"sv, "a\0b"sv, "a\\b"sv, "a\x7f"sv}) {
    EXPECT_FALSE(check_name(name)) << name;
    EXPECT_FALSE(put(place_, name, "{}")) << name;
    EXPECT_FALSE(remove(place_, name)) << name;
  }
  EXPECT_FALSE(check_name(std::string(201, 'a')));
  EXPECT_TRUE(check_name("profiles/web..json"));
  EXPECT_TRUE(all().empty());
}

TEST_F(InstallTest, LinksAreNotFollowed) {
  fs::create_directory(top_ / "outside");
  std::ofstream(top_ / "outside/x.json") << "theirs";
  fs::create_directory_symlink("../outside", top_ / "root/dir");
  fs::create_symlink("../outside/x.json", top_ / "root/x.json");
  fs::create_symlink("../outside/new.json", top_ / "root/new.json");
  for (const char* const name : {"dir/x.json", "x.json", "new.json"}) {
    const auto done = put(place_, name, "ours");
    ASSERT_FALSE(done) << name;
    EXPECT_NE(done.error().message.find("a symbolic link is not followed"), std::string::npos) << done.error().message;
    EXPECT_FALSE(remove(place_, name));
    EXPECT_FALSE(read_back(place_, name));
  }
  std::ifstream in(top_ / "outside/x.json");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "theirs");
  EXPECT_FALSE(fs::exists(top_ / "outside/new.json"));
}

TEST_F(InstallTest, WhatIsNoFileStaysAsItIs) {
  fs::create_directory(top_ / "root/d.json");
  ASSERT_EQ(::mkfifo((top_ / "root/f.json").c_str(), 0600), 0);
  EXPECT_FALSE(put(place_, "d.json", "{}"));
  EXPECT_FALSE(put(place_, "f.json", "{}"));
  EXPECT_FALSE(remove(place_, "d.json"));
  EXPECT_FALSE(put(place_, "f.json/x.json", "{}"));
  EXPECT_TRUE(fs::is_fifo(top_ / "root/f.json"));
}

// Steps that fail: the `at`-th call of all fails with `error`, the others are real. Writes are short by half.
struct Fault {
  int at = 0, error = 0, seen = 0;
};
Fault fault;

bool fails() {
  return ++fault.seen == fault.at;
}

const Steps kFaulty{
    .open_root = [](const char* path) { return fails() ? -fault.error : real_steps().open_root(path); },
    .open_beneath =
        [](int directory, const char* path, int flags, mode_t mode) {
          return fails() ? -fault.error : real_steps().open_beneath(directory, path, flags, mode);
        },
    .make_directory =
        [](int directory, const char* name, mode_t mode) {
          return fails() ? -fault.error : real_steps().make_directory(directory, name, mode);
        },
    .write =
        [](int fd, const void* bytes, std::size_t count) {
          return fails() ? ssize_t{-fault.error} : real_steps().write(fd, bytes, (count + 1) / 2);
        },
    .read = [](int fd, void* bytes,
               std::size_t count) { return fails() ? ssize_t{-fault.error} : real_steps().read(fd, bytes, count); },
    .set_owner = [](int fd, uid_t owner,
                    gid_t group) { return fails() ? -fault.error : real_steps().set_owner(fd, owner, group); },
    .set_mode = [](int fd, mode_t mode) { return fails() ? -fault.error : real_steps().set_mode(fd, mode); },
    .sync = [](int fd) { return fails() ? -fault.error : real_steps().sync(fd); },
    .rename = [](int directory, const char* from,
                 const char* to) { return fails() ? -fault.error : real_steps().rename(directory, from, to); },
    // What takes the temporary file away again is not made to fail: nothing could.
    .unlink = [](int directory, const char* name) { return real_steps().unlink(directory, name); },
};

TEST_F(InstallTest, WhicheverStepFailsTheOldFileOrTheNewOneIsWhole) {
  const std::string old_text = "old", new_text(1000, 'n');
  for (const int error : {ENOSPC, EROFS, EACCES, EIO, EDQUOT}) {
    int steps = 0;
    for (int at = 1;; ++at) {
      SCOPED_TRACE(fmt::format("step {} fails: {}", at, std::strerror(error)));
      fs::remove_all(top_ / "root");
      fs::create_directory(top_ / "root");
      ASSERT_TRUE(put(place_, "p/x.json", old_text));
      fault = {at, error, 0};
      const auto done = put(place_, "p/x.json", new_text, kFaulty);
      const std::string now = text("p/x.json");
      EXPECT_EQ(all(), std::vector<std::string>{"p/x.json"}) << "nothing else is left";
      EXPECT_TRUE(now == old_text || now == new_text);
      if (fault.seen < at) {
        ASSERT_TRUE(done);
        EXPECT_EQ(now, new_text);
        steps = at;
        break;
      }
      ASSERT_FALSE(done);
      EXPECT_EQ(done.error().os_errno, error);
    }
    EXPECT_GT(steps, 15) << "every step was reached";
  }
}

TEST_F(InstallTest, WhicheverStepFailsOnAFreshRootNothingIsHalfThere) {
  for (int at = 1;; ++at) {
    SCOPED_TRACE(at);
    fs::remove_all(top_ / "root");
    fs::create_directory(top_ / "root");
    fault = {at, ENOSPC, 0};
    const auto done = put(place_, "p/q/x.json", "{}", kFaulty);
    if (fault.seen < at) {
      EXPECT_TRUE(done);
      return;
    }
    ASSERT_FALSE(done);
    EXPECT_TRUE(all().empty() || text("p/q/x.json") == "{}");
  }
}

TEST_F(InstallTest, ATextThatDoesNotReadBackIsNotPutInPlace) {
  Steps lying = real_steps();
  lying.write = [](int fd, const void* bytes, std::size_t count) {
    std::string other(static_cast<const char*>(bytes), count);
    other[0] = '!';
    return real_steps().write(fd, other.data(), other.size());
  };
  const auto done = put(place_, "x.json", "{}", lying);
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("does not read back"), std::string::npos);
  EXPECT_TRUE(all().empty());
}

TEST_F(InstallTest, WhatAKilledRunLeftIsTakenAway) {
  std::ofstream(top_ / "root" / fmt::format(".x.json.callgate-{}", ::getpid())) << "half";
  EXPECT_EQ(*put(place_, "x.json", "{}"), Done::installed);
  EXPECT_EQ(all(), std::vector<std::string>{"x.json"});
}

}  // namespace
}  // namespace callgate::install
