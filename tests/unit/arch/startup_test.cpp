// SPDX-License-Identifier: Apache-2.0
#include "arch/startup.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "arch/calls.h"

namespace callgate::arch {
namespace {

const StartupCall* find(std::span<const StartupCall> calls, std::string_view name) {
  const auto found = std::ranges::find(calls, name, &StartupCall::name);
  return found == calls.end() ? nullptr : &*found;
}

// What every set must have: names that x86_64 knows, sorted, execve among them.
void check(std::span<const StartupCall> calls, std::string_view whose) {
  SCOPED_TRACE(whose);
  EXPECT_TRUE(std::ranges::is_sorted(calls, {}, &StartupCall::name));
  for (const StartupCall& call : calls) EXPECT_TRUE(number(Arch::x86_64, call.name)) << call.name;
  const StartupCall* const execve = find(calls, "execve");
  ASSERT_NE(execve, nullptr);
  EXPECT_TRUE(execve->always && execve->needed);
}

TEST(Startup, EverySetIsComplete) {
  EXPECT_GE(runtime_startups().size(), 4U);
  EXPECT_GE(program_startups().size(), 5U);
  for (const RuntimeStartup& each : runtime_startups()) check(each.calls, each.runtime);
  for (const ProgramStartup& each : program_startups()) check(each.calls, each.libc);
}

TEST(Startup, NewestComesLast) {
  for (const std::string_view runtime : {"runc", "crun"})
    for (const bool no_new_privileges : {false, true}) {
      const RuntimeStartup* const newest = newest_runtime_startup(runtime, no_new_privileges);
      ASSERT_NE(newest, nullptr) << runtime;
      EXPECT_EQ(newest->runtime, runtime);
      EXPECT_EQ(newest->no_new_privileges, no_new_privileges);
      EXPECT_EQ(find(newest->calls, "capset") != nullptr, !no_new_privileges);
    }
  EXPECT_EQ(newest_runtime_startup("youki", false), nullptr);
  EXPECT_EQ(newest_program_startup("uclibc", false), nullptr);
  EXPECT_EQ(newest_program_startup("go", true), nullptr);
}

TEST(Startup, KnownFacts) {
  const ProgramStartup* const glibc = newest_program_startup("glibc", true);
  ASSERT_NE(glibc, nullptr);
  ASSERT_NE(find(glibc->calls, "pread64"), nullptr);  // the loader reads program headers by it
  EXPECT_TRUE(find(glibc->calls, "pread64")->needed);
  ASSERT_NE(find(glibc->calls, "rseq"), nullptr);
  EXPECT_FALSE(find(glibc->calls, "rseq")->needed);  // an optimisation alone
  const ProgramStartup* const go = newest_program_startup("go", false);
  ASSERT_NE(go, nullptr);
  ASSERT_NE(find(go->calls, "futex"), nullptr);
  EXPECT_TRUE(find(go->calls, "futex")->needed);
}

}  // namespace
}  // namespace callgate::arch
