// The mutating webhooks of the Security Profiles Operator: a ProfileBinding sets the profile of containers by their
// image, a ProfileRecording that reads logs the profile that logs everything. Both change Pods as they are created,
// those of workloads too. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "kube/pod.h"
#include "manifest/answer.h"
#include "text/node.h"

namespace callgate::kube {

// localhostProfile of the profile that recordings by logs set.
inline constexpr std::string_view kRecordingProfile = "operator/security-profiles-operator/log-enricher-trace.json";

class OperatorWebhooks {
 public:
  // Every ProfileBinding and ProfileRecording among `objects` counts, wherever it stands.
  OperatorWebhooks(std::span<const text::Node> objects, std::string_view default_namespace);

  bool empty() const { return bindings_.empty() && recordings_.empty(); }
  // Whether anything is recorded by logs.
  bool records() const { return !recordings_.empty(); }

  // Changes the Pod as the webhooks do. What is to be said of it, by container: as many as the Pod has. `name_space`:
  // the Pod's; empty: the default.
  std::vector<std::vector<manifest::Step>> change(Pod& pod, std::string_view name_space) const;

 private:
  struct Rule {
    std::string name, name_space;
    text::Node object, spec;
  };
  using Steps = std::vector<std::vector<manifest::Step>>;
  bool is_for(const Rule& rule, const Pod& pod, std::string_view name_space) const;
  bool off(std::string_view label, std::string_view name_space) const;
  void bind(const Rule& rule, Pod& pod, Steps& steps) const;
  void record(const Rule& rule, Pod& pod, Steps& steps) const;

  std::string default_namespace_;
  std::vector<Rule> bindings_, recordings_;
  std::set<std::string, std::less<>> profiles_;                // SeccompProfiles of the input
  std::map<std::string, text::Node, std::less<>> namespaces_;  // of the input: their labels
};

// Whether a LabelSelector matches; an absent one does.
bool selects(text::Node selector, text::Node labels);

}  // namespace callgate::kube
