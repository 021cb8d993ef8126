// SPDX-License-Identifier: Apache-2.0
#include "closure/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "closure/close.h"
#include "closure/scan.h"
#include "sample.h"

namespace callgate::closure {
namespace {

using testing::HasSubstr;

struct Read {
  explicit Read(std::string text) : file("closure.json", std::move(text)) { closure = read(file, diagnostics); }
  std::string messages() const { return base::render_text(diagnostics, false); }
  base::SourceFile file;
  base::Diagnostics diagnostics;
  std::optional<Closure> closure;
};

// One of everything.
Closure sample() {
  recording::Call socket = call("socket", 2, 1), clone3 = call("clone3", 1, 0);
  recording::Argument family;
  family.values = {1, 2};
  socket.arguments = {family, family};
  socket.arguments[1].phase = recording::Phase::serving;
  clone3.denied = -38;
  recording::Run run = run_of({socket, clone3, call("write", 1, 0, arch::Arch::x86)}, true), torn = run;
  run.capabilities = {{21, true, std::pair{kNative, nr("mmap")}, {}}, {0, true, {}, {}}};
  torn.id = "torn";
  torn.known = 0;
  torn.finished = torn.complete = false;
  Closure out = close({{run, torn}}, {});
  out.frontier = {{kNative, nr("mount"), "proved"}};
  out.scanned = true;
  out.outside = policy::kKillProcess;
  out.on_frontier = {policy::ActionKind::log, 0};
  out.notes.emplace_back("a note");
  out.budget = 35;
  return out;
}

TEST(ClosureFile, RoundTrip) {
  const Closure closure = sample();
  const Read again(to_json(closure));
  EXPECT_EQ(again.messages(), "");
  ASSERT_TRUE(again.closure);
  EXPECT_EQ(*again.closure, closure);
  EXPECT_TRUE(looks_like_closure(again.file.text()));
  EXPECT_FALSE(looks_like_closure("{\"defaultAction\": \"closure\"}"));
}

TEST(ClosureFile, RandomOnesComeBack) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 200; ++round) {
    Options options;
    options.pinning = Pinning::all;
    const Closure closure = close(random_recording(random), options);
    const Read again(to_json(closure));
    ASSERT_EQ(again.messages(), "") << round;
    EXPECT_EQ(*again.closure, closure) << round;
  }
}

// The first version had two phases; what its shutdown needs stands in serving.
TEST(ClosureFile, EarlierVersion) {
  Closure closure = close({{run_of({call("read", 1, 1)})}}, {});
  closure.core[2].clear();
  std::string text = to_json(closure);
  const auto version = text.find(R"("closure": 2)");
  ASSERT_NE(version, std::string::npos);
  text.replace(version, 12, R"("closure": 1)");
  const auto begin = text.find(R"("shutdown")"), comma = text.rfind(',', begin);
  ASSERT_NE(begin, std::string::npos);
  text.erase(comma, text.find('}', begin) + 1 - comma);
  const Read again(text);
  EXPECT_EQ(again.messages(), "");
  ASSERT_TRUE(again.closure);
  EXPECT_EQ(*again.closure, closure);
}

TEST(ClosureFile, Schema) {
  const std::string text = to_json(sample());
  for (const char* const part :
       {R"("closure": 2)", R"("schema_version": 1)", R"("startup")", R"("shutdown")", R"("size")", R"("core")",
        R"("call": "socket")", R"("arch": "x86_64")", R"("count": 4)", R"("args")", R"("evidence")", R"("limit": 35)",
        R"("holds": true)", R"("over": [])", R"("incomplete")", R"("text": "AF_UNIX, AF_INET")"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(ClosureFile, Faults) {
  struct Row {
    const char *from, *to, *message;
  };
  const Row rows[] = {
      {R"("closure": 2)", R"("closure": 3)", "this closure has version 3; 1 to 2 are known [CG5402]"},
      {R"("closure": 2)", R"("closure": 1)", "'phases' has startup, serving and, since version 2, shutdown [CG5401]"},
      {R"("closure": 2)", R"("other": 1)", "this is no closure [CG5401]"},
      {R"("nr": 41)", R"("nr": 42)", "'socket' is number 41 on x86_64, not 42 [CG5401]"},
      {R"("origin": "observed")", R"("origin": "guessed")", "'origin' cannot be 'guessed' [CG5401]"},
      {R"("startup": {)", R"("middle": {)", "no 'startup' here [CG5401]"},
      {R"("arg": 0)", R"("arg": 6)", "calls have six arguments, 0 to 5 [CG5401]"},
      {R"("mask": 4294967295)", R"("mask": 1)", "within the mask [CG5401]"},
      {R"("scanned": true)", R"("scanned": 1)", "'scanned' is neither true nor false [CG5401]"},
      {R"("action": "LOG")", R"("action": "SHRUG")", "'action' cannot be 'SHRUG' [CG5401]"},
      {R"("run": "torn")", R"("run": "whole")", "none of the recordings that are not complete [CG5401]"},
      {R"("capability": "CAP_CHOWN")", R"("capability": "CHOWN")", "a capability is called CAP_… [CG5401]"},
      {R"("limit": 35)", R"("limit": -1)", "'limit' is no whole number"},
      {R"("evidence": {)", R"("evidence": 7, "x": {)", "an object should stand here [CG5401]"},
  };
  const std::string good = to_json(sample());
  for (const Row& row : rows) {
    std::string text = good;
    const auto place = text.find(row.from);
    ASSERT_NE(place, std::string::npos) << row.from;
    const Read again(text.replace(place, std::string_view(row.from).size(), row.to));
    EXPECT_FALSE(again.closure) << row.to;
    EXPECT_THAT(again.messages(), HasSubstr(row.message)) << row.to;
  }
  EXPECT_FALSE(Read("{\"closure\": 1").closure);
  EXPECT_FALSE(Read("[]").closure);
}

TEST(ClosureFile, EveryPrefixIsRefused) {
  const std::string text = to_json(sample());
  for (std::size_t size = 0; size + 2 < text.size(); size += 11)
    EXPECT_FALSE(Read(text.substr(0, size)).closure) << size;
}

}  // namespace
}  // namespace callgate::closure
