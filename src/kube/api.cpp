// SPDX-License-Identifier: Apache-2.0
#include "kube/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kube/decode.h"
#include "kube/validate.h"
#include "kube/warnings.h"
#include "manifest/go_text.h"

namespace callgate::kube {

namespace {

using manifest::Step;
using text::Node;

// Kinds with a table of fields, in whatever version they are asked for.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kServed{{
    {"CronJob", "batch/v1"},
    {"DaemonSet", "apps/v1"},
    {"Deployment", "apps/v1"},
    {"Job", "batch/v1"},
    {"Namespace", "v1"},
    {"Pod", "v1"},
    {"PodTemplate", "v1"},
    {"ReplicaSet", "apps/v1"},
    {"ReplicationController", "v1"},
    {"RuntimeClass", "node.k8s.io/v1"},
    {"StatefulSet", "apps/v1"},
}};

// "Deployment.apps".
std::string qualified(const Review& review) {
  const std::size_t slash = review.api_version.find('/');
  return slash == std::string::npos ? review.kind
                                    : fmt::format("{}.{}", review.kind, review.api_version.substr(0, slash));
}

void refuse(Review& review, int code, std::string_view reason, std::string message, base::Span place) {
  review.code = code;
  review.reason = reason;
  review.message = std::move(message);
  review.steps.push_back({Step::Kind::fact, fmt::format("the API server refuses it: {}", review.message), place});
}

void warn(Review& review, std::string text, base::Span place) {
  review.warnings.push_back(std::move(text));
  review.warning_places.push_back(place);
}
void warn(Review& review, const Warnings& warnings) {
  for (const Warning& each : warnings) warn(review, each.text, each.place);
}

// Leaves what the response carries.
void settle_warnings(Review& review) {
  Warnings said;
  for (std::size_t i = 0; i < review.warnings.size(); ++i)
    said.push_back({std::move(review.warnings[i]), review.warning_places[i]});
  review.warnings.clear();
  review.warning_places.clear();
  warn(review, as_sent(said));
}

bool decode_object(Node object, const Struct& type, const Cluster& cluster, Review& review) {
  const Decoded decoded = decode(object, type);
  const auto unhandled = [&](std::string_view why) {
    const std::size_t slash = review.api_version.find('/');
    const std::string_view version =
        std::string_view(review.api_version).substr(slash == std::string::npos ? 0 : slash + 1);
    return fmt::format("{} in version \"{}\" cannot be handled as a {}: {}", review.kind, version, review.kind, why);
  };
  if (decoded.wrong) {
    refuse(review, 400, "BadRequest", unhandled(decoded.wrong->text), decoded.wrong->place);
    return false;
  }
  for (const Fault& each : decoded.unknown) {
    const std::string_view field = each.place.text();
    const bool quoted = field.size() > 1 && (field.front() == '"' || field.front() == '\'');
    review.steps.push_back({Step::Kind::ignored,
                            fmt::format("'{}' is not a field of {}; the API server {} it",
                                        quoted ? field.substr(1, field.size() - 2) : field, review.kind,
                                        cluster.field_validation == FieldValidation::strict ? "refuses" : "drops"),
                            each.place, manifest::Topic::dropped_field});
  }
  for (const Fault& each : decoded.repeated)
    review.steps.push_back({Step::Kind::hazard, "the key is given twice; the last one counts", each.place});
  if (cluster.field_validation == FieldValidation::ignore) return true;
  const std::string strict = strict_error(decoded);
  if (strict.empty()) return true;
  if (cluster.field_validation == FieldValidation::strict) {
    refuse(review, 400, "BadRequest", unhandled(strict),
           decoded.repeated.empty() ? decoded.unknown.front().place : decoded.repeated.front().place);
    return false;
  }
  for (const auto* const list : {&decoded.repeated, &decoded.unknown})
    for (const Fault& each : *list) warn(review, each.text, each.place);
  return true;
}

// The mutating part: it comes before validation.
bool admit_runtime_class(const Pod& pod, const Cluster& cluster, Review& review) {
  if (pod.is_template() || !pod.runtime_class) return true;
  if (pod.runtime_class->empty()) {
    refuse(review, 500, "InternalError", "resource name may not be empty", pod.runtime_class_place);
    return false;
  }
  if (cluster.runtime_classes.contains(*pod.runtime_class)) return true;
  refuse(review, 403, "Forbidden",
         fmt::format("pods \"{}\" is forbidden: pod rejected: RuntimeClass \"{}\" not found", pod.name,
                     *pod.runtime_class),
         pod.runtime_class_place);
  review.steps.push_back(
      {Step::Kind::fact,
       fmt::format("no RuntimeClass '{0}' is in what was given; if the cluster has it, say --runtime-class {0}",
                   *pod.runtime_class),
       pod.runtime_class_place});
  return false;
}

bool exempt(const Pod& pod, const Cluster& cluster, const Review& review) {
  const auto in = [](const std::vector<std::string>& list, const std::string& word) {
    return std::find(list.begin(), list.end(), word) != list.end();
  };
  return in(cluster.pod_security.namespaces, review.name_space) ||
         (pod.runtime_class && !pod.runtime_class->empty() &&
          in(cluster.pod_security.runtime_classes, *pod.runtime_class));
}

