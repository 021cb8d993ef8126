// Command lines of `podman kube play`.
// SPDX-License-Identifier: Apache-2.0
#include "kube/kube_play.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kube/diagnostic_ids.h"

namespace callgate::kube {
namespace {

std::vector<container::Word> words(const std::vector<std::string>& texts) {
  std::vector<container::Word> out;
  for (const std::string& each : texts) out.push_back({each, {}});
  return out;
}

TEST(KubePlay, WhatCallsIt) {
  EXPECT_TRUE(is_kube_play(words({"podman", "kube", "play", "a.yaml"})));
  EXPECT_TRUE(is_kube_play(words({"/usr/bin/podman", "--log-level", "debug", "play", "kube", "a.yaml"})));
  EXPECT_FALSE(is_kube_play(words({"podman", "run", "kube", "play"})));
  EXPECT_FALSE(is_kube_play(words({"docker", "kube", "play", "a.yaml"})));
  EXPECT_FALSE(is_kube_play(words({"podman"})));
  EXPECT_FALSE(is_kube_play({}));
}

TEST(KubePlay, RootOfTheCommandLine) {
  namespace fs = std::filesystem;
  std::string folder = (fs::temp_directory_path() / "callgate-play-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/p.json") << R"({"defaultAction": "SCMP_ACT_ALLOW"})";
  std::ofstream(folder + "/pod.yaml") << "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations:\n"
                                         "    seccomp.security.alpha.kubernetes.io/pod: localhost/p.json\n"
                                         "spec: {containers: [{name: a, image: i}]}\n";
  manifest::Files files(folder);
  manifest::Filters filters{{}};
  container::World world{files, filters};
  for (const auto& line :
       {std::vector<std::string>{"podman", "kube", "play", "--seccomp-profile-root", folder, "pod.yaml"},
        {"podman", "kube", "play", "--seccomp-profile-root=" + folder, "--net", "none", "pod.yaml"}}) {
    manifest::Answer answer;
    base::Diagnostics diagnostics;
    resolve_kube_play(words(line), world, answer, diagnostics);
    ASSERT_EQ(answer.containers.size(), 1U);
    EXPECT_EQ(answer.containers[0].choice.path, folder + "/p.json");
    EXPECT_TRUE(answer.containers[0].choice.filter);
    EXPECT_TRUE(diagnostics.items().empty());
  }
  fs::remove_all(folder);
}

TEST(KubePlay, WithoutAFile) {
  manifest::Files files("/");
  manifest::Filters filters{{}};
  container::World world{files, filters};
  manifest::Answer answer;
  base::Diagnostics diagnostics;
  resolve_kube_play(words({"podman", "kube", "play"}), world, answer, diagnostics);
  ASSERT_EQ(diagnostics.items().size(), 1U);
  EXPECT_EQ(diagnostics.items()[0].number, kPlayUsage.number);
  resolve_kube_play(words({"podman", "kube", "play", "/nowhere/a.yaml"}), world, answer, diagnostics);
  ASSERT_EQ(diagnostics.items().size(), 2U);
  EXPECT_EQ(diagnostics.items()[1].number, kCannotOpen.number);
}

}  // namespace
}  // namespace callgate::kube
