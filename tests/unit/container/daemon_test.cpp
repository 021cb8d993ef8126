// daemon.json: what dockerd takes from it, and what it does not start with.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "world.h"

namespace callgate::container {
namespace {

const std::string kFolder = CALLGATE_SOURCE_DIR "/tests/data/container";

struct Read {
  bool starts = false;
  Daemon daemon;
  std::vector<std::string> says;
};

Read read(TestWorld& world, std::string text, EngineVersion version = {28, 2}) {
  Read out;
  out.daemon.version = version;
  base::Diagnostics diagnostics;
  out.starts = read_daemon_json(world.files.keep("daemon.json", std::move(text)), world.files, out.daemon, diagnostics);
  for (const base::Diagnostic& each : diagnostics.items()) {
    const auto at = each.span.file->position(each.span.begin);
    out.says.push_back(base::diagnostic_code(each.number) + "@" + std::to_string(at.line) + ":" +
                       std::to_string(at.column_chars) + " " + each.message);
  }
  return out;
}

TEST(DaemonJsonTest, WhatCountsIsTakenOver) {
  TestWorld world(kFolder);
  const Read got = read(world, R"({"debug": true, "log-opts": {"anything": "x"}, "seccomp-profile": "deny.json",
    "default-runtime": "mine", "runtimes": {"mine": {"path": "/usr/bin/crun"}, "shim": {"runtimeType": "io.x.v1"}},
    "no-new-privileges": true, "userns-remap": "default", "proxies": {"http-proxy": "x"}})");
  EXPECT_TRUE(got.starts) << testing::PrintToString(got.says);
  EXPECT_EQ(got.daemon.seccomp_profile, "deny.json");
  ASSERT_NE(got.daemon.seccomp_file, nullptr);
  EXPECT_EQ(got.daemon.place.text(), "\"deny.json\"");
  EXPECT_EQ(got.daemon.default_runtime, "mine");
  EXPECT_EQ(got.daemon.runtimes.size(), 2U);
  EXPECT_TRUE(got.daemon.no_new_privileges && got.daemon.userns_remap);
}

TEST(DaemonJsonTest, NothingIsNoFault) {
  TestWorld world(kFolder);
  for (const char* text : {"", " \n", "{}", "\xef\xbb\xbf{}", "{\"seccomp-profile\": \"\"}", "{\"runtimes\": null}"}) {
    const Read got = read(world, text);
    EXPECT_TRUE(got.starts) << text;
    EXPECT_EQ(got.daemon.seccomp_profile, "");
    EXPECT_EQ(got.daemon.default_runtime, "runc");
  }
}

TEST(DaemonJsonTest, WhatDockerdDoesNotStartWithHasItsPlace) {
  TestWorld world(kFolder);
  using testing::ElementsAre;
  EXPECT_THAT(read(world, "{\n  \"seccomp_profile\": \"x\"\n}").says,
              ElementsAre("CG8004@2:3 the following directives don't match any configuration option: seccomp_profile"));
  EXPECT_THAT(read(world, R"({"proxies": {"htp-proxy": "x"}})").says,
              ElementsAre("CG8004@1:14 the following directives don't match any configuration option: htp-proxy"));
  EXPECT_THAT(read(world, R"({"seccomp-profile": "nope.json"})").says,
              ElementsAre("CG8005@1:21 opening seccomp profile (nope.json) failed: open nope.json: no such file or "
                          "directory"));
  EXPECT_THAT(read(world, R"({"seccomp-profile": 1})").says,
              ElementsAre("CG8003@1:21 'seccomp-profile' must be a string; dockerd does not start with this"));
  EXPECT_THAT(read(world, R"({"no-new-privileges": "true"})").says,
              ElementsAre("CG8003@1:23 'no-new-privileges' must be a boolean; dockerd does not start with this"));
  EXPECT_THAT(read(world, "[]").says, ElementsAre("CG8003@1:1 daemon.json must be an object"));
  EXPECT_THAT(read(world, R"({"runtimes": {"runc": {"path": "x"}}})").says,
              ElementsAre("CG8006@1:15 runtime name 'runc' is reserved"));
  EXPECT_THAT(read(world, R"({"runtimes": {"x": {}}})").says,
              ElementsAre("CG8006@1:15 runtime x: either a runtimeType or a path must be configured"));
  EXPECT_THAT(read(world, R"({"default-runtime": "crun"})").says,
              ElementsAre("CG8006@1:21 specified default runtime 'crun' does not exist"));
  EXPECT_FALSE(read(world, "{").starts);
}

TEST(DaemonJsonTest, KeywordsAreFilesToOldDaemons) {
  TestWorld world(kFolder);
  EXPECT_TRUE(read(world, R"({"seccomp-profile": "unconfined"})").starts);
  EXPECT_TRUE(read(world, R"({"seccomp-profile": "builtin"})").starts);
  EXPECT_FALSE(read(world, R"({"seccomp-profile": "unconfined"})", {20, 10}).starts);
}

}  // namespace
}  // namespace callgate::container
