// Planning: the search for the program, flags, and profiles that let nothing start.
// SPDX-License-Identifier: Apache-2.0
#include "sandbox/plan.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>

#include "sandbox/diagnostic_ids.h"
#include "unit/sandbox/filters.h"

namespace callgate::sandbox {
namespace {

ExecProbe files(std::map<std::string, int> known) {
  return [known](const std::string& path) {
    const auto found = known.find(path);
    return found == known.end() ? ENOENT : found->second;
  };
}

TEST(FindProgram, TakesThePathsInOrder) {
  std::string found;
  EXPECT_FALSE(find_program("ls", "/a:/b", files({{"/b/ls", 0}, {"/a/cat", 0}}), found));
  EXPECT_EQ(found, "/b/ls");
}

TEST(FindProgram, SkipsWhatCannotBeExecutedButRemembersIt) {
  std::string found;
  EXPECT_FALSE(find_program("ls", "/a:/b", files({{"/a/ls", EACCES}, {"/b/ls", 0}}), found));
  EXPECT_EQ(found, "/b/ls");
  const auto refusal = find_program("ls", "/a:/b", files({{"/a/ls", EACCES}}), found);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->exit_status, kExitNotExecutable);
  EXPECT_EQ(refusal->id.number, kNotExecutable.number);
  EXPECT_NE(refusal->message.find("/a/ls"), std::string::npos);
}

TEST(FindProgram, AnEmptyElementIsTheCurrentDirectory) {
  std::string found;
  EXPECT_FALSE(find_program("ls", "/a::/b", files({{"./ls", 0}, {"/b/ls", 0}}), found));
  EXPECT_EQ(found, "./ls");
}

TEST(FindProgram, WithASlashNothingIsSearched) {
  std::string found;
  const auto refusal = find_program("./ls", "/a", files({{"/a/./ls", 0}}), found);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->exit_status, kExitNotFound);
  EXPECT_FALSE(find_program("./ls", "/a", files({{"./ls", 0}}), found));
  EXPECT_EQ(found, "./ls");
}

TEST(FindProgram, WithoutPathTheDefaultIsSearched) {
  std::string found;
  EXPECT_FALSE(find_program("ls", nullptr, files({{"/usr/bin/ls", 0}}), found));
  EXPECT_EQ(found, "/usr/bin/ls");
  const auto refusal = find_program("", nullptr, files({}), found);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->id.number, kNotFound.number);
}

TEST(ProbeExecutable, KnowsFilesDirectoriesAndNothing) {
  EXPECT_EQ(probe_executable("/bin/sh"), 0);
  EXPECT_EQ(probe_executable("/bin"), EACCES);
  EXPECT_EQ(probe_executable("/etc/passwd"), EACCES);
  EXPECT_EQ(probe_executable("/nonexistent"), ENOENT);
}

TEST(FilterFlags, PassesOnWhatTheKernelTakesHere) {
  const std::vector<std::string> all{"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC",
                                     "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
  EXPECT_EQ(filter_flags(all), (1U << 1) | (1U << 2));
  EXPECT_EQ(filter_flags({}), 0U);
}

TEST(CheckCanStart, NamesTheMissingCall) {
  const auto refusal = check_can_start(deny("execve", bpf::kRetErrno | 1));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->id.number, kCannotStart.number);
  EXPECT_EQ(refusal->exit_status, kExitOwnFailure);
  EXPECT_NE(refusal->message.find("execve"), std::string::npos);
  EXPECT_NE(refusal->message.find("ERRNO(1)"), std::string::npos);
  EXPECT_FALSE(check_can_start(deny("execve", bpf::kRetLog)));
  EXPECT_FALSE(check_can_start(deny("openat", bpf::kRetKillProcess)));
}

TEST(CallText, NamesCallAndArchitecture) {
  EXPECT_EQ(call_text(0xc000003e, 17), "pread64 (17, x86_64)");
  EXPECT_EQ(call_text(0x40000003, 20), "getpid (20, x86)");
  EXPECT_EQ(call_text(0xc000003e, 9999), "9999 (x86_64)");
  EXPECT_EQ(call_text(0x12345678, 1), "1 (arch 0x12345678)");
}

}  // namespace
}  // namespace callgate::sandbox
