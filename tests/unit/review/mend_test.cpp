// What --fix makes of manifests, and what it leaves alone. SPDX-License-Identifier: Apache-2.0
#include "review/mend.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "unit/review/case_folder.h"

namespace callgate::review {
namespace {

struct Case {
  std::string what, before, after;
};

void check(const Case& each, const std::string& name) {
  SCOPED_TRACE(each.what);
  CaseFolder folder;
  folder.write(name, each.before);
  const std::string after = folder.mended(name);
  EXPECT_EQ(after, each.after);
  folder.write(name, after);
  EXPECT_TRUE(folder.mend({name}).empty()) << "mended twice";
}

void check_unchanged(const std::string& what, const std::string& text, const std::string& name) {
  check({what, text, text}, name);
}

std::string option(const std::string& lines) {
  return service("    security_opt:\n" + lines);
}

// A Deployment with annotations of its template, and further lines of its Pod.
std::string deployment(const std::string& annotations, const std::string& spec = {}, const std::string& end = {}) {
  return "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec:\n  selector:\n    matchLabels: {app: d}\n"
         "  template:\n    metadata:\n      labels: {app: d}\n" +
         annotations + "    spec:\n" + spec + "      containers:\n      - name: a\n        image: i\n" + end;
}
const std::string kPodSays = "        seccomp.security.alpha.kubernetes.io/pod: ";
const std::string kContainerSays = "        container.seccomp.security.alpha.kubernetes.io/a: ";

TEST(Mend, Compose) {
  const std::vector<Case> cases{
      {"an earlier option", option("      - seccomp=builtin  # no\n      # yes\n      - seccomp=unconfined\n"),
       option("      # yes\n      - seccomp=unconfined\n")},
      {"two earlier options", option("      - seccomp=builtin\n      - seccomp:builtin\n      - seccomp=unconfined\n"),
       option("      - seccomp=unconfined\n")},
      {"a flow list", service("    security_opt: [seccomp=builtin, label=disable, seccomp=unconfined]\n"),
       service("    security_opt: [label=disable, seccomp=unconfined]\n")},
      {"a keyword among others", option("      - 'seccomp=runtime/default'\n      - label=disable\n"),
       option("      - label=disable\n")},
      {"a keyword alone", option("      - seccomp=RuntimeDefault\n") + "    init: true\n",
       service("") + "    init: true\n"},
      {"the wrong case", option("      - \"seccomp=Unconfined\"  # why\n"),
       option("      - \"seccomp=unconfined\"  # why\n")},
  };
  for (const Case& each : cases) check(each, "compose.yaml");
}

TEST(Mend, ComposeLeavesAloneWhatIsNotCertain) {
  check_unchanged("no filter at all may be meant", option("      - seccomp=none\n"), "compose.yaml");
  check_unchanged("a list that two services share",
                  "x-o: &o\n  - seccomp=builtin\n  - seccomp=unconfined\nservices:\n  a:\n    image: i\n"
                  "    security_opt: *o\n  b:\n    image: i\n    security_opt: *o\n",
                  "compose.yaml");
  check_unchanged("nothing is wrong", option("      - seccomp=unconfined\n"), "compose.yaml");
}

TEST(Mend, AKeywordStaysWhereTheDaemonHasADefaultOfItsOwn) {
  CaseFolder folder;
  folder.write("compose.yaml", option("      - seccomp=default\n"));
  auto& world = folder.world();
  world.daemon.seccomp_profile = "unconfined";
  base::Diagnostics ignored;
  const std::vector<std::string> paths{"compose.yaml"};
  const auto mended = mend_paths(paths, folder.options, world, ignored);
  ASSERT_TRUE(mended);
  EXPECT_TRUE(mended->files.empty());
}

TEST(Mend, AScriptsOptionsStayButForTheirCase) {
  check({"case", "docker run --security-opt seccomp=Unconfined i # x\n",
         "docker run --security-opt seccomp=unconfined i # x\n"},
        "run.sh");
  check_unchanged("twice", "docker run --security-opt seccomp=builtin --security-opt seccomp=unconfined i\n", "run.sh");
  check_unchanged("keyword", "docker run --security-opt seccomp=default i\n", "run.sh");
}

TEST(Mend, WhatAnEnginePrintsStays) {
  check_unchanged("inspect",
                  R"([{"Id": "a", "Name": "/w", "Config": {"Image": "i"}, "State": {"Status": "running"},
"HostConfig": {"SecurityOpt": ["seccomp=Unconfined"]}}])",
                  "inspect.json");
}

