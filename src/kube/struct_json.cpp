// SPDX-License-Identifier: Apache-2.0
#include "kube/struct_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "kube/pod.h"
#include "manifest/go_text.h"

namespace callgate::kube::json {

namespace {

using text::Node;

void add(std::string& out, std::string_view name, std::string_view value) {
  out += fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", name, value);
}

}  // namespace

std::string text(std::string_view value) {
  return manifest::go_json_quote(value);
}

std::string scalar(Node node) {
  if (!node) return "null";
  if (const auto boolean = truth(node)) return *boolean ? "true" : "false";
  return node.is_string() ? text(node.text()) : std::string(node.text());
}

std::string list(Node node) {
  if (!node || !node.is_array()) return "null";
  std::string out;
  for (const Node each : node) out += (out.empty() ? "" : ",") + scalar(each);
  return "[" + out + "]";
}

std::string map(Node node) {
  if (!node || !node.is_object() || node.size() == 0) return "null";
  std::vector<std::pair<std::string, std::string>> entries;
  for (const Node each : node) entries.emplace_back(each.key(), each.text());
  std::sort(entries.begin(), entries.end());
  std::string out;
  for (const auto& [key, value] : entries)
    out += fmt::format("{}{}:{}", out.empty() ? "" : ",", text(key), text(value));
  return "{" + out + "}";
}

std::string pointers(Node node, Names fields) {
  if (!node) return "null";
  std::string out;
  for (const auto& [go, name] : fields) add(out, go, scalar(field(node, name)));
  return "{" + out + "}";
}

std::string texts(Node node, Names fields) {
  if (!node) return "null";
  std::string out;
  for (const auto& [go, name] : fields) add(out, go, text(string_field(node, name)));
  return "{" + out + "}";
}

std::string security_context(Node node) {
  const Node capabilities = field(node, "capabilities");
  const auto own = [&](std::string_view name) { return scalar(field(node, name)); };
  const auto profile = [&](std::string_view name) {
    const Node found = field(node, name);
    return found ? fmt::format("{{\"Type\":{},\"LocalhostProfile\":{}}}", text(string_field(found, "type")),
                               scalar(field(found, "localhostProfile")))
                 : std::string("null");
  };
  return fmt::format(
      "{{\"Capabilities\":{},\"Privileged\":{},\"SELinuxOptions\":{},\"WindowsOptions\":{},\"RunAsUser\":{},"
      "\"RunAsGroup\":{},\"RunAsNonRoot\":{},\"ReadOnlyRootFilesystem\":{},\"AllowPrivilegeEscalation\":{},"
      "\"ProcMount\":{},\"SeccompProfile\":{},\"AppArmorProfile\":{}}}",
      capabilities ? fmt::format("{{\"Add\":{},\"Drop\":{}}}", list(field(capabilities, "add")),
                                 list(field(capabilities, "drop")))
                   : "null",
      own("privileged"),
      texts(field(node, "seLinuxOptions"), {{"User", "user"}, {"Role", "role"}, {"Type", "type"}, {"Level", "level"}}),
      pointers(field(node, "windowsOptions"), {{"GMSACredentialSpecName", "gmsaCredentialSpecName"},
                                               {"GMSACredentialSpec", "gmsaCredentialSpec"},
                                               {"RunAsUserName", "runAsUserName"},
                                               {"HostProcess", "hostProcess"}}),
      own("runAsUser"), own("runAsGroup"), own("runAsNonRoot"), own("readOnlyRootFilesystem"),
      own("allowPrivilegeEscalation"), own("procMount"), profile("seccompProfile"), profile("appArmorProfile"));
}

std::string label_selector(Node node) {
  std::string out, rules;
  if (const Node labels = field(node, "matchLabels"); labels && labels.size() > 0) add(out, "matchLabels", map(labels));
  for (const Node each : elements(node, "matchExpressions")) {
    std::string rule;
    add(rule, "key", text(string_field(each, "key")));
    add(rule, "operator", text(string_field(each, "operator")));
    if (const Node values = field(each, "values"); values && values.size() > 0) add(rule, "values", list(values));
    rules += (rules.empty() ? "{" : ",{") + rule + "}";
  }
  if (!rules.empty()) add(out, "matchExpressions", "[" + rules + "]");
  return "{" + out + "}";
}

std::string owner_reference(Node node) {
  std::string out;
  for (const std::string_view name : {"apiVersion", "kind", "name", "uid"})
    add(out, name, text(string_field(node, name)));
  for (const std::string_view name : {"controller", "blockOwnerDeletion"})
    if (const Node found = field(node, name)) add(out, name, scalar(found));
  return "{" + out + "}";
}

}  // namespace callgate::kube::json
