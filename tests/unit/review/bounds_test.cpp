// Ceilings and closures, of manifests and of profiles. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "closure/close.h"
#include "unit/closure/sample.h"
#include "unit/review/case_folder.h"

namespace callgate::review {
namespace {

// Errors but for the calls named.
policy::Policy only(CaseFolder& folder, const std::string& names) {
  container::World& world = folder.world();
  const base::SourceFile& file = world.files.keep(
      "bound.json",
      R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"action": "SCMP_ACT_ALLOW", "names": [)" + names + "]}]}");
  base::Diagnostics ignored;
  return world.filters.of_file(file, format::Engine::docker, {}, ignored)->profile.policy;
}

Need need_of(policy::Policy policy) {
  Need out;
  out.name = "need.json";
  out.policy = std::move(policy);
  return out;
}

TEST(Bounds, Ceiling) {
  CaseFolder folder;
  container::World& world = folder.world();
  const auto standard =
      world.filters.built_in("docker-default", format::Engine::docker, format::default_capabilities());
  folder.options.ceiling = Bound{"docker-default", standard->profile.policy};
  folder.write("compose.yaml", "services:\n  web:\n    image: i\n  more:\n    image: i\n    cap_add: [SYS_ADMIN]\n");
  folder.review({"compose.yaml"});
  const lint::Finding* found = folder.only("above-ceiling");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->span.text(), "more");
  ASSERT_TRUE(found->witness && found->witness->beside);
  EXPECT_EQ(policy::to_string(found->witness->answer.action), "ALLOW");
  EXPECT_NE(policy::to_string(found->witness->beside->action), "ALLOW");
  folder.write("a.yaml", pod());
  folder.review({"a.yaml"});
  found = folder.only("above-ceiling");
  ASSERT_NE(found, nullptr);
  EXPECT_TRUE(found->message.starts_with("there is no filter")) << found->message;
}

TEST(Bounds, Closure) {
  CaseFolder folder;
  folder.write("compose.yaml", "services:\n  web:\n    image: i\n");
  folder.options.closure = need_of(only(folder, R"("read", "io_uring_setup")"));
  folder.review({"compose.yaml"});
  const lint::Finding* const found = folder.only("closure-refused");
  ASSERT_NE(found, nullptr);
  ASSERT_TRUE(found->witness && found->witness->beside);
  EXPECT_EQ(policy::to_string(found->witness->beside->action), "ALLOW");
  folder.options.closure = need_of(only(folder, R"("read", "write")"));
  folder.review({"compose.yaml"});
  EXPECT_TRUE(folder.of("closure-refused").empty());
}

// Docker's default compares all 64 bits of personality's argument; a closure says that 32 of them count.
TEST(Bounds, AClosureOfRecordings) {
  CaseFolder folder;
  folder.write("compose.yaml", "services:\n  web:\n    image: i\n  more:\n    image: i\n");
  recording::Call personality = closure::call("personality", 1, 0);
  personality.arguments = {closure::values(0, {0xffffffff})};
  std::vector<recording::Call> calls{personality, closure::call("clone3", 1, 2),
                                     closure::call("read", 1, 1, arch::Arch::x86)};
  const auto hold = [&] {
    folder.options.closure = need_of(policy::constant(policy::kAllow));
    folder.options.closure->closure = closure::close({{closure::run_of(calls, true)}}, {});
    folder.review({"compose.yaml"});
    return folder.only("closure-refused");
  };
  hold();
  EXPECT_TRUE(folder.of("closure-refused").empty());
  calls.push_back(closure::call("mount", 2, 0));
  const lint::Finding* const found = hold();
  EXPECT_EQ(folder.of("closure-refused").size(), 2U) << "one for each service";
  ASSERT_EQ(found, nullptr);
  const lint::Finding& first = *folder.of("closure-refused").front();
  EXPECT_EQ(first.witness->answer.call.nr, closure::nr("mount"));
  ASSERT_FALSE(first.notes.empty());
  EXPECT_EQ(first.notes.front().message, "needed: made 2 times by web; mounts and namespaces");
  folder.options.closure->phase = closure::Phase::serving;
  folder.review({"compose.yaml"});
  EXPECT_TRUE(folder.of("closure-refused").empty()) << "only needed at startup";
}

// Nothing runs, so nothing is granted, and nothing needed is refused.
TEST(Bounds, ARefusedContainerBreaksNone) {
  CaseFolder folder;
  folder.options.ceiling = Bound{"b", only(folder, R"("read")")};
  folder.options.closure = need_of(only(folder, R"("read")"));
  folder.write("a.yaml", pod("  securityContext:\n    seccompProfile:\n      type: unconfined\n"));
  folder.review({"a.yaml"});
  EXPECT_TRUE(folder.of("above-ceiling").empty());
  EXPECT_TRUE(folder.of("closure-refused").empty());
  EXPECT_NE(folder.only("value-case"), nullptr);
}

TEST(Bounds, WhatLiesOnTheNodeIsNotKnown) {
  CaseFolder folder;
  const std::string local =
      "  securityContext:\n    seccompProfile:\n      type: Localhost\n      localhostProfile: w.json\n";
  folder.write("a.yaml", pod(local));
  folder.review({"a.yaml"});
  EXPECT_TRUE(folder.of("profile-unknown").empty());
  folder.options.ceiling = Bound{"ceiling.json", only(folder, R"("read")")};
  folder.review({"a.yaml"});
  ASSERT_NE(folder.only("profile-unknown"), nullptr);
  EXPECT_EQ(folder.only("profile-unknown")->span.text(), "w.json");
  folder.write("node/w.json", R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"],
                                  "action": "SCMP_ACT_ALLOW"}]})");
  folder.options.resolve.kube.seccomp_root = folder.path("node");
  folder.review({"a.yaml"});
  EXPECT_TRUE(folder.of("profile-unknown").empty());
  EXPECT_TRUE(folder.of("above-ceiling").empty());
}

TEST(Bounds, AProfileByItself) {
  CaseFolder folder;
  folder.options.ceiling = Bound{"ceiling.json", only(folder, R"("read", "write")")};
  folder.options.closure = need_of(only(folder, R"("read")"));
  lint::Report report;
  hold_against_bounds(only(folder, R"("read")"), folder.options, arch::Arch::x86_64, report);
  EXPECT_TRUE(report.findings.empty());
  hold_against_bounds(only(folder, R"("bpf")"), folder.options, arch::Arch::x86_64, report);
  ASSERT_EQ(report.findings.size(), 2U);
  EXPECT_EQ(report.findings[0].rule->id, "above-ceiling");
  EXPECT_EQ(report.findings[1].rule->id, "closure-refused");
}

}  // namespace
}  // namespace callgate::review
