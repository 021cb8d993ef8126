// SPDX-License-Identifier: Apache-2.0
#include "resolve/emit.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/json_write.h"

namespace callgate::resolve {

namespace {

constexpr std::string_view kNodeRoot = "/var/lib/kubelet/seccomp";

// As a YAML scalar; JSON's strings are YAML's.
std::string yaml_quoted(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
  const bool plain = !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos &&
                     text.find_first_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == 0;
  return plain ? std::string(text) : base::json_quote(text);
}

// A relative path that nobody takes for "unconfined", "builtin" or an option's other words.
std::string as_path(const std::string& profile) {
  if (profile.starts_with('/') || profile.starts_with("./") || profile.starts_with("../")) return profile;
  return "./" + profile;
}

std::string docker_line(const Deployment& deployment) {
  return fmt::format("{} run --security-opt {} {}\n", deployment.command,
                     shell_word("seccomp=" + as_path(deployment.profile)), shell_word(deployment.image));
}

// Compose replaces variables; "$$" is a dollar sign.
std::string compose_option(const std::string& profile) {
  std::string path;
  for (const char c : as_path(profile)) path += c == '$' ? std::string("$$") : std::string(1, c);
  return yaml_quoted("seccomp=" + path);
}

std::string compose_file(const Deployment& deployment) {
  return fmt::format(
      "# A relative path starts at the project's directory, that of the first file.\n"
      "services:\n"
      "  app:\n"
      "    image: IMAGE\n"
      "    security_opt:\n"
      "      - {}\n",
      compose_option(deployment.profile));
}

std::string node_comment(const Deployment& deployment, const std::string& name) {
  return fmt::format(
      "# On every node the profile is {}/{}, root's:\n"
      "#   callgate install {} --name {}\n",
      kNodeRoot, name, shell_word(deployment.profile), shell_word(name));
}

std::string runtime_class(const Deployment& deployment, const std::string& handler) {
  return fmt::format(
      "apiVersion: node.k8s.io/v1\n"
      "kind: RuntimeClass\n"
      "metadata:\n"
      "  name: {}\n"
      "handler: {}\n"
      "---\n",
      yaml_quoted(deployment.runtime_class), yaml_quoted(handler));
}

std::string pod(const Deployment& deployment, std::string_view profile) {
  return fmt::format(
      "apiVersion: v1\n"
      "kind: Pod\n"
      "metadata:\n"
      "  name: app\n"
      "spec:\n"
      "{}"
      "  securityContext:\n"
      "    seccompProfile:\n"
      "{}"
      "  containers:\n"
      "    - name: app\n"
      "      image: IMAGE\n",
      deployment.runtime_class.empty() ? ""
                                       : fmt::format("  runtimeClassName: {}\n", yaml_quoted(deployment.runtime_class)),
      profile);
}

std::string localhost(const std::string& name) {
  return fmt::format("      type: Localhost\n      localhostProfile: {}\n", yaml_quoted(name));
}

// A handler of CRI-O has a profile of its own, which then is what RuntimeDefault means.
std::string crio_class(const Deployment& deployment, const std::string& name) {
  const std::string handler = deployment.handler.empty() ? deployment.runtime_class : deployment.handler;
  return node_comment(deployment, name) +
         fmt::format(
             "# A RuntimeClass carries no profile; its handler does. On every node, as\n"
             "# /etc/crio/crio.conf.d/60-{0}.conf, and then `systemctl reload crio`:\n"
             "#   [crio.runtime.runtimes.{0}]\n"
             "#   runtime_path = \"/usr/bin/runc\"\n"
             "#   runtime_type = \"oci\"\n"
             "#   seccomp_profile = {1}\n"
             "# It holds for Pods that ask for RuntimeDefault: without a seccompProfile they run unconfined, unless "
             "the\n"
             "# kubelet has seccompDefault.\n",
             handler, base::json_quote(fmt::format("{}/{}", kNodeRoot, name))) +
         runtime_class(deployment, handler) + pod(deployment, "      type: RuntimeDefault\n");
}

std::string kubernetes_objects(const Deployment& deployment) {
  const std::string name = localhost_name(deployment.profile);
  if (deployment.runtime_class.empty()) return node_comment(deployment, name) + pod(deployment, localhost(name));
  if (deployment.crio) return crio_class(deployment, name);
  return node_comment(deployment, name) +
         "# A RuntimeClass carries no profile, and a handler of containerd or cri-dockerd none either: containerd "
         "clears\n"
         "# the seccomp part of base_runtime_spec. The Pod has to ask for it.\n" +
         runtime_class(deployment, deployment.handler.empty() ? "runc" : deployment.handler) +
         pod(deployment, localhost(name));
}

}  // namespace

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=+:@%,-";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string emit_override(const std::vector<std::pair<std::string, std::string>>& services) {
  std::string out = "services:\n";
  for (const auto& [service, profile] : services)
    out += fmt::format("  {}:\n    security_opt:\n      - {}\n", yaml_quoted(service), compose_option(profile));
  return services.empty() ? "services: {}\n" : out;
}

std::string localhost_name(const std::string& profile) {
  return "profiles/" + profile.substr(profile.rfind('/') + 1);
}

std::string emit(Target target, const Deployment& deployment) {
  switch (target) {
    case Target::docker:
      return docker_line(deployment);
    case Target::compose:
      return compose_file(deployment);
    case Target::kubernetes:
      break;
  }
  return kubernetes_objects(deployment);
}

}  // namespace callgate::resolve
