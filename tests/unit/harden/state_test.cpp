// SPDX-License-Identifier: Apache-2.0
#include "harden/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace callgate::harden {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

State sample() {
  State out;
  out.command = {"web", "--port", "a \"b\"\n"};
  out.program = "/usr/bin/web";
  out.identity = "build-id 00ff";
  out.settings = "arguments risky";
  out.stage = Stage::denied;
  out.runs = 3;
  out.trials = 5;
  out.quiet = 1;
  out.enforced = 2;
  out.statuses = {0, 3};
  add_step(out, "record", "run 1 of 3");
  add_step(out, "close", "calls");
  return out;
}

std::string messages(const std::string& text, std::optional<State>* state = nullptr) {
  const base::SourceFile file("state.json", text);
  base::Diagnostics found;
  auto got = read(file, found);
  EXPECT_NE(got.has_value(), found.has_errors());
  if (state != nullptr) *state = std::move(got);
  return base::render_text(found, false);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(HardenState, ComesBackFromItsFile) {
  const State given = sample();  // made once: its steps hold the time
  std::optional<State> got;
  EXPECT_THAT(messages(to_json(given), &got), IsEmpty());
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, given);
}

TEST(HardenState, WhatIsWrongIsTold) {
  const std::string good = to_json(sample());
  const struct {
    std::string_view from, to, message;
  } rows[] = {
      {R"("harden": 1)", R"("harden": 2)", "this directory has version 2; 1 is known [CG5502]"},
      {R"("harden": 1)", R"("soften": 1)", "this is no state of harden [CG5501]"},
      {R"("stage": "denied")", R"("stage": "done")", "'stage' cannot be 'done' [CG5501]"},
      {R"("runs": 3)", R"("runs": -3)", "'runs' is no whole number"},
      {R"("runs": 3,)", "", "no 'runs' here [CG5501]"},
      {R"("web",)", "7,", "a word is a text [CG5501]"},
      {"    3\n", "    300\n", "a status is a number up to 255 [CG5501]"},
      {R"("step": "close")", R"("step": [])", "'step' is no text [CG5501]"},
      {R"("number": 1)", R"("number": 99999999999)", "'number' is no whole number"},
  };
  for (const auto& row : rows)
    EXPECT_THAT(messages(replaced(good, row.from, row.to)), HasSubstr(row.message)) << row.to;
  for (std::size_t size = 0; size + 2 < good.size(); ++size)
    EXPECT_THAT(messages(good.substr(0, size)), HasSubstr("CG")) << size;
}

TEST(HardenState, OldStepsAreForgottenAndNumbersGoOn) {
  State state;
  for (std::size_t i = 0; i < kMostSteps + 10; ++i) add_step(state, "trial", "");
  EXPECT_EQ(state.steps.size(), kMostSteps);
  EXPECT_EQ(state.steps.front().number, 11U);
  EXPECT_EQ(state.steps.back().number, kMostSteps + 10);
}

TEST(HardenState, IdentitiesTellFilesApart) {
  const std::string path = testing::TempDir() + "harden-identity";
  std::filesystem::remove(path);
  EXPECT_EQ(identity_of(path), "") << "there is none";
  std::ofstream(path) << "#!/bin/sh\n";
  const std::string first = identity_of(path);
  EXPECT_THAT(first, StartsWith("10 bytes, "));
  std::ofstream(path) << "#!/bin/ks\n";
  EXPECT_NE(identity_of(path), first);
  EXPECT_THAT(identity_of("/proc/self/exe"), testing::AnyOf(StartsWith("build-id "), HasSubstr(" bytes, ")));
}

TEST(HardenState, Times) {
  EXPECT_EQ(parse_time("90"), 90U);
  EXPECT_EQ(parse_time("90s"), 90U);
  EXPECT_EQ(parse_time("10m"), 600U);
  EXPECT_EQ(parse_time("2h"), 7200U);
  for (const char* const wrong :
       {"", "s", "0", "0m", "1d", "-1", "1.5", "200h", "99999999999999999999", "18446744073709551615h"})
    EXPECT_FALSE(parse_time(wrong)) << wrong;
}

}  // namespace
}  // namespace callgate::harden
