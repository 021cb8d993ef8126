// Source: security-profiles-operator internal/pkg/webhooks/{binding/binding,recording/recording}.go,
// internal/pkg/manager/ spod/bindata/{webhook,default_profiles}.go of v1.0.0. SPDX-License-Identifier: Apache-2.0
#include "kube/operator_webhooks.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "kube/operator.h"

namespace callgate::kube {

namespace {

using manifest::Step;

constexpr std::string_view kBindingLabel = "spo.x-k8s.io/enable-binding";
constexpr std::string_view kRecordingLabel = "spo.x-k8s.io/enable-recording";

text::Node label(text::Node labels, std::string_view key) {
  return labels && labels.is_object() ? labels.find(key) : text::Node();
}

bool holds(text::Node requirement, text::Node labels) {
  const std::string_view how = string_field(requirement, "operator");
  const text::Node found = label(labels, string_field(requirement, "key"));
  if (how == "Exists") return static_cast<bool>(found);
  if (how == "DoesNotExist") return !found;
  const std::vector<std::string> values = string_list(requirement, "values");
  const bool among = found && std::find(values.begin(), values.end(), found.text()) != values.end();
  // What lacks the label is not in any set.
  return how == "In" ? among : how == "NotIn" && !among;
}

Seccomp localhost(std::string path, base::Span place) {
  return {"Localhost", std::move(path), place, place, place};
}

}  // namespace

bool selects(text::Node selector, text::Node labels) {
  if (!selector || !selector.is_object()) return true;
  if (const text::Node wanted = field(selector, "matchLabels"); wanted && wanted.is_object())
    for (const text::Node each : wanted)
      if (const text::Node found = label(labels, each.key()); !found || found.text() != each.text()) return false;
  const auto requirements = elements(selector, "matchExpressions");
  return std::all_of(requirements.begin(), requirements.end(), [&](text::Node each) { return holds(each, labels); });
}

OperatorWebhooks::OperatorWebhooks(std::span<const text::Node> objects, std::string_view default_namespace)
    : default_namespace_(default_namespace) {
  for (const text::Node object : objects) {
    const text::Node metadata = field(object, "metadata");
    const std::string_view kind = string_field(object, "kind");
    std::string name(string_field(metadata, "name"));
    if (kind == "Namespace") namespaces_.insert_or_assign(name, field(metadata, "labels"));
    if (!is_operator_object(object)) continue;
    const std::string_view space = string_field(metadata, "namespace");
    const text::Node spec = field(object, "spec");
    Rule rule{name, std::string(space.empty() ? default_namespace : space), object, spec};
    if (kind == "SeccompProfile") profiles_.insert(name);
    if (kind == "ProfileBinding" && string_field(field(spec, "profileRef"), "kind") == "SeccompProfile")
      bindings_.push_back(std::move(rule));
    else if (kind == "ProfileRecording" && string_field(spec, "kind") == "SeccompProfile" &&
             string_field(spec, "recorder") == "logs")
      recordings_.push_back(std::move(rule));
  }
  const auto by_name = [](const Rule& a, const Rule& b) { return a.name < b.name; };
  std::stable_sort(bindings_.begin(), bindings_.end(), by_name);
  std::stable_sort(recordings_.begin(), recordings_.end(), by_name);
}

bool OperatorWebhooks::is_for(const Rule& rule, const Pod& pod, std::string_view name_space) const {
  return rule.name_space == name_space && selects(field(rule.spec, "podSelector"), field(pod.metadata, "labels"));
}

// The webhook is called for labelled namespaces alone. Of a namespace that is not in the input it is taken for granted.
bool OperatorWebhooks::off(std::string_view wanted, std::string_view name_space) const {
  const auto known = namespaces_.find(name_space);
  return known != namespaces_.end() && !label(known->second, wanted);
}

void OperatorWebhooks::bind(const Rule& rule, Pod& pod, Steps& steps) const {
  const std::string profile(string_field(field(rule.spec, "profileRef"), "name"));
  const text::Node image = field(rule.spec, "image");
  const std::string_view wanted = string_field(rule.spec, "image");
  const base::Span place = image ? image.span() : rule.object.span();
  const std::string path = fmt::format("operator/{}{}", profile, profile.ends_with(".json") ? "" : ".json");
  for (std::size_t i = 0; i < pod.containers.size(); ++i) {
    PodContainer& container = pod.containers[i];
    if (container.role == Role::ephemeral || (wanted != "*" && container.image != wanted)) continue;
    if (wanted != "*") {
      if (container.seccomp)
        steps[i].push_back(
            {Step::Kind::ignored,
             fmt::format("seccompProfile: ProfileBinding '{}' takes its place", base::printable(rule.name)),
             container.seccomp->place, manifest::Topic::superseded});
      container.seccomp = localhost(path, place);
    }
    steps[i].push_back({Step::Kind::fact,
                        fmt::format("ProfileBinding '{}' binds {} to SeccompProfile '{}'", base::printable(rule.name),
                                    wanted == "*" ? "the Pod" : fmt::format("image '{}'", base::printable(wanted)),
                                    base::printable(profile)),
                        place});
    if (!profiles_.contains(profile))
      steps[i].push_back({Step::Kind::hazard,
                          fmt::format("SeccompProfile '{}' is not in the input: if the cluster has none either, the "
                                      "operator leaves the Pod as it is",
                                      base::printable(profile)),
                          place});
  }
  if (wanted == "*") pod.seccomp = localhost(path, place);
}

void OperatorWebhooks::record(const Rule& rule, Pod& pod, Steps& steps) const {
  const text::Node listed = field(rule.spec, "containers");
  const std::vector<std::string> names = string_list(rule.spec, "containers");
  for (std::size_t i = 0; i < pod.containers.size(); ++i) {
    PodContainer& container = pod.containers[i];
    if (container.role == Role::ephemeral) continue;
    if (listed && std::find(names.begin(), names.end(), container.name) == names.end()) continue;
    if (container.seccomp)
      steps[i].push_back(
          {Step::Kind::ignored,
           fmt::format("seccompProfile: ProfileRecording '{}' takes its place", base::printable(rule.name)),
           container.seccomp->place, manifest::Topic::superseded});
    container.seccomp = localhost(std::string(kRecordingProfile), rule.object.span());
    steps[i].push_back(
        {Step::Kind::hazard,
         fmt::format("ProfileRecording '{}' records the container: nothing is refused, everything is logged",
                     base::printable(rule.name)),
         rule.object.span()});
  }
}

std::vector<std::vector<Step>> OperatorWebhooks::change(Pod& pod, std::string_view name_space) const {
  const std::string_view space = name_space.empty() ? std::string_view(default_namespace_) : name_space;
  Steps steps(pod.containers.size());
  const auto skipped = [&](const Rule& rule, std::string_view wanted) {
    if (!off(wanted, space)) return false;
    for (auto& each : steps)
      each.push_back(
          {Step::Kind::ignored,
           fmt::format("{} '{}': namespace '{}' has no label {}, so the operator's webhook is not called",
                       string_field(rule.object, "kind"), base::printable(rule.name), base::printable(space), wanted),
           rule.object.span()});
    return true;
  };
  const Rule* whole = nullptr;  // the last binding of "*"
  bool changed = false;
  for (const Rule& rule : bindings_) {
    if (!is_for(rule, pod, space) || skipped(rule, kBindingLabel)) continue;
    if (string_field(rule.spec, "image") == "*") {
      whole = &rule;
      continue;
    }
    const bool any = std::any_of(pod.containers.begin(), pod.containers.end(), [&](const PodContainer& each) {
      return each.role != Role::ephemeral && each.image == string_field(rule.spec, "image");
    });
    changed = changed || any;
    bind(rule, pod, steps);
  }
  // A Pod of which a container was bound by its image, or that has a profile, is not bound as a whole.
  if (whole != nullptr && !changed && !pod.seccomp) bind(*whole, pod, steps);
  for (const Rule& rule : recordings_)
    if (is_for(rule, pod, space) && !skipped(rule, kRecordingLabel)) record(rule, pod, steps);
  return steps;
}

}  // namespace callgate::kube