const std::string kRuntimeDefault = "      securityContext:\n        seccompProfile:\n          type: RuntimeDefault\n";

TEST(Mend, Annotations) {
  const std::string head = "      annotations:\n";
  const std::string in_container =
      "        securityContext:\n          seccompProfile:\n            type: Localhost\n"
      "            localhostProfile: p/a.json\n";
  const std::vector<Case> cases{
      {"of a Pod", deployment(head + kPodSays + "runtime/default  # old\n"), deployment("", kRuntimeDefault)},
      {"one of several", deployment(head + "        team: x\n" + kPodSays + "docker/default\n"),
       deployment(head + "        team: x\n", kRuntimeDefault)},
      {"of a container", deployment(head + kContainerSays + "localhost/p/a.json\n"), deployment("", "", in_container)},
      {"of both", deployment(head + kPodSays + "runtime/default\n" + kContainerSays + "localhost/p/a.json\n"),
       deployment("", kRuntimeDefault, in_container)},
      {"no filter", deployment(head + kPodSays + "unconfined\n"), deployment("")},
      {"beside the field", deployment(head + kPodSays + "runtime/default\n", kRuntimeDefault),
       deployment("", kRuntimeDefault)},
      {"merged into what is there",
       deployment(head + kPodSays + "runtime/default\n", "      securityContext:\n        runAsUser: 5  # five\n"),
       deployment("",
                  "      securityContext:\n        runAsUser: 5  # five\n        seccompProfile:\n"
                  "          type: RuntimeDefault\n")},
      {"merged into flow style",
       deployment(head + kPodSays + "runtime/default\n", "      securityContext: {runAsUser: 5}\n"),
       deployment("", "      securityContext: {runAsUser: 5, seccompProfile: {type: RuntimeDefault}}\n")},
      {"into an empty field", deployment(head + kPodSays + "runtime/default\n", "      securityContext:\n"),
       deployment("", kRuntimeDefault)},
  };
  for (const Case& each : cases) check(each, "a.yaml");
}

// Whose container would be granted more, or not start, stays as it is.
TEST(Mend, AnAnnotationStaysWhereItsFieldWouldWiden) {
  CaseFolder folder;
  folder.options.resolve.kube.seccomp_default = true;
  folder.options.resolve.kube.seccomp_root = folder.path("node");
  folder.write("node/open.json", R"({"defaultAction": "SCMP_ACT_ALLOW"})");
  folder.write("node/none.json", R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"],
                                     "action": "SCMP_ACT_ALLOW"}]})");
  const auto with = [](const std::string& name) {
    return deployment("      annotations:\n" + kPodSays + "localhost/" + name + "\n");
  };
  folder.write("a.yaml", with("open.json"));
  EXPECT_EQ(folder.mended("a.yaml"), with("open.json"));
  folder.write("a.yaml", with("missing.json"));
  EXPECT_EQ(folder.mended("a.yaml"), with("missing.json"));
  folder.write("a.yaml", with("none.json"));
  EXPECT_NE(folder.mended("a.yaml"), with("none.json"));
}

TEST(Mend, PodmanGoesByAnnotations) {
  CaseFolder folder;
  folder.options.resolve.kube.engine = "podman-kube";
  const std::string text =
      "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations:\n"
      "    seccomp.security.alpha.kubernetes.io/pod: runtime/default\nspec:\n"
      "  securityContext:\n    seccompProfile:\n      type: RuntimeDefault\n"
      "  containers:\n  - name: a\n    image: i\n";
  folder.write("a.yaml", text);
  EXPECT_EQ(folder.mended("a.yaml"), text);
}

