// SPDX-License-Identifier: Apache-2.0
#include "kube/warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "kube/app_armor.h"
#include "kube/names.h"
#include "kube/warning_parts.h"
#include "manifest/go_text.h"

namespace callgate::kube {

using manifest::go_quote;
using text::Node;
using namespace warning_parts;

namespace {

std::string annotation_path(const Pod& pod, std::string_view key) {
  return fmt::format("{}[{}]", at(pod, "metadata.annotations"), key);
}

void old_annotations(const Pod& pod, Warnings& out) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kDead{{
      {"scheduler.alpha.kubernetes.io/critical-pod",
       "non-functional in v1.16+; use the \"priorityClassName\" field instead"},
      {"security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"},
      {"security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"},
  }};
  for (const auto& [key, text] : kDead)
    if (const Annotation* const found = pod.annotation(key))
      out.push_back({fmt::format("{}: {}", annotation_path(pod, key), text), found->place});
}

void host_aliases(const Pod& pod, Warnings& out) {
  std::set<std::string_view> seen;
  std::size_t index = 0;
  for (const Node each : elements(pod.spec, "hostAliases")) {
    const std::string_view ip = string_field(each, "ip");
    if (!seen.insert(ip).second)
      out.push_back({fmt::format("{}: duplicate ip {}", at(at(pod, "spec.hostAliases"), index, "ip"), go_quote(ip)),
                     each.span()});
    ++index;
  }
}

void pull_secrets(const Pod& pod, Warnings& out) {
  const std::vector<Node> secrets = elements(pod.spec, "imagePullSecrets");
  const std::string list = at(pod, "spec.imagePullSecrets");
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < secrets.size(); ++i)
    if (const std::string_view name = string_field(secrets[i], "name"); !seen.insert(name).second)
      out.push_back({fmt::format("{}: duplicate name {}", at(list, i, "name"), go_quote(name)), secrets[i].span()});
  for (std::size_t i = 0; i < secrets.size(); ++i)
    if (string_field(secrets[i], "name").empty())
      out.push_back({fmt::format("{}: invalid empty name \"\"", at(list, i, "name")), secrets[i].span()});
}

void dead_seccomp_annotation(const Pod& pod, const std::string& key, Warnings& out) {
  if (const Annotation* const found = pod.annotation(key))
    out.push_back({fmt::format("{}: non-functional in v1.27+; use the \"seccompProfile\" field instead",
                               annotation_path(pod, key)),
                   found->place});
}

std::string app_armor_text(const Pod& pod, std::string_view key) {
  return fmt::format("{}: deprecated since v1.30; use the \"appArmorProfile\" field instead",
                     annotation_path(pod, key));
}

// Limits stand for requests that a Pod leaves out; a template's do not.
void resources(const Pod& pod, const PodContainer& container, Warnings& out) {
  const Node given = field(container.node, "resources"), limits = field(given, "limits");
  const Node requests = field(given, "requests");
  const std::string path = pod.container_path(container) + ".resources";
  for (const std::string_view name : {"memory", "ephemeral-storage"}) {
    fractional_bytes(limits, name, path + ".limits", out);
    const bool defaulted = !pod.is_template() && container.role != Role::ephemeral && !field(requests, name);
    fractional_bytes(defaulted ? limits : requests, name, path + ".requests", out);
  }
}

void environment(const Pod& pod, const PodContainer& container, Warnings& out) {
  std::set<std::string_view> seen;
  std::size_t index = 0;
  for (const Node each : elements(container.node, "env")) {
    const std::string_view name = string_field(each, "name"), value = string_field(each, "value");
    const std::string reference = fmt::format("$({})", name);
    const bool hides = field(each, "valueFrom") || value == reference || value.find(reference) == std::string::npos;
    if (!seen.insert(name).second && hides)
      out.push_back({fmt::format("{}: hides previous definition of {}, which may be dropped when using apply",
                                 at(pod.container_path(container) + ".env", index), go_quote(name)),
                     each.span()});
    ++index;
  }
}

void one_container(const Pod& pod, const PodContainer& container, Warnings& out) {
  if (!container.seccomp) dead_seccomp_annotation(pod, std::string(kContainerAnnotation) + container.name, out);
  const std::string armour = std::string(kAppArmorAnnotation) + container.name;
  const bool armoured = field(pod.security, "appArmorProfile") || field(container.security, "appArmorProfile");
  if (const Annotation* const found = pod.annotation(armour); pod.is_template() && !armoured && found != nullptr)
    out.push_back({app_armor_text(pod, armour), found->place});
  resources(pod, container, out);
  environment(pod, container, out);
}

void pod_warnings(const Pod& pod, Warnings& out) {
  node_selection(pod, out);
  old_annotations(pod, out);
  volumes(pod, out);
  host_aliases(pod, out);
  pull_secrets(pod, out);
  for (const std::string_view name : {"memory", "ephemeral-storage"})
    fractional_bytes(field(pod.spec, "overhead"), name, at(pod, "spec.overhead"), out);
  if (!pod.seccomp) dead_seccomp_annotation(pod, std::string(kPodAnnotation), out);
  for (const PodContainer& each : pod.containers) one_container(pod, each, out);
  ports(pod, out);
  if (const Node grace = field(pod.spec, "terminationGracePeriodSeconds"); grace && grace.as_i64().value_or(0) < 0)
    out.push_back({at(pod, "spec.terminationGracePeriodSeconds") +
                       ": must be >= 0; negative values are invalid and will be treated as 1",
                   grace.span()});
  pod_affinity(pod, out);
  addresses(pod, out);
}

