// Command lines of `podman kube play`.
// SPDX-License-Identifier: Apache-2.0
#include "kube/kube_play.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

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

// A world with files of the test's own; what comes of a line there.
class PlayFolder : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(mkdtemp(folder_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ + "/" + name) << text; }
  manifest::Answer play(std::vector<std::string> options) {
    files_.emplace(folder_);
    world_.emplace(container::World{.files = *files_, .filters = filters_, .podman = podman_});
    std::vector<std::string> line{"podman", "kube", "play"};
    line.insert(line.end(), options.begin(), options.end());
    manifest::Answer answer;
    resolve_kube_play(words(line), *world_, answer, diagnostics_);
    return answer;
  }
  std::string message(std::vector<std::string> options) {
    const manifest::Answer answer = play(std::move(options));
    return answer.containers.empty() ? "no container" : answer.containers.front().message;
  }
  std::string folder_ = (std::filesystem::temp_directory_path() / "callgate-play-XXXXXX").string();
  std::optional<manifest::Files> files_;
  manifest::Filters filters_{{}};
  std::optional<container::World> world_;
  container::Podman podman_;
  base::Diagnostics diagnostics_;
};

TEST_F(PlayFolder, TheDefaultIsThatOfContainersConf) {
  write("p.json", R"({"defaultAction": "SCMP_ACT_ALLOW"})");
  write("pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations:\n"
        "    container.seccomp.security.alpha.kubernetes.io/b: runtime/default\n"
        "    container.seccomp.security.alpha.kubernetes.io/c: unconfined\n"
        "spec:\n  containers:\n  - {name: a, image: i, securityContext: {privileged: true}}\n"
        "  - {name: b, image: i}\n  - {name: c, image: i}\n");
  const manifest::Answer plain = play({"pod.yaml"});
  ASSERT_EQ(plain.containers.size(), 3U);
  EXPECT_EQ(plain.containers[0].choice.kind, manifest::ProfileKind::unconfined);
  EXPECT_EQ(plain.containers[1].choice.built_in, "podman-default");
  podman_.seccomp_profile = folder_ + "/p.json";
  podman_.default_capabilities = {{"CHOWN"}};
  const manifest::Answer named = play({"pod.yaml"});
  ASSERT_EQ(named.containers.size(), 3U);
  EXPECT_EQ(named.containers[0].choice.path, folder_ + "/p.json");
  EXPECT_EQ(named.containers[1].choice.path, folder_ + "/p.json");
  EXPECT_EQ(named.containers[1].capabilities, std::vector<std::string>{"CAP_CHOWN"});
  EXPECT_EQ(named.containers[2].choice.kind, manifest::ProfileKind::unconfined);
}

// Podman 4.3 looked into containers.conf for Pods with annotations alone.
TEST_F(PlayFolder, EarlyVersionsWithoutAnnotations) {
  write("p.json", R"({"defaultAction": "SCMP_ACT_ALLOW"})");
  write("pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  initContainers: [{name: i, image: i}]\n"
        "  containers: [{name: a, image: i}]\n");
  podman_.seccomp_profile = folder_ + "/p.json";
  struct Row {
    container::EngineVersion version;
    bool init, main;  // under containers.conf's
  };
  for (const Row& row : {Row{{4, 3, 1}, false, false}, Row{{4, 5, 9}, false, true}, Row{{4, 6, 0}, true, true}}) {
    podman_.version = row.version;
    const manifest::Answer got = play({"pod.yaml"});
    ASSERT_EQ(got.containers.size(), 2U);
    EXPECT_EQ(got.containers[0].choice.kind == manifest::ProfileKind::file, row.init) << row.version.minor;
    EXPECT_EQ(got.containers[1].choice.kind == manifest::ProfileKind::file, row.main) << row.version.minor;
    EXPECT_EQ(got.containers[0].choice.built_in, row.init ? "" : "podman-default");
  }
}

TEST_F(PlayFolder, ConfigMapsThatAreNotThere) {
  write("pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: a\n    image: i\n"
        "    env: [{name: E, valueFrom: {configMapKeyRef: {name: m, key: k}}}]\n");
  write("volume.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
        "  volumes: [{name: v, configMap: {name: m}}, {name: w, configMap: {name: n, optional: true}}]\n"
        "  containers: [{name: a, image: i, envFrom: [{configMapRef: {name: o}}]}]\n");
  write("m.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {k: v}\n---\n"
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: o}\n");
  write("other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {other: v}\n");
  write("secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: m}\n");
  write("both.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: i}]}\n");
  EXPECT_EQ(message({"pod.yaml"}), "cannot set env E: configmap m not found");
  EXPECT_EQ(message({"--configmap", "m.yaml", "pod.yaml"}), "");
  EXPECT_EQ(message({"--configmap=other.yaml", "pod.yaml"}), "cannot set env E: key k not found in configmap m");
  EXPECT_EQ(message({"volume.yaml"}), "failed to create volume \"v\": no such ConfigMap \"m\"");
  EXPECT_EQ(message({"--configmap", "other.yaml", "volume.yaml"}), "configmap o not found");
  EXPECT_EQ(message({"--configmap", "m.yaml", "volume.yaml"}), "");
  EXPECT_EQ(message({"--configmap", "m.yaml,none.yaml", "pod.yaml"}), "open none.yaml: no such file or directory");
  EXPECT_EQ(message({"--configmap", "secret.yaml", "pod.yaml"}),
            "\"secret.yaml\": invalid YAML kind: \"Secret\". [ConfigMap] is the only supported by --configmap");
  EXPECT_EQ(message({"--configmap", "other.yaml", "both.yaml"}),
            "ambiguous configuration: the same config map m is present in YAML and in --configmaps other.yaml file");
  // Before Podman 5 only a file's first document was read.
  podman_.version = {4, 3, 1};
  EXPECT_EQ(message({"--configmap", "m.yaml", "volume.yaml"}), "configmap o not found");
  EXPECT_TRUE(diagnostics_.items().empty());
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