void admit_pod_security(const Pod& pod, const Cluster& cluster, Review& review) {
  if (exempt(pod, cluster, review)) return;
  const auto levels = cluster.namespaces.find(review.name_space);
  const PodSecurity& security = levels == cluster.namespaces.end() ? cluster.pod_security.defaults : levels->second;
  if (!pod.is_template()) {
    const auto broken = violations(pod, security.enforce);
    if (!broken.empty()) {
      const base::Span place = broken.front().places.empty() ? pod.source : broken.front().places.front();
      return refuse(review, 403, "Forbidden",
                    fmt::format("pods \"{}\" is forbidden: violates PodSecurity \"{}\": {}", pod.name,
                                security.enforce.text(), describe(broken)),
                    place);
    }
  }
  const auto broken = violations(pod, security.warn);
  if (broken.empty()) return;
  warn(review, fmt::format("would violate PodSecurity \"{}\": {}", security.warn.text(), describe(broken)),
       broken.front().places.empty() ? pod.source : broken.front().places.front());
  for (const Violation& each : broken)
    for (const base::Span place : each.places)
      review.steps.push_back({Step::Kind::hazard,
                              fmt::format("breaks Pod Security '{}': {}", security.warn.text(), each.reason), place,
                              manifest::Topic::pod_security});
}

void admit_namespace(Node object, const Cluster& cluster, Review& review) {
  const Node labels = field(field(object, "metadata"), "labels");
  FieldErrors errors;
  for (const WrongLabel& each : wrong_labels(labels))
    errors.invalid(fmt::format("metadata.labels[{}]", each.label), manifest::go_quote(each.value), each.detail,
                   each.place);
  if (!errors.empty())
    return refuse(review, 422, "Invalid",
                  fmt::format("{} \"{}\" is invalid: {}", qualified(review), review.name, errors.text()),
                  errors.errors().front().place);
  if (auto warning = exemption_warning(review.name, labels, cluster.pod_security))
    warn(review, std::move(*warning), labels ? labels.key_span() : review.source);
}

void validate_object(Node object, Review& review) {
  FieldErrors errors;
  validate(object, review.kind, review.pod, errors);
  if (errors.empty()) return;
  const std::string before = fmt::format("{} \"{}\" is invalid: ", qualified(review), review.name);
  refuse(review, 422, "Invalid", before + errors.text(), errors.errors().front().place);
  if (errors.errors().size() > 1)
    for (const FieldErrors::Error& each : errors.errors()) review.reasons.push_back({before + each.text, each.place});
}

}  // namespace

Review review(Node object, const Cluster& cluster) {
  Review out;
  out.kind = string_field(object, "kind");
  out.api_version = string_field(object, "apiVersion");
  const Node metadata = field(object, "metadata");
  out.name = string_field(metadata, "name");
  const std::string_view name_space = string_field(metadata, "namespace");
  out.name_space = name_space.empty() ? cluster.default_namespace : std::string(name_space);
  out.source = object.span();
  const auto served =
      std::find_if(kServed.begin(), kServed.end(), [&](const auto& row) { return row.first == out.kind; });
  if (served == kServed.end()) {
    out.known = false;
    return out;
  }
  const Struct* const type = find_kind(out.api_version, out.kind);
  if (type == nullptr) {
    refuse(out, 404, "NotFound", fmt::format("no matches for kind \"{}\" in version \"{}\"", out.kind, out.api_version),
           field(object, "apiVersion") ? field(object, "apiVersion").span() : object.span());
    return out;
  }
  if (!decode_object(object, *type, cluster, out)) return out;
  out.pod = read_pod(object);
  out.handler = string_field(object, "handler");
  const bool has_class = !out.pod || admit_runtime_class(*out.pod, cluster, out);
  if (has_class) {
    if (out.pod && !out.pod->is_template() && cluster.mutate) cluster.mutate(*out.pod, out.name_space);
    if (out.pod) warn(out, preparing_warnings(*out.pod));
    validate_object(object, out);
  }
  if (!out.refused()) {
    warn(out, creation_warnings(object, out.pod));
    if (out.pod) admit_pod_security(*out.pod, cluster, out);
    if (out.kind == "Namespace") admit_namespace(object, cluster, out);
  }
  settle_warnings(out);
  return out;
}

void learn(const Review& review, Node object, Cluster& cluster) {
  if (review.refused()) return;
  if (auto configuration = read_configuration(object)) cluster.pod_security = std::move(*configuration);
  if (review.kind == "Namespace" && review.known)
    cluster.namespaces.insert_or_assign(
        review.name, pod_security_of(field(field(object, "metadata"), "labels"), cluster.pod_security.defaults));
  if (review.kind == "RuntimeClass" && review.known)
    cluster.runtime_classes.insert_or_assign(review.name, review.handler);
}

std::vector<Node> objects_of(Node root) {
  std::vector<Node> out;
  const Node items = field(root, "items");
  const bool list = string_field(root, "kind").ends_with("List") && items && items.is_array();
  if (!list) {
    if (root && root.is_object()) out.push_back(root);
    return out;
  }
  for (const Node each : items)
    for (const Node inner : objects_of(each)) out.push_back(inner);
  return out;
}

bool looks_like_object(Node root) {
  const Node version = field(root, "apiVersion"), kind = field(root, "kind");
  return version && version.is_string() && kind && kind.is_string();
}

}  // namespace callgate::kube
