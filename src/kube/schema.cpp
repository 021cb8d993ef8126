// SPDX-License-Identifier: Apache-2.0
#include "kube/schema.h"

#include <algorithm>
#include <array>
#include <string>

namespace callgate::kube {

namespace {

#include "kube/types.inc"

struct Kind {
  std::string_view api_version, kind, type;
};
constexpr std::array<Kind, 11> kKinds{{
    {"apps/v1", "DaemonSet", "apps/v1.DaemonSet"},
    {"apps/v1", "Deployment", "apps/v1.Deployment"},
    {"apps/v1", "ReplicaSet", "apps/v1.ReplicaSet"},
    {"apps/v1", "StatefulSet", "apps/v1.StatefulSet"},
    {"batch/v1", "CronJob", "batch/v1.CronJob"},
    {"batch/v1", "Job", "batch/v1.Job"},
    {"node.k8s.io/v1", "RuntimeClass", "node/v1.RuntimeClass"},
    {"v1", "Namespace", "core/v1.Namespace"},
    {"v1", "Pod", "core/v1.Pod"},
    {"v1", "PodTemplate", "core/v1.PodTemplate"},
    {"v1", "ReplicationController", "core/v1.ReplicationController"},
}};

}  // namespace

std::span<const Field> Struct::fields() const {
  return std::span(kFields).subspan(begin, end - begin);
}

const Field* Struct::find(std::string_view field) const {
  const auto all = fields();
  const auto at = std::lower_bound(all.begin(), all.end(), field,
                                   [](const Field& each, std::string_view wanted) { return each.name < wanted; });
  return at != all.end() && at->name == field ? &*at : nullptr;
}

const Struct& struct_at(std::size_t index) {
  return kStructs[index];
}

const Struct* find_kind(std::string_view api_version, std::string_view kind) {
  const auto row = std::find_if(kKinds.begin(), kKinds.end(),
                                [&](const Kind& each) { return each.api_version == api_version && each.kind == kind; });
  if (row == kKinds.end()) return nullptr;
  const auto found =
      std::find_if(kStructs.begin(), kStructs.end(), [&](const Struct& each) { return each.name == row->type; });
  return found == kStructs.end() ? nullptr : &*found;
}

}  // namespace callgate::kube