TEST(Mend, MisplacedProfiles) {
  const std::string profile = "  seccompProfile:\n    type: RuntimeDefault\n";
  const std::string context = "  securityContext:\n    seccompProfile:\n      type: RuntimeDefault\n";
  const std::string head = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n", tail = "spec:\n",
                    body = "  containers:\n  - name: a\n    image: i\n";
  const std::vector<Case> cases{
      {"in the spec", pod(profile), pod(context)},
      {"in a container", pod("", "    seccompProfile:  # c\n      type: RuntimeDefault\n"),
       pod("", "    securityContext:\n      seccompProfile:  # c\n        type: RuntimeDefault\n")},
      {"in a container with a context",
       pod("", "    seccompProfile:\n      type: RuntimeDefault\n    securityContext:\n      runAsUser: 1\n"),
       pod("", "    securityContext:\n      runAsUser: 1\n      seccompProfile:\n        type: RuntimeDefault\n")},
      {"a context in metadata", head + context + tail + body, pod(context)},
      {"a profile in metadata", head + profile + tail + body, pod(context)},
      {"a context at the top", head + "securityContext:\n  seccompProfile:\n    type: RuntimeDefault\n" + tail + body,
       pod(context)},
  };
  for (const Case& each : cases) check(each, "a.yaml");
}

TEST(Mend, MisplacedProfilesThatAreNotCertain) {
  const std::string context = "  securityContext:\n    seccompProfile:\n      type: RuntimeDefault\n";
  check_unchanged("there is another", pod(context + "  seccompProfile:\n    type: RuntimeDefault\n"), "a.yaml");
  check_unchanged("no such type", pod("  seccompProfile:\n    type: Default\n"), "a.yaml");
  check_unchanged("no such field", pod("  seccompProfile:\n    type: RuntimeDefault\n    also: 1\n"), "a.yaml");
  check_unchanged("a container's field in it",
                  "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nsecurityContext:\n  privileged: true\n"
                  "  seccompProfile:\n    type: RuntimeDefault\nspec:\n  containers:\n  - name: a\n    image: i\n",
                  "a.yaml");
  check_unchanged("a class has none",
                  "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata:\n  name: c\nhandler: runc\n" + context,
                  "a.yaml");
}

TEST(Mend, Paths) {
  const auto local = [](const std::string& path) {
    return pod("  securityContext:\n    seccompProfile: {type: Localhost, localhostProfile: " + path + "}\n");
  };
  check({"plain", local("/var/lib/kubelet/seccomp/p/a.json"), local("p/a.json")}, "a.yaml");
  check({"quoted", local("'/var/lib/kubelet/seccomp/a.json'"), local("'a.json'")}, "a.yaml");
  check_unchanged("elsewhere", local("/etc/a.json"), "a.yaml");
  check_unchanged("the directory itself", local("/var/lib/kubelet/seccomp/"), "a.yaml");
  check_unchanged("it climbs", local("/var/lib/kubelet/seccomp/../a.json"), "a.yaml");
  check_unchanged("it would be a number", local("/var/lib/kubelet/seccomp/5"), "a.yaml");
  CaseFolder folder;
  folder.options.resolve.kube.root_directory = "/data/kubelet";
  folder.write("a.yaml", local("/data/kubelet/seccomp/a.json"));
  EXPECT_EQ(folder.mended("a.yaml"), local("a.json"));
}

TEST(Mend, OneFixMakesWayForTheNext) {
  check({"type, then path",
         pod("  securityContext:\n    seccompProfile:\n      type: localhost\n      localhostProfile: "
             "/var/lib/kubelet/seccomp/a.json\n"),
         pod("  securityContext:\n    seccompProfile:\n      type: Localhost\n      localhostProfile: a.json\n")},
        "a.yaml");
}

TEST(Mend, SuppressedFindingsStay) {
  check_unchanged("as agreed",
                  option("      # callgate:ignore option-twice documents the default\n      - seccomp=builtin\n"
                         "      - seccomp=unconfined\n"),
                  "compose.yaml");
}

