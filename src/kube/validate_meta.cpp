// What objects say of themselves. Source: apimachinery pkg/api/validation (ValidateObjectMeta),
// pkg/apis/core/validation (ValidatePodSpecificAnnotations). SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "kube/names.h"
#include "kube/struct_json.h"
#include "kube/validate.h"
#include "kube/validate_values.h"
#include "manifest/go_text.h"

namespace callgate::kube {

namespace {

using manifest::go_quote;
using text::Node;

// Kinds whose names are labels, where others are subdomains.
bool named_by_label(std::string_view kind) {
  return kind == "Namespace" || kind == "StatefulSet";
}

NameFaults name_faults(std::string_view kind, std::string_view name) {
  if (named_by_label(kind)) return label_faults(name);
  return kind == "ReplicationController" ? long_name_faults(name) : subdomain_faults(name);
}

void owner(const Value& reference, const Value& told) {
  const auto refuse = [&](std::string_view name, std::string_view why) {
    const Value found = reference.at(name);
    found.as(told.at(name).path()).invalid(why);
  };
  const std::string_view version = reference.text("apiVersion"), kind = reference.text("kind");
  const auto parts = base::split(version, '/');
  if (parts.size() > 2 || parts.back().empty()) refuse("apiVersion", "version must not be empty");
  if (kind.empty()) refuse("kind", "must not be empty");
  if (reference.text("name").empty()) refuse("name", "must not be empty");
  if (reference.text("uid").empty()) refuse("uid", "must not be empty");
  if (version == "v1" && kind == "Event")
    told.invalid_as(json::owner_reference(reference.node()), "/v1, Kind=Event is disallowed from being an owner");
}

void owners(const Value& metadata) {
  const Value list = metadata.at("ownerReferences");
  const auto each_of = metadata.items("ownerReferences");
  std::string first, all;
  for (const Value& each : each_of) all += (all.empty() ? "" : ",") + json::owner_reference(each.node());
  for (const Value& each : each_of) {
    owner(each, list);
    if (bool_field(each.node(), "controller") != true) continue;
    const std::string current = fmt::format("{}/{}", each.text("kind"), each.text("name"));
    if (first.empty())
      first = current;
    else
      list.invalid_as(
          "[" + all + "]",
          fmt::format("Only one reference can have Controller set to true. Found \"true\" in references for "
                      "{} and {}",
                      first, current));
  }
}

void finalizers(const Value& metadata) {
  const Value list = metadata.at("finalizers");
  bool orphans = false, deletes = false;
  for (const Value& each : metadata.items("finalizers")) {
    for (const std::string& fault : qualified_name_faults(each.text())) each.as(list.path()).invalid(fault);
    orphans = orphans || each.text() == "orphan";
    deletes = deletes || each.text() == "foregroundDeletion";
  }
  if (orphans && deletes)
    list.invalid_as(json::list(list.node()), "finalizer orphan and foregroundDeletion cannot be both set");
}

// Of those without a domain, only the server's own.
void old_finalizer(const Value& finalizer) {
  const std::string_view name = finalizer.text();
  if (name.find('/') != std::string_view::npos || name == "kubernetes" || name == "orphan" ||
      name == "foregroundDeletion")
    return;
  finalizer.invalid("name is neither a standard finalizer name nor is it fully qualified");
}

// Jobs and ReplicationControllers without labels take those of their Pods.
Value own_labels(Node object, const Value& metadata, std::string_view kind) {
  const Value own = metadata.at("labels");
  const Node of_pods = field(field(field(field(object, "spec"), "template"), "metadata"), "labels");
  const bool takes = (kind == "Job" || kind == "ReplicationController") && own.entries().empty();
  return takes && of_pods ? Value(of_pods, own.path(), own.place(), own.errors()) : own;
}

bool is_deletion_cost(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  std::int32_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  return whole && !digits.empty() && (text == "0" || text.front() == '-' || text.front() != '0');
}

}  // namespace

void validate_metadata(Node object, std::string_view kind, FieldErrors& errors) {
  const Node node = field(object, "metadata");
  const Value metadata(node, "metadata", object.span(), errors);
  const Value name = metadata.at("name"), generated = metadata.at("generateName");
  if (!generated.text().empty() && kind != "ReplicationController")
    for (const std::string_view fault : name_faults(kind, as_prefix(generated.text())))
      generated.invalid_as(go_quote(generated.text()), fault);
  if (name.text().empty() && generated.text().empty()) name.required("name or generateName is required");
  if (!name.text().empty()) name.faults(name_faults(kind, name.text()));
  values::labels(own_labels(object, metadata, kind));
  values::annotations(metadata.at("annotations"));
  owners(metadata);
  finalizers(metadata);
  if (kind == "RuntimeClass") return;
  for (const Value& each : metadata.items("finalizers")) old_finalizer(each);
}

namespace values {

void labels(const Value& map) {
  if (!map || !map.node().is_object()) return;
  for (const text::Node each : map.node()) {
    for (const std::string& fault : qualified_name_faults(each.key()))
      map.errors().invalid(map.path(), go_quote(each.key()), fault, each.key_span());
    for (const std::string_view fault : label_value_faults(each.text()))
      map.errors().invalid(map.path(), go_quote(each.text()), fault, each.span());
  }
}

void annotations(const Value& map) {
  if (!map || !map.node().is_object()) return;
  constexpr std::size_t kMost = std::size_t{256} * 1024;
  std::size_t bytes = 0;
  for (const text::Node each : map.node()) {
    for (const std::string& fault : qualified_name_faults(base::to_lower(each.key())))
      map.errors().invalid(map.path(), go_quote(each.key()), fault, each.key_span());
    bytes += each.key().size() + each.text().size();
  }
  if (bytes > kMost) map.errors().too_long(map.path(), kMost, map.place());
}

void pod_annotations(const Pod& pod, const std::string& path, FieldErrors& errors) {
  constexpr std::string_view kMirror = "kubernetes.io/config.mirror",
                             kCost = "controller.kubernetes.io/pod-deletion-cost";
  const auto refuse = [&](const Annotation& annotation, std::string_view why) {
    errors.invalid(fmt::format("{}[{}]", path, annotation.key), go_quote(annotation.value), why, annotation.place);
  };
  if (const Annotation* const mirror = pod.annotation(kMirror);
      mirror != nullptr && string_field(pod.spec, "nodeName").empty())
    refuse(*mirror, "must set spec.nodeName if mirror pod annotation is set");
  if (const Annotation* const cost = pod.annotation(kCost); cost != nullptr && !is_deletion_cost(cost->value))
    refuse(*cost, "must be a 32bit integer");
}

}  // namespace values

}  // namespace callgate::kube
