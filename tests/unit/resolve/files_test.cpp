// What stands behind -f, and directories.
// SPDX-License-Identifier: Apache-2.0
#include "folder.h"
#include "resolve/diagnostic_ids.h"

namespace callgate::resolve {
namespace {

TEST_F(FolderTest, BehindTheOptionManifestsAreManifests) {
  write("pod.yaml", kPod);
  write(
      "more.json",
      R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "q"}, "spec": {"containers": [{"name": "a", "image": "i"}]}})");
  write("compose.yaml", kProject);
  ASSERT_TRUE(project({"pod.yaml", "more.json"})) << said();
  EXPECT_EQ(owners(), "Pod/p Pod/q ");
  ASSERT_TRUE(project({"compose.yaml"})) << said();
  EXPECT_EQ(owners(), "service web ");
  ASSERT_TRUE(project({})) << said();
  EXPECT_EQ(owners(), "service web ");
}

TEST_F(FolderTest, BothBehindTheOptionAreRefused) {
  write("pod.yaml", kPod);
  write("compose.yaml", kProject);
  EXPECT_FALSE(project({"compose.yaml", "pod.yaml"}));
  ASSERT_EQ(diagnostics_.items().size(), 1U);
  EXPECT_EQ(diagnostics_.items()[0].number, kMixedKinds.number);
  EXPECT_EQ(diagnostics_.items()[0].message, "'pod.yaml' holds Kubernetes' objects, and 'compose.yaml' does not");
  ASSERT_TRUE(paths({"compose.yaml", "pod.yaml"})) << said();
  EXPECT_EQ(owners(), "service web Pod/p ");
}

TEST_F(FolderTest, DirectoriesOfManifests) {
  write("k8s/b.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {containers: [{name: app, image: i}]}\n");
  write("k8s/a.yml", kPod);
  write("k8s/README.md", "docker run alpine\n");
  write("k8s/below/c.yaml", "not read");
  ASSERT_TRUE(paths({"k8s"})) << said();
  EXPECT_EQ(owners(), "Pod/p Pod/b ");
  ASSERT_TRUE(project({"k8s"})) << said();
  EXPECT_EQ(owners(), "Pod/p Pod/b ");
  write("k8s/values.yaml", "image: i\n");
  EXPECT_FALSE(paths({"k8s"}));
  ASSERT_EQ(diagnostics_.items().size(), 1U);
  EXPECT_EQ(diagnostics_.items()[0].number, kNotResolved.number);
  write("none/README.md", "");
  EXPECT_FALSE(paths({"none"}));
  ASSERT_EQ(diagnostics_.items().size(), 1U);
  EXPECT_EQ(diagnostics_.items()[0].number, kDirectory.number);
  // A Compose project is what a directory with one is taken for.
  write("k8s/compose.yaml", kProject);
  ASSERT_TRUE(paths({"k8s"})) << said();
  EXPECT_EQ(owners(), "service web ");
}

}  // namespace
}  // namespace callgate::resolve