TEST(Mend, FilesOfAProjectAreNamedAndOthersStay) {
  CaseFolder folder;
  folder.write("shop/compose.yaml",
               "services:\n  a:\n    image: i\n    security_opt: [seccomp:Unconfined]\n  b:\n"
               "    extends: {file: ../common.yaml, service: c}\n");
  folder.write("common.yaml", "services:\n  c:\n    image: i\n    security_opt: [seccomp:Unconfined]\n");
  const auto& mended = folder.mend({"shop"});
  ASSERT_EQ(mended.size(), 1U);
  EXPECT_EQ(mended[0].name, "shop/compose.yaml");
  EXPECT_EQ(mended[0].fixes, std::vector<std::string>{"value-case: write 'unconfined'"});
}

TEST(Mend, ManyAtOnceButForTheOneThatIsNoGood) {
  std::string before, after;
  for (int i = 0; i < 300; ++i) {
    const std::string name = "p" + std::to_string(i);
    const auto text = [&](const std::string& type) {
      return "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name +
             "\nspec:\n  securityContext:\n    seccompProfile:\n      type: " + type +
             "\n  containers:\n  - name: a\n    image: i\n";
    };
    before += text(i == 77 ? "runtime" : "runtimedefault");
    after += text(i == 77 ? "runtime" : "RuntimeDefault");
  }
  check({"300 Pods", before, after}, "a.yaml");
}

// Each fix that is no good costs no look at the whole input of its own.
TEST(Mend, AsManyAsThereAreThatAreNoGood) {
  constexpr std::size_t kMostLooks = 16;
  const auto check_looks = [&](const std::string& what, int good_of, const auto& text_of) {
    SCOPED_TRACE(what);
    CaseFolder folder;
    folder.options.resolve.kube.seccomp_default = true;
    folder.options.resolve.kube.seccomp_root = folder.path("node");
    folder.write("node/open.json", R"({"defaultAction": "SCMP_ACT_ALLOW"})");
    folder.write("node/none.json", R"({"defaultAction": "SCMP_ACT_ERRNO"})");
    constexpr int kPods = 240;
    std::string before;
    std::size_t good = 0;
    for (int i = 0; i < kPods; ++i) {
      const bool fine = good_of != 0 && i % good_of == 0;
      before += text_of(i, fine ? "none.json" : "open.json");
      good += fine ? 1 : 0;
    }
    folder.write("a.yaml", before);
    const auto& mended = folder.mend({"a.yaml"});
    EXPECT_LE(folder.looks(), kMostLooks);
    ASSERT_EQ(mended.size(), good == 0 ? 0U : 1U);
    EXPECT_EQ(mended.empty() ? 0 : mended[0].fixes.size(), good);
  };
  const auto pod_of = [](int i, const std::string& profile, const std::string& first, const std::string& rest) {
    return fmt::format(
        "{0}apiVersion: v1\n{1}kind: Pod\n{1}metadata:\n{1}  name: p{2}\n{1}  annotations:\n"
        "{1}    seccomp.security.alpha.kubernetes.io/pod: localhost/{3}\n{1}spec:\n{1}  containers:\n"
        "{1}  - name: a\n{1}    image: i\n",
        first, rest, i, profile);
  };
  const auto document = [&](int i, const std::string& profile) { return "---\n" + pod_of(i, profile, "", ""); };
  check_looks("none is good", 0, document);
  check_looks("each third is good", 3, document);
  check_looks("all are good", 1, document);
  check_looks("items of a list", 3, [&](int i, const std::string& profile) {
    return (i == 0 ? "apiVersion: v1\nkind: List\nitems:\n" : "") + pod_of(i, profile, "- ", "  ");
  });
}

TEST(Mend, AFileThatCannotBeReadIsDiagnosed) {
  CaseFolder folder;
  folder.write("a.yaml", "services: [\n");
  EXPECT_TRUE(folder.mend({"a.yaml"}).empty());
  folder.mend({"nope.yaml"});
  EXPECT_TRUE(folder.diagnostics.has_errors());
}

}  // namespace
}  // namespace callgate::review
