// Claims of volumes and of other resources. Source: pkg/apis/core/validation (ValidatePersistentVolumeClaimSpec,
// ValidatePersistentVolumeClaimTemplate, validatePodResourceClaims). SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "kube/amounts.h"
#include "kube/names.h"
#include "kube/struct_json.h"
#include "kube/validate_values.h"
#include "manifest/go_text.h"

namespace callgate::kube::values {

namespace {

using manifest::go_quote;

void access_modes(const Value& spec) {
  const Value modes = spec.at("accessModes");
  bool alone = false, others = false;
  for (const Value& each : spec.items("accessModes")) {
    each.as(modes.path()).one_needed_of({"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"});
    const std::string_view mode = each.text();
    alone = alone || mode == "ReadWriteOncePod";
    others = others || mode == "ReadOnlyMany" || mode == "ReadWriteMany" || mode == "ReadWriteOnce";
  }
  if (alone && others) modes.forbidden("may not use ReadWriteOncePod with other access modes");
}

void storage(const Value& spec) {
  const Value resources = spec.at("resources"), told = resources.key("storage");
  const Amounts requests = read_amounts(resources.at("requests"));
  const Amount* const found = find(requests, "storage");
  if (found == nullptr) return told.required();
  if (found->quantity && found->quantity->nanos <= 0)
    told.errors().invalid(told.path(), go_quote(canonical(*found->quantity)), "must be greater than zero",
                          found->place);
}

void data_source(const Value& source) {
  if (!source) return;
  const Value kind = source.at("kind"), group = source.at("apiGroup");
  if (source.text("name").empty()) source.at("name").required();
  if (kind.text().empty()) kind.required();
  if (group.text().empty() && kind.text() != "PersistentVolumeClaim")
    source.invalid_as(go_quote(kind.text()), "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  if (!group.text().empty()) group.faults(subdomain_faults(group.text()));
  if (const Value space = source.at("namespace"); !space.text().empty()) space.faults(label_faults(space.text()));
}

void data_sources(const Value& spec) {
  const Value one = spec.at("dataSource"), other = spec.at("dataSourceRef");
  data_source(one);
  data_source(other);
  if (!one || !other) return;
  constexpr std::string_view kPath = "{}";  // the server shows the field's path, which has nothing to show
  const bool same = one.has("apiGroup") == other.has("apiGroup") && one.text("apiGroup") == other.text("apiGroup") &&
                    one.text("kind") == other.text("kind") && one.text("name") == other.text("name");
  if (!other.text("namespace").empty())
    spec.invalid_as(kPath, "may not be specified when dataSourceRef.namespace is specified");
  else if (!same)
    spec.invalid_as(kPath, "must match dataSourceRef");
}

void class_name(const Value& found) {
  if (!found.text().empty()) found.faults(subdomain_faults(found.text()));
}

std::string claim_json(const Value& claim) {
  return fmt::format("{{\"Name\":{},\"ResourceClaimName\":{},\"ResourceClaimTemplateName\":{}}}",
                     json::text(claim.text("name")), json::scalar(claim.at("resourceClaimName").node()),
                     json::scalar(claim.at("resourceClaimTemplateName").node()));
}

}  // namespace

void claim_spec(const Value& spec) {
  if (spec.size("accessModes") == 0) spec.at("accessModes").required("at least 1 access mode is required");
  label_selector(spec.at("selector"));
  access_modes(spec);
  storage(spec);
  class_name(spec.at("storageClassName"));
  spec.at("volumeMode").one_set_of({"Block", "Filesystem"});
  data_sources(spec);
  class_name(spec.at("volumeAttributesClassName"));
}

void claim_template(const Value& source) {
  const Value claim = source.at("volumeClaimTemplate");
  if (!claim) return claim.required();
  const Value metadata = claim.at("metadata");
  annotations(metadata.at("annotations"));
  labels(metadata.at("labels"));
  // A field, and how the server spells it here.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kOthers{
      {{"name", "name"},
       {"generateName", "generateName"},
       {"namespace", "namespace"},
       {"selfLink", "selfLink"},
       {"uid", "uID"},
       {"resourceVersion", "resourceVersion"},
       {"generation", "generation"},
       {"creationTimestamp", "creationTimestamp"},
       {"deletionTimestamp", "deletionTimestamp"},
       {"deletionGracePeriodSeconds", "deletionGracePeriodSeconds"},
       {"ownerReferences", "ownerReferences"},
       {"finalizers", "finalizers"},
       {"managedFields", "managedFields"}}};
  for (const auto& [name, told] : kOthers) {
    const Value found = metadata.at(name);
    if (!found) continue;
    const bool nothing = found.node().is_string() ? found.text().empty() : name == "generation" && found.number() == 0;
    if (!nothing) found.as(metadata.at(told).path()).forbidden("cannot be set");
  }
  claim_spec(claim.at("spec"));
}

void claims(const Pod& pod, const Value& spec) {
  std::set<std::string_view> seen;
  for (const Value& each : spec.items("resourceClaims")) {
    if (!pod.is_template() && pod.annotation("kubernetes.io/config.mirror") != nullptr) {
      each.as("").forbidden("static pods do not support resource claims");
      continue;
    }
    const Value name = each.at("name");
    if (name.text().empty())
      name.required();
    else if (!seen.insert(name.text()).second)
      name.duplicate(name.text());
    else
      name.faults(label_faults(name.text()));
    const bool direct = each.has("resourceClaimName"), made = each.has("resourceClaimTemplateName");
    if (direct == made)
      each.invalid_as(claim_json(each), direct
                                            ? "at most one of `resourceClaimName` or `resourceClaimTemplateName` "
                                              "may be specified"
                                            : "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
    for (const std::string_view what : {"resourceClaimName", "resourceClaimTemplateName"})
      if (const Value found = each.at(what)) found.faults(subdomain_faults(found.text()));
  }
}

}  // namespace callgate::kube::values
