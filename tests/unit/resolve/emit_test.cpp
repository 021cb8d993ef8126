// What `--emit` writes, read back: it runs under the profile that was given.
// SPDX-License-Identifier: Apache-2.0
#include "resolve/emit.h"

#include <fmt/format.h>

#include "folder.h"

namespace callgate::resolve {
namespace {

constexpr const char* kProfile =
    R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_ERRNO"}]})";

class EmitTest : public FolderTest {
 protected:
  // The one container runs under the file: whether it was read for it.
  void expect_file(const std::string& path) {
    ASSERT_EQ(answer_.containers.size(), 1U) << said();
    const manifest::Container& got = answer_.containers.front();
    EXPECT_EQ(got.outcome, manifest::Outcome::runs) << got.message;
    EXPECT_EQ(got.choice.kind, manifest::ProfileKind::file);
    EXPECT_EQ(got.choice.path, path);
    ASSERT_TRUE(got.choice.filter);
    EXPECT_TRUE(got.choice.filter->profile.confined);
    EXPECT_FALSE(diagnostics_.has_errors()) << said();
  }
};

TEST_F(EmitTest, DockerLine) {
  for (const char* const name : {"web.json", "unconfined", "it's a $profile.json", "a=b:c.json", "-x"}) {
    write(name, kProfile);
    write("line.sh", emit(Target::docker, {.profile = name}));
    ASSERT_TRUE(paths({"line.sh"})) << said();
    expect_file(fmt::format("./{}", name));
  }
}

TEST_F(EmitTest, ComposeFile) {
  for (const char* const name : {"web.json", "unconfined", "it's a $profile.json", "a: b #c.json", "\"q\".json"}) {
    write(name, kProfile);
    write("compose.yaml", emit(Target::compose, {.profile = name}));
    ASSERT_TRUE(project({"compose.yaml"})) << said();
    expect_file(fmt::format("./{}", name));
  }
}

TEST_F(EmitTest, Pod) {
  write("seccomp/profiles/web.json", kProfile);
  options_.kube.seccomp_root = folder_ + "/seccomp";
  for (const bool crio : {false, true}) {
    options_.kube.engine = crio ? "cri-o" : "containerd";
    write("pod.yaml", emit(Target::kubernetes, {.profile = "../web.json", .crio = crio}));
    ASSERT_TRUE(project({"pod.yaml"})) << said();
    expect_file("/var/lib/kubelet/seccomp/profiles/web.json");
  }
}

TEST_F(EmitTest, RuntimeClassOfContainerd) {
  write("seccomp/profiles/web.json", kProfile);
  options_.kube.seccomp_root = folder_ + "/seccomp";
  write("pod.yaml", emit(Target::kubernetes, {.profile = "web.json", .runtime_class = "web", .handler = "runc"}));
  ASSERT_TRUE(paths({"pod.yaml"})) << said();
  expect_file("/var/lib/kubelet/seccomp/profiles/web.json");
  ASSERT_EQ(answer_.objects.size(), 1U);
  EXPECT_EQ(answer_.objects[0].kind, "RuntimeClass");
}

// CRI-O's handler carries the profile: its configuration stands in the comment above the objects.
TEST_F(EmitTest, RuntimeClassOfCrio) {
  write("seccomp/profiles/web.json", kProfile);
  const std::string text = emit(Target::kubernetes, {.profile = "web.json", .runtime_class = "web", .crio = true});
  const auto begin = text.find("#   [crio"), end = text.find("# It holds");
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos);
  std::string config;
  for (std::size_t at = begin; at < end; at = text.find('\n', at) + 1)
    config += text.substr(at + 4, text.find('\n', at) + 1 - at - 4);
  write("crio.conf", config);
  write("pod.yaml", text);
  options_.kube.engine = "cri-o";
  options_.kube.engine_configs = {folder_ + "/crio.conf"};
  options_.kube.seccomp_root = folder_ + "/seccomp";
  ASSERT_TRUE(paths({"pod.yaml"})) << said();
  expect_file("/var/lib/kubelet/seccomp/profiles/web.json");
}

}  // namespace
}  // namespace callgate::resolve
