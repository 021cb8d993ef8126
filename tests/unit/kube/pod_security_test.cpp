// Pod Security levels: labels, versions, and every check's words.
// SPDX-License-Identifier: Apache-2.0
#include "kube/pod_security.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace callgate::kube {
namespace {

using testing::HasSubstr;

Pod pod_of(const std::string& spec) {
  static std::deque<base::SourceFile> files;
  static std::deque<std::vector<text::Document>> kept;
  const base::SourceFile& file = files.emplace_back("m.yaml", "kind: Pod\nmetadata: {name: p}\nspec: " + spec + "\n");
  base::Diagnostics diagnostics;
  auto documents = text::read_yaml(file, diagnostics);
  EXPECT_TRUE(documents) << base::render_text(diagnostics, false);
  kept.push_back(std::move(*documents));
  return read_pod(kept.back().front().root()).value();
}

std::string broken(const std::string& spec, Level level, std::optional<int> minor = {}) {
  return describe(violations(pod_of(spec), {level, minor}));
}

// A Pod that keeps the restricted level, with more in its spec and its container.
std::string good(const std::string& spec = {}, const std::string& container = {}) {
  return "{" + spec + (spec.empty() ? "" : ", ") +
         "securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: [{name: a, image: "
         "i" +
         (container.empty() ? "" : ", ") + container +
         (container.find("securityContext") == std::string::npos
              ? ", securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}"
              : "") +
         "}]}";
}

TEST(PodSecurity, AGoodPodBreaksNothing) {
  EXPECT_EQ(broken(good(), Level::restricted), "");
  EXPECT_EQ(broken(good(), Level::baseline), "");
  EXPECT_EQ(broken("{containers: [{name: a, image: i, securityContext: {privileged: true}}]}", Level::privileged), "");
}

TEST(PodSecurity, BaselineChecks) {
  const auto base = [](const std::string& spec) { return broken(spec, Level::baseline); };
  const std::string c = "containers: [{name: a, image: i}, {name: b, image: i}]";
  EXPECT_EQ(base("{hostNetwork: true, hostIPC: true, " + c + "}"), "host namespaces (hostNetwork=true, hostIPC=true)");
  EXPECT_EQ(base("{volumes: [{name: v, hostPath: {path: /}}], " + c + "}"), "hostPath volumes (volume \"v\")");
  EXPECT_EQ(base("{containers: [{name: a, image: i, ports: [{containerPort: 80, hostPort: 80}, {containerPort: 81, "
                 "hostPort: 81}]}]}"),
            "hostPort (container \"a\" uses hostPorts 80, 81)");
  EXPECT_EQ(base("{containers: [{name: a, image: i, securityContext: {capabilities: {add: [SYS_ADMIN, NET_RAW]}}}, "
                 "{name: b, image: i, securityContext: {capabilities: {add: [BPF]}}}]}"),
            "non-default capabilities (containers \"a\", \"b\" must not include \"BPF\", \"NET_RAW\", \"SYS_ADMIN\" in "
            "securityContext.capabilities.add)");
  EXPECT_EQ(base("{securityContext: {seLinuxOptions: {type: spc_t, user: u}}, " + c + "}"),
            "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"spc_t\"; user may not be set)");
  EXPECT_EQ(base("{securityContext: {sysctls: [{name: kernel.msgmax, value: '1'}]}, " + c + "}"),
            "forbidden sysctls (kernel.msgmax)");
  EXPECT_EQ(base("{securityContext: {windowsOptions: {hostProcess: true}}, " + c + "}"),
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)");
  EXPECT_EQ(base("{containers: [{name: a, image: i, securityContext: {procMount: Unmasked}}]}"),
            "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")");
  EXPECT_EQ(base("{securityContext: {appArmorProfile: {type: Unconfined}}, " + c + "}"),
            "forbidden AppArmor profile (pod must not set AppArmor profile type to \"Unconfined\")");
  EXPECT_EQ(base("{containers: [{name: a, image: i, livenessProbe: {httpGet: {host: h, port: 1}}}]}"),
            "probe or lifecycle host (container \"a\" uses probe or lifecycle host \"h\")");
}

TEST(PodSecurity, RestrictedChecks) {
  const auto restricted = [](const std::string& spec) { return broken(spec, Level::restricted); };
  EXPECT_EQ(restricted(good("volumes: [{name: v, nfs: {server: s, path: /}}, {name: w, emptyDir: {}}]")),
            "restricted volume types (volume \"v\" uses restricted volume type \"nfs\")");
  EXPECT_EQ(restricted(good({},
                            "securityContext: {allowPrivilegeEscalation: false, runAsUser: 0, capabilities: {drop: "
                            "[ALL], add: [CHOWN]}}")),
            "unrestricted capabilities (container \"a\" must not include \"CHOWN\" in "
            "securityContext.capabilities.add), runAsUser=0 (container \"a\" must not set runAsUser=0)");
  EXPECT_EQ(
      restricted(good(
          {}, "securityContext: {allowPrivilegeEscalation: false, runAsNonRoot: false, capabilities: {drop: [ALL]}}")),
      "runAsNonRoot != true (container \"a\" must not set securityContext.runAsNonRoot=false)");
}

TEST(PodSecurity, VersionsDecideWhatIsChecked) {
  const std::string silent = "{containers: [{name: a, image: i}]}";
  EXPECT_THAT(broken(silent, Level::restricted, 18), testing::Not(HasSubstr("seccompProfile")));
  EXPECT_THAT(broken(silent, Level::restricted, 19), HasSubstr("seccompProfile"));
  EXPECT_THAT(broken(silent, Level::restricted, 21), testing::Not(HasSubstr("capabilities")));
  EXPECT_EQ(broken("{os: {name: windows}, containers: [{name: a, image: i, securityContext: {runAsNonRoot: true}}]}",
                   Level::restricted, 25),
            "");
  EXPECT_THAT(broken("{os: {name: windows}, containers: [{name: a, image: i, securityContext: {runAsNonRoot: true}}]}",
                     Level::restricted, 24),
              HasSubstr("seccompProfile"));
  EXPECT_EQ(broken("{hostUsers: false, containers: [{name: a, image: i, securityContext: {procMount: Unmasked}}]}",
                   Level::baseline),
            "");
  EXPECT_NE(broken("{hostUsers: false, containers: [{name: a, image: i, securityContext: {procMount: Unmasked}}]}",
                   Level::baseline, 34),
            "");
}

TEST(PodSecurity, LabelsAndTheirVersions) {
  base::Diagnostics diagnostics;
  const base::SourceFile file("l.yaml",
                              "pod-security.kubernetes.io/enforce: baseline\n"
                              "pod-security.kubernetes.io/enforce-version: v1.25\n"
                              "pod-security.kubernetes.io/audit: nonsense\n");
  const auto documents = text::read_yaml(file, diagnostics);
  ASSERT_TRUE(documents);
  const PodSecurity got = pod_security_of(documents->front().root());
  EXPECT_EQ(got.enforce.text(), "baseline:v1.25");
  EXPECT_EQ(got.warn.text(), "baseline:v1.25");  // follows what is enforced
  EXPECT_EQ(got.audit.text(), "privileged:latest");
  EXPECT_FALSE(with_version(Level::baseline, "v1.025"));
  EXPECT_FALSE(with_version(Level::baseline, "1.25"));
}

}  // namespace
}  // namespace callgate::kube