// Names that become hostnames. One that is yet to be generated has what it begins with, and is short enough.
void hostname(Node object, std::string_view kind, Warnings& out) {
  constexpr std::array<std::string_view, 5> kOwners{"CronJob", "Deployment", "Job", "ReplicaSet",
                                                    "ReplicationController"};
  const bool owner = std::find(kOwners.begin(), kOwners.end(), kind) != kOwners.end();
  if (!owner && kind != "Pod") return;
  const Node metadata = field(object, "metadata"), named = field(metadata, "name");
  std::string name(string_field(metadata, "name"));
  if (name.empty()) name = std::string(string_field(metadata, "generateName").substr(0, 58)) + "xxxxx";
  const NameFaults faults = label_faults(name);
  if (faults.empty()) return;
  out.push_back(
      {fmt::format("metadata.name: this is used in {}, which can result in surprising behavior; a DNS label is "
                   "recommended: [{}]",
                   owner ? "Pod names and hostnames" : "the Pod's hostname", fmt::join(faults, " ")),
       named      ? named.span()
       : metadata ? metadata.key_span()
                  : object.span()});
}

void job(Node spec, std::string_view path, Warnings& out) {
  constexpr std::int64_t kMostCompletions = 100'000, kMostParallel = 10'000;
  const auto number = [&](std::string_view name) {
    const Node found = field(spec, name);
    return found ? found.as_i64().value_or(0) : 0;
  };
  if (string_field(spec, "completionMode") != "Indexed" || number("completions") <= kMostCompletions ||
      number("parallelism") <= kMostParallel)
    return;
  out.push_back(
      {fmt::format("{}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher "
                   "than 10^4, Kubernetes might not be able to track completedIndexes when a big number of "
                   "indexes fail",
                   path),
       field(spec, "completions").span()});
}

void stateful_set(Node spec, Warnings& out) {
  std::size_t index = 0;
  for (const Node each : elements(spec, "volumeClaimTemplates"))
    claim(field(each, "spec"), at("spec.volumeClaimTemplates", index++), out);
  if (const Node kept = field(spec, "revisionHistoryLimit"); kept && kept.as_i64().value_or(0) < 0)
    out.push_back(
        {"spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is "
         "recommended",
         kept.span()});
}

void runtime_class(Node object, Warnings& out) {
  const Node selector = field(field(object, "scheduling"), "nodeSelector");
  if (!selector || !selector.is_object()) return;
  for (const Node each : selector)
    if (const auto text = deprecated_node_label(each.key()))
      out.push_back({fmt::format("scheduling.nodeSelector: {}", *text), each.key_span()});
}

constexpr std::size_t kMostCharacters = 4096, kMostEach = 256;

bool sendable(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte < 0x20 || byte == 0x7f || c1) return false;
  }
  return !text.empty();
}
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}
std::string first_characters(std::string_view text, std::size_t most) {
  std::size_t end = 0;
  for (std::size_t count = 0; end < text.size(); ++end)
    if ((text[end] & 0xc0) != 0x80 && count++ == most) break;
  return std::string(text.substr(0, end));
}

}  // namespace

Warnings preparing_warnings(const Pod& pod) {
  Warnings out;
  if (pod.annotations.empty()) return out;
  for (const PodContainer& each : pod.containers)
    if (const auto sync = sync_app_armor(pod, each); sync && sync->warned)
      out.push_back({app_armor_text(pod, sync->annotation->key), sync->annotation->place});
  return out;
}

Warnings creation_warnings(Node object, const std::optional<Pod>& pod) {
  Warnings out;
  const std::string_view kind = string_field(object, "kind");
  const Node spec = field(object, "spec");
  hostname(object, kind, out);
  if (kind == "Job") job(spec, "spec", out);
  if (kind == "CronJob") job(field(field(spec, "jobTemplate"), "spec"), "spec.jobTemplate.spec", out);
  if (pod) pod_warnings(*pod, out);
  if (kind == "StatefulSet") stateful_set(spec, out);
  if (kind == "RuntimeClass") runtime_class(object, out);
  return out;
}

Warnings as_sent(const Warnings& warnings) {
  Warnings each_once;
  std::size_t total = 0;
  for (const Warning& warning : warnings) {
    const auto same = [&](const Warning& earlier) { return earlier.text == warning.text; };
    if (!sendable(warning.text) || std::any_of(each_once.begin(), each_once.end(), same)) continue;
    total += characters(warning.text);
    each_once.push_back(warning);
  }
  if (total <= kMostCharacters) return each_once;
  // From the one on that was too much, all before it are cut too.
  Warnings out;
  std::size_t whole = 0, written = 0;
  bool cutting = false;
  for (const Warning& warning : each_once) {
    whole += characters(warning.text);
    if (cutting && written >= kMostCharacters) break;
    out.push_back({first_characters(warning.text, kMostEach), warning.place});
    written += characters(out.back().text);
    cutting = cutting || whole > kMostCharacters;
  }
  return out;
}

}  // namespace callgate::kube
