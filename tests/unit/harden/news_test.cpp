// SPDX-License-Identifier: Apache-2.0
#include "harden/news.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "arch/calls.h"
#include "closure/need.h"
#include "policy/algebra.h"
#include "recording/file.h"

namespace callgate::harden {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t kUnix = 1, kInet = 2, kNetlink = 16;

why::Denial denial(std::string_view name, std::array<std::uint64_t, 6> args = {},
                   policy::Action action = policy::make_errno(1), arch::Arch arch = arch::Arch::x86_64) {
  why::Denial out;
  out.call = {arch::info(arch).audit, *arch::number(arch, name), args};
  out.action = action;
  out.program = "web";
  out.executable = "/usr/bin/web";
  out.count = 2;
  return out;
}

recording::Run begun(std::string id = "1") {
  recording::Run run;
  run.id = std::move(id);
  run.command = {"web"};
  run.arch = arch::Arch::x86_64;
  return run;
}

closure::Closure closed(const std::vector<recording::Run>& runs) {
  recording::Recording all;
  all.runs = runs;
  return closure::close(all, {});
}

policy::Policy granted(const std::vector<recording::Run>& runs) {
  return closure::need(closed(runs), std::nullopt);
}

std::vector<std::string> names(const std::vector<News>& all) {
  std::vector<std::string> out;
  for (const News& each : all) out.push_back(recording::call_name(each.entry.audit, each.entry.nr));
  return out;
}

TEST(RefusedRun, IsARecordingLikeAnyOther) {
  const recording::Run run = refused_run(
      begun(), {denial("socket", {kNetlink, 3, 0}), denial("socket", {kInet, 1, 0}), denial("mkdir")}, true);
  EXPECT_TRUE(run.complete);
  EXPECT_TRUE(run.only_refused);
  ASSERT_THAT(run.calls, SizeIs(2));
  const base::SourceFile file("denied.jsonl", recording::to_lines(run));
  recording::KeptLines kept;
  base::Diagnostics found;
  const recording::Recording back = recording::read(file, kept, found);
  EXPECT_THAT(found.items(), IsEmpty()) << base::render_text(found, false);
  EXPECT_THAT(back.runs, ElementsAre(run));
}

TEST(RefusedRun, WhatWasDeniedIsGrantedByItsClosure) {
  const std::vector<why::Denial> denials{denial("socket", {kNetlink, 3, 0}), denial("listen"), denial("mkdir"),
                                         denial("mkdir", {}, policy::kKillProcess, arch::Arch::x86)};
  const policy::Policy policy = granted({refused_run(begun(), denials, true)});
  for (const why::Denial& each : denials) EXPECT_EQ(policy::evaluate(policy, each.call), policy::kAllow);
  EXPECT_NE(policy::evaluate(policy, denial("socket", {kInet, 3, 0}).call), policy::kAllow) << "and its like is not";
  for (const closure::Phase phase : {closure::Phase::startup, closure::Phase::serving})
    EXPECT_NE(closed({refused_run(begun(), denials, true)}).find(phase, denials[0].call.audit, denials[0].call.nr),
              nullptr);
}

TEST(RefusedRun, TellsRefusalsFromWhatWasLetThrough) {
  const auto denied = closed({refused_run(begun(), {denial("mkdir")}, true)});
  const auto logged = closed({refused_run(begun(), {denial("mkdir", {}, {policy::ActionKind::log, 0})}, false)});
  const auto call = denial("mkdir").call;
  EXPECT_TRUE(denied.find(closure::Phase::serving, call.audit, call.nr)->evidence.refused);
  EXPECT_FALSE(logged.find(closure::Phase::serving, call.audit, call.nr)->evidence.refused);
}

TEST(HardenNews, AreWhatTheProfileRefuses) {
  const recording::Run old = refused_run(begun("1"), {denial("socket", {kUnix, 1, 0}), denial("read")}, false);
  const policy::Policy policy = granted({old});
  EXPECT_THAT(news(old, {}, {policy, policy}), IsEmpty());
  const recording::Run more = refused_run(
      begun("2"),
      {denial("read"), denial("socket", {kUnix, 1, 0}), denial("socket", {kNetlink, 3, 0}), denial("mkdir")}, false);
  const auto found = news(more, {}, {policy, policy});
  EXPECT_THAT(names(found), ElementsAre("socket", "mkdir"));
  EXPECT_EQ(found[0].witness.args[0], kNetlink);
  EXPECT_THAT(describe(found[0]), HasSubstr("socket(family=AF_NETLINK"));
  EXPECT_THAT(describe(found[1]), HasSubstr("mkdir, made 2 times by web"));
  const policy::Policy both = granted({old, more});
  EXPECT_THAT(news(more, {}, {both, both}), IsEmpty()) << "taken in, it is new no more";
}

TEST(HardenNews, OfAnotherArchitectureToo) {
  const recording::Run old = refused_run(begun("1"), {denial("read")}, false);
  const recording::Run more = refused_run(begun("2"), {denial("getpid", {}, policy::kAllow, arch::Arch::x86)}, false);
  const policy::Policy before = granted({old});
  const auto found = news(more, {}, {before, before});
  ASSERT_THAT(names(found), ElementsAre("getpid"));
  EXPECT_THAT(describe(found[0]), HasSubstr("x86 getpid"));
}

}  // namespace
}  // namespace callgate::harden
