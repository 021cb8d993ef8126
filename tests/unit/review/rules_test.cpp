// Each rule about manifests: a file that breaks it, where the finding stands, and one like it that does not.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>

#include "unit/review/case_folder.h"

namespace callgate::review {
namespace {

struct Row {
  std::string rule;
  std::string name, breaks, where, keeps;  // `where`: the text that the finding is about
  std::function<void(CaseFolder&)> before = {};
};

const std::string kAnnotated =
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations:\n    "
    "seccomp.security.alpha.kubernetes.io/pod: runtime/default\nspec:\n  containers:\n  - name: a\n    image: i\n";
const std::string kDefault = "  securityContext:\n    seccompProfile:\n      type: RuntimeDefault\n";

std::string local(const std::string& path) {
  return pod("  securityContext:\n    seccompProfile:\n      type: Localhost\n      localhostProfile: " + path + "\n");
}

std::string of_class(const std::string& name) {
  return "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata:\n  name: known\nhandler: runc\n---\n" +
         pod("  runtimeClassName: " + name + "\n" + kDefault);
}

void with_node_files(CaseFolder& folder) {
  folder.write("node/there.json", R"({"defaultAction": "SCMP_ACT_ALLOW"})");
  folder.options.resolve.kube.seccomp_root = folder.path("node");
}

void baseline_is_enforced(CaseFolder& folder) {
  folder.options.resolve.kube.cluster.namespaces["default"].enforce = {kube::Level::baseline, std::nullopt};
}

void conditional_on_node(CaseFolder& folder) {
  folder.write("node/plain.json", R"({"defaultAction": "SCMP_ACT_ALLOW"})");
  folder.write("node/conditional.json",
               R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["bpf"], "action": "SCMP_ACT_ERRNO",
                   "includes": {"caps": ["CAP_SYS_ADMIN"]}}]})");
  folder.options.resolve.kube.seccomp_root = folder.path("node");
}

void profiles_beside(CaseFolder& folder) {
  folder.write("open.json", R"({"defaultAction": "SCMP_ACT_ALLOW"})");
  folder.write("off.json", "{}");
  folder.write("none.json", R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []})");
  folder.write("sub/open.json", R"({"defaultAction": "SCMP_ACT_ALLOW"})");
}

std::vector<Row> kubernetes_rows() {
  return {
      {"legacy-annotation", "a.yaml", kAnnotated, "seccomp.security.alpha.kubernetes.io/pod",
       pod("  securityContext:\n    seccompProfile:\n      type: Unconfined\n")},
      {"not-created", "a.yaml", pod("", "    imagePullPolicy: Sometimes\n"), "Sometimes", pod(kDefault)},
      {"pod-security", "a.yaml", pod("  hostNetwork: true\n" + kDefault), "hostNetwork", pod(kDefault),
       baseline_is_enforced},
      {"privileged-profile", "a.yaml", pod(kDefault, "    securityContext:\n      privileged: true\n"),
       "seccompProfile", pod(kDefault)},
      {"profile-dropped", "a.yaml", pod("  seccompProfile:\n    type: RuntimeDefault\n"), "seccompProfile",
       pod(kDefault)},
      {"profile-missing", "a.yaml", local("nope.json"), "nope.json", local("there.json"), with_node_files},
      {"profile-path", "a.yaml", local("/etc/a.json"), "/etc/a.json", local("etc/a.json")},
      {"profile-path", "a.yaml", local("../a.json"), "../a.json", local("a..json")},
      {"profile-unset", "a.yaml", pod(), "name: a\n    image: i", pod(kDefault)},
      {"runtimeclass-unknown", "a.yaml", of_class("other"), "other", of_class("known")},
      {"unconfined", "a.yaml", pod("  securityContext:\n    seccompProfile:\n      type: Unconfined\n"),
       "seccompProfile", pod(kDefault)},
      {"unknown-field", "a.yaml", pod("  hostNetwrk: true\n"), "hostNetwrk", pod("  hostNetwork: true\n")},
      {"value-case", "a.yaml", pod("  securityContext:\n    seccompProfile:\n      type: unconfined\n"), "unconfined",
       pod("  securityContext:\n    seccompProfile:\n      type: Unconfined\n")},
      {"windows-pod", "a.yaml", pod("  os:\n    name: windows\n" + kDefault), "seccompProfile",
       pod("  os:\n    name: linux\n" + kDefault)},
      {"conditions-ignored", "a.yaml", local("conditional.json"), "conditional.json", local("plain.json"),
       conditional_on_node},
  };
}

