// Scripts: first lines as the kernel and env(1) read them, and what a script can do.
// SPDX-License-Identifier: Apache-2.0
#include "scan/script.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "scan/files.h"
#include "scan/join.h"

namespace callgate::scan {
namespace {

namespace fs = std::filesystem;

struct Line {
  const char* text;
  const char* interpreter;
  bool env;
  const char* name;
};

TEST(ScriptLine, AsTheKernelAndEnvReadIt) {
  const Line lines[] = {
      {"#!/bin/sh\n", "/bin/sh", false, ""},
      {"#! /bin/sh -e\necho", "/bin/sh", false, ""},
      {"#!\t/usr/bin/perl\t-w -T", "/usr/bin/perl", false, ""},
      {"#!/usr/bin/env python3\n", "/usr/bin/env", true, "python3"},
      {"#!/usr/bin/env python3 -u\n", "/usr/bin/env", true, "python3 -u"},  // one argument: no such program
      {"#!/usr/bin/env -S python3 -u\n", "/usr/bin/env", true, "python3"},
      {"#!/usr/bin/env -Spython3 -u\n", "/usr/bin/env", true, "python3"},
      {"#!/bin/env -iS -u HOME A=1 B=2 -- node --flag\n", "/bin/env", true, "node"},
      {"#!/usr/bin/env --split-string=perl -w\n", "/usr/bin/env", true, "perl"},
      {"#!/usr/bin/env -S ${INTERPRETER} x\n", "/usr/bin/env", true, ""},
      {"#!/usr/bin/env\n", "/usr/bin/env", true, ""},
      {"#!/opt/environment x\n", "/opt/environment", false, ""},
  };
  for (const Line& each : lines) {
    const auto line = script_line(each.text);
    ASSERT_TRUE(line.has_value()) << each.text;
    EXPECT_EQ(line->interpreter, each.interpreter) << each.text;
    EXPECT_EQ(line->env, each.env) << each.text;
    EXPECT_EQ(line->name, each.name) << each.text;
  }
  for (const char* const text : {"", "#", "#!", "#!  \n/bin/sh", "echo", "# !/bin/sh"})
    EXPECT_FALSE(script_line(text).has_value()) << text;
  // What lies behind 256 bytes, or a zero, the kernel does not see.
  EXPECT_EQ(script_line("#!/" + std::string(1000, 'x'))->interpreter.size(), 254U);
  EXPECT_EQ(script_line(std::string("#!/bin/sh\0 x", 12))->interpreter, "/bin/sh");
}

class Scripts : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/callgate-scan.XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder = name;
  }
  void TearDown() override { fs::remove_all(folder); }
  base::Result<Answer> scan_script(const std::string& text) {
    std::ofstream(folder / "script") << text;
    return scan(library, folder / "script", {});
  }
  static bool has(const Answer& answer, std::uint32_t nr) {
    return std::any_of(answer.calls.begin(), answer.calls.end(), [&](const Call& c) { return c.nr == nr; });
  }
  Library library{reader("/")};
  fs::path folder;
};

TEST_F(Scripts, OfEnvDoWhatEnvDoesToo) {
  const auto env = scan(library, "/usr/bin/env", {});
  const auto shell = scan(library, "/bin/sh", {});
  const auto both = scan_script("#!/usr/bin/env sh\n");
  ASSERT_TRUE(env && shell && both);
  EXPECT_EQ(both->script_interpreter.substr(both->script_interpreter.rfind('/')), "/sh");
  EXPECT_EQ(both->path, folder / "script");
  for (const Answer* const part : {&*env, &*shell})
    for (const Call& call : part->calls) EXPECT_TRUE(has(*both, call.nr)) << call.nr;
  for (const Call& call : both->calls) EXPECT_TRUE(has(*env, call.nr) || has(*shell, call.nr)) << call.nr;
  EXPECT_TRUE(
      std::is_sorted(both->calls.begin(), both->calls.end(), [](const Call& a, const Call& b) { return a.nr < b.nr; }));
  EXPECT_FALSE(both->closed());
}

TEST_F(Scripts, WhoseInterpreterIsNotThere) {
  const auto message = [&](const std::string& text) {
    const auto answer = scan_script(text);
    return answer ? std::string() : answer.error().message;
  };
  EXPECT_NE(message("#!/nowhere/sh\n").find("the script's interpreter '/nowhere/sh'"), std::string::npos);
  EXPECT_NE(message("#!/usr/bin/env no-such-program\n").find("no program 'no-such-program'"), std::string::npos);
  EXPECT_NE(message("#!/usr/bin/env -S $X\n").find("cannot be told"), std::string::npos);
  EXPECT_NE(message("#!\n").find("names no interpreter"), std::string::npos);
  EXPECT_NE(message("echo\n").find("no ELF file"), std::string::npos);
  // A script that is its own interpreter: the kernel, too, gives up.
  EXPECT_NE(message("#!" + (folder / "script").string() + "\n").find("4 deep"), std::string::npos);
}

// Evidence and values of both programs: the weaker claim of each.
TEST(Join, KeepsWhatHoldsForBoth) {
  Answer a, b;
  a.calls.push_back({1, Assumption::no_dlopen, {{0, {2}}, {1, {5}}}, {}});
  a.calls.push_back({9, {}, {{2, {1}}}, {}});
  b.calls.push_back({1, {}, {{0, {1, 2}}}, {}});
  b.calls.push_back({4, Assumption::no_gconv, {{0, {7}}}, {}});
  b.assumed = {Assumption::no_gconv};
  a.libraries = {"/libc"};
  b.libraries = {"/libc", "/libm"};
  join(a, b);
  ASSERT_EQ(a.calls.size(), 3U);
  EXPECT_EQ(a.calls[0].nr, 1U);
  EXPECT_FALSE(a.calls[0].assumed.has_value());
  ASSERT_EQ(a.calls[0].arguments.size(), 1U);
  EXPECT_EQ(a.calls[0].arguments[0].values, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(a.calls[1].nr, 4U);
  EXPECT_EQ(a.calls[2].arguments.size(), 1U);
  EXPECT_EQ(a.libraries, (std::vector<std::string>{"/libc", "/libm"}));
  EXPECT_EQ(a.assumed, std::vector<Assumption>{Assumption::no_gconv});
  Answer open;
  open.unresolved.push_back({Trouble::number, "x", "y"});
  join(a, open);
  join(a, open);
  EXPECT_EQ(a.unresolved.size(), 1U);
  for (const Call& call : a.calls) EXPECT_TRUE(call.arguments.empty());
}

}  // namespace
}  // namespace callgate::scan
