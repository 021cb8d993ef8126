// SPDX-License-Identifier: Apache-2.0
#include "record/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include "base/io.h"

namespace callgate::record {
namespace {

TEST(Facts, BuildId) {
  const std::string own = build_id("/proc/self/exe");
  // GNU ld and mold write 20 bytes, or none where the compiler does not ask for it.
  EXPECT_TRUE(own.empty() || own.size() >= 16) << own;
  EXPECT_EQ(build_id("/bin/sh").size(), 40U);
  EXPECT_EQ(build_id("/etc/passwd"), "");
  EXPECT_EQ(build_id("/nowhere"), "");
  EXPECT_EQ(build_id("/tmp"), "");
}

// Headers that promise more than the file holds.
TEST(Facts, BuildIdOfDamagedFiles) {
  const auto whole = base::read_file("/bin/true");
  ASSERT_TRUE(whole);
  const std::string path = testing::TempDir() + "callgate-damaged-" + std::to_string(getpid());
  for (std::size_t size = 0; size < 1200; size += 13) {
    ASSERT_TRUE(base::write_file(path, whole->substr(0, size)));
    static_cast<void>(build_id(path));
  }
  for (std::size_t place = 0; place < 1200; ++place) {
    std::string damaged = whole->substr(0, 4096);
    damaged[place] = static_cast<char>(damaged[place] ^ 0xff);
    ASSERT_TRUE(base::write_file(path, damaged));
    static_cast<void>(build_id(path));
  }
  unlink(path.c_str());
}

TEST(Facts, Run) {
  const auto a = begin_run("1", {"x", "y"}, recording::Source::ptrace), b = begin_run("1", {}, recording::Source::ebpf);
  EXPECT_EQ(a.id.size(), 32U);
  EXPECT_NE(a.id, b.id);
  EXPECT_THAT(a.started, testing::MatchesRegex("20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-9:]+Z"));
  EXPECT_FALSE(a.kernel.empty());
  EXPECT_FALSE(a.complete);
}

}  // namespace
}  // namespace callgate::record