std::vector<Row> engine_rows() {
  const auto option = [](const std::string& text) { return service("    security_opt:\n      - " + text + "\n"); };
  return {
      {"keyword-as-file", "compose.yaml", option("seccomp=default"), "default", option("seccomp=builtin")},
      {"keyword-as-file", "run.sh", "docker run --security-opt seccomp=runtime/default i\n", "runtime/default",
       "docker run --security-opt seccomp=open.json i\n", profiles_beside},
      {"option-twice", "compose.yaml", option("seccomp=open.json\n      - seccomp=unconfined"), "seccomp=open.json",
       option("seccomp=open.json\n      - no-new-privileges:true"), profiles_beside},
      {"option-twice", "run.sh", "podman run --security-opt seccomp=open.json --security-opt seccomp=unconfined i\n",
       "seccomp=open.json", "podman run --security-opt seccomp=open.json --security-opt label=disable i\n",
       profiles_beside},
      {"path-base", "sub/compose.yaml", option("seccomp=open.json"), "seccomp=open.json", option("seccomp=none.json"),
       [](CaseFolder& folder) {
         profiles_beside(folder);
         folder.options.resolve.compose.project_directory = folder.path(".");
       }},
      {"privileged-profile", "run.sh", "nerdctl run --privileged --security-opt seccomp=open.json i\n",
       "seccomp=open.json", "nerdctl run --security-opt seccomp=open.json i\n", profiles_beside},
      {"profile-missing", "compose.yaml", option("seccomp=nope/nope.json"), "seccomp=nope/nope.json",
       option("seccomp=open.json"), profiles_beside},
      {"seccomp-off", "compose.yaml", option("seccomp=off.json"), "seccomp=off.json", option("seccomp=open.json"),
       profiles_beside},
      {"startup-runc", "compose.yaml", option("seccomp=none.json"), "seccomp=none.json", option("seccomp=open.json"),
       profiles_beside},
      {"unconfined", "run.sh", "docker run --security-opt seccomp:unconfined i\n", "seccomp:unconfined",
       "docker run i\n"},
      {"value-case", "compose.yaml", option("seccomp:Unconfined"), "Unconfined", option("seccomp:unconfined")},
      {"not-created", "run.sh", "docker run --security-opt sandbox=none i\n", "sandbox=none",
       "docker run --security-opt label=disable i\n"},
  };
}

void check(const Row& row) {
  SCOPED_TRACE(row.rule + " in " + row.name);
  CaseFolder folder;
  if (row.before) row.before(folder);
  folder.write(row.name, row.breaks);
  ASSERT_FALSE(folder.review({row.name}).empty()) << base::render_text(folder.diagnostics, false);
  const lint::Finding* const found = folder.only(row.rule);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->span.text(), row.where);
  EXPECT_FALSE(found->message.empty());
  folder.write(row.name, row.keeps);
  ASSERT_FALSE(folder.review({row.name}).empty()) << base::render_text(folder.diagnostics, false);
  EXPECT_TRUE(folder.of(row.rule).empty()) << folder.of(row.rule).front()->message;
}

TEST(Rules, Kubernetes) {
  for (const Row& row : kubernetes_rows()) check(row);
}

TEST(Rules, EnginesCommandLinesAndCompose) {
  for (const Row& row : engine_rows()) check(row);
}

// The call that shows an open door is refused by Docker's default.
TEST(Rules, NoFilterHasAWitness) {
  CaseFolder folder;
  folder.write("a.yaml", pod());
  folder.review({"a.yaml"});
  const lint::Finding* const found = folder.only("profile-unset");
  ASSERT_NE(found, nullptr);
  ASSERT_TRUE(found->witness);
  EXPECT_EQ(policy::to_string(found->witness->answer.action), "ALLOW");
  manifest::Filters filters{{arch::Arch::x86_64, {6, 18}}};
  const auto standard = filters.built_in("docker-default", format::Engine::docker, format::default_capabilities());
  EXPECT_NE(policy::to_string(policy::evaluate(standard->profile.policy, found->witness->answer.call)), "ALLOW");
}

TEST(Rules, SeccompDefaultOfTheKubeletIsAProfile) {
  CaseFolder folder;
  folder.options.resolve.kube.seccomp_default = true;
  folder.write("a.yaml", pod());
  folder.review({"a.yaml"});
  EXPECT_TRUE(folder.of("profile-unset").empty());
}

// A refusal with several reasons is a finding each, where it stands.
TEST(Rules, EveryReasonOfARefusal) {
  CaseFolder folder;
  folder.write("a.yaml", pod("  securityContext:\n    seccompProfile:\n      type: localhost\n",
                             "    securityContext:\n      seccompProfile:\n        type: Localhost\n        "
                             "localhostProfile: /a.json\n"));
  folder.review({"a.yaml"});
  ASSERT_NE(folder.only("value-case"), nullptr);
  EXPECT_EQ(folder.only("value-case")->span.text(), "localhost");
  ASSERT_NE(folder.only("profile-path"), nullptr);
  EXPECT_EQ(folder.only("profile-path")->span.text(), "/a.json");
}

// What lies in a field that is dropped counts, not what stands on its line.
TEST(Rules, AFieldBesideAProfileIsNone) {
  CaseFolder folder;
  folder.write("a.json",
               R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"hostNetwrk": true,
"containers": [{"name": "a", "image": "i", "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}]}})");
  folder.review({"a.json"});
  EXPECT_NE(folder.only("unknown-field"), nullptr);
  EXPECT_TRUE(folder.of("profile-dropped").empty());
}

TEST(Rules, ARuntimeClassNamesThePodsThatCountOnIt) {
  CaseFolder folder;
  folder.write("class.yaml",
               "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata:\n  name: boxed\nhandler: runc\n"
               "securityContext:\n  seccompProfile:\n    type: RuntimeDefault\n");
  folder.write("pod.yaml", pod("  runtimeClassName: boxed\n"));
  folder.review({"class.yaml", "pod.yaml"});
  const lint::Finding* const found = folder.only("profile-dropped");
  ASSERT_NE(found, nullptr);
  EXPECT_FALSE(found->fix);
  EXPECT_TRUE(found->help.ends_with(": Pod/p")) << found->help;
  folder.review({"class.yaml"});
  EXPECT_TRUE(folder.only("profile-dropped")->help.ends_with("that name it"));
}

}  // namespace
}  // namespace callgate::review
