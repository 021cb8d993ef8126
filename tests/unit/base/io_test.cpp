// SPDX-License-Identifier: Apache-2.0
#include "base/io.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace callgate::base {
namespace {

class Io : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "callgate-io-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }
  std::filesystem::path folder_;
};

TEST_F(Io, WritesAreWholeAndLeaveNothingElse) {
  const std::string path = folder_ / "out";
  ASSERT_TRUE(write_file(path, "one").has_value());
  EXPECT_EQ(*read_file(path), "one");
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  ASSERT_TRUE(write_file(path, std::string(100000, 'x')).has_value());
  EXPECT_EQ(read_file(path)->size(), 100000U);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640U);
  EXPECT_EQ(files(), 1U);
}

TEST_F(Io, AFailedWriteKeepsTheOldFile) {
  const std::string missing = folder_ / "no" / "such";
  const Result<void> written = write_file(missing, "x");
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().os_errno, ENOENT);
  EXPECT_NE(written.error().message.find("no such file or directory (ENOENT)"), std::string::npos);
  std::filesystem::create_directory(folder_ / "d");
  EXPECT_FALSE(write_file(folder_ / "d", "x").has_value());
  EXPECT_EQ(files(), 1U);
}

TEST_F(Io, FollowsALinkToItsTarget) {
  ASSERT_TRUE(write_file(folder_ / "target", "old").has_value());
  std::filesystem::create_symlink("target", folder_ / "link");
  ASSERT_TRUE(write_file(folder_ / "link", "new").has_value());
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "link"));
  EXPECT_EQ(*read_file(folder_ / "target"), "new");
}

TEST_F(Io, DevicesAreWrittenInPlace) {
  ASSERT_TRUE(write_file("/dev/null", "x").has_value());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(Io, RefusesDirectoriesMissingFilesAndWhatIsTooLarge) {
  EXPECT_EQ(read_file(folder_).error().os_errno, EISDIR);
  EXPECT_EQ(read_file(folder_ / "no").error().code, ErrorCode::io);
  ASSERT_TRUE(write_file(folder_ / "big", std::string(101, 'x')).has_value());
  EXPECT_EQ(read_file(folder_ / "big", 100).error().code, ErrorCode::limit);
  const auto fits = read_file(folder_ / "big", 101);
  ASSERT_TRUE(fits.has_value());
  EXPECT_GE(fits->capacity(), fits->size() + kPaddingBytes);
}

TEST(UniqueFd, ClosesOnceAndMoves) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  UniqueFd a(ends[0]), b(ends[1]);
  UniqueFd c = std::move(a);
  EXPECT_FALSE(a);
  EXPECT_EQ(c.get(), ends[0]);
  c = std::move(b);
  EXPECT_EQ(::close(ends[0]), -1);  // closed by the assignment
  EXPECT_EQ(c.get(), ends[1]);
}

}  // namespace
}  // namespace callgate::base
