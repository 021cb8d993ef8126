// SPDX-License-Identifier: Apache-2.0
#include "kube/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "kube/names.h"
#include "kube/validate_parts.h"
#include "kube/validate_values.h"
#include "manifest/go_text.h"

namespace callgate::kube {

namespace {

using manifest::go_quote;
using text::Node;

base::Span place(Node node, Node otherwise) {
  return node ? node.span() : otherwise ? otherwise.span() : base::Span();
}

// Kinds whose names are labels, where others are subdomains.
bool named_by_label(std::string_view kind) {
  return kind == "Namespace" || kind == "StatefulSet";
}

void object_meta(Node object, std::string_view kind, FieldErrors& errors) {
  const Node metadata = field(object, "metadata");
  const std::string_view name = string_field(metadata, "name"), generated = string_field(metadata, "generateName");
  const base::Span where = place(field(metadata, "name"), metadata ? metadata : object);
  const auto faults = named_by_label(kind) ? label_faults : subdomain_faults;
  if (!generated.empty()) {
    std::string_view stem = generated;
    if (stem.ends_with('-')) stem.remove_suffix(1);
    for (const std::string_view fault : faults(stem))
      errors.invalid("metadata.generateName", go_quote(generated), fault, field(metadata, "generateName").span());
  }
  if (name.empty() && generated.empty()) errors.required("metadata.name", "name or generateName is required", where);
  if (!name.empty())
    for (const std::string_view fault : faults(name)) errors.invalid("metadata.name", go_quote(name), fault, where);
  const Value own(metadata, "metadata", where, errors);
  values::labels(own.at("labels"));
  values::annotations(own.at("annotations"));
}

// A template that a controller keeps running.
void running_template(Node object, std::string_view kind, FieldErrors& errors) {
  const Node spec = field(object, "spec");
  const Node policy = field(field(field(spec, "template"), "spec"), "restartPolicy");
  if (policy && policy.text() != "Always")
    errors.not_supported("spec.template.spec.restartPolicy", policy.text(), {"Always"}, policy.span());
  if (const Node deadline = field(field(field(spec, "template"), "spec"), "activeDeadlineSeconds"))
    errors.forbidden(
        "spec.template.spec.activeDeadlineSeconds",
        fmt::format("activeDeadlineSeconds in {} is not Supported", kind == "Deployment" ? "ReplicaSet" : kind),
        deadline.key_span());
}

bool matches(Node selector, Node labels) {
  const Node wanted = field(selector, "matchLabels");
  if (!wanted || !wanted.is_object()) return true;
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](Node each) { return string_field(labels, each.key()) == each.text(); });
}

// A map of texts as Go prints it in JSON: sorted keys.
std::string map_json(Node map) {
  if (!map || !map.is_object() || map.size() == 0) return "null";
  std::vector<std::pair<std::string, std::string>> entries;
  for (const Node each : map) entries.emplace_back(each.key(), each.text());
  std::sort(entries.begin(), entries.end());
  std::string out;
  for (const auto& [key, value] : entries)
    out += fmt::format("{}{}:{}", out.empty() ? "" : ",", go_quote(key), go_quote(value));
  return "{" + out + "}";
}

void label_selector(Node object, std::string_view what, FieldErrors& errors) {
  const Node spec = field(object, "spec"), selector = field(spec, "selector");
  if (!selector) return errors.required("spec.selector", "", place(spec, object));
  const Node labels = field(selector, "matchLabels"), expressions = field(selector, "matchExpressions");
  if ((!labels || labels.size() == 0) && (!expressions || expressions.size() == 0))
    return errors.invalid("spec.selector", "{}", fmt::format("empty selector is invalid for {}", what),
                          selector.span());
  const Node own = field(field(field(spec, "template"), "metadata"), "labels");
  if (!matches(selector, own))
    errors.invalid("spec.template.metadata.labels", map_json(own), "`selector` does not match template `labels`",
                   place(own, selector));
}

void old_selector(Node object, FieldErrors& errors) {
  const Node spec = field(object, "spec"), own = field(field(field(spec, "template"), "metadata"), "labels");
  // Without one the template's labels are it.
  const Node selector = field(spec, "selector");
  if (!selector && (!own || own.size() == 0)) return errors.required("spec.selector", "", place(spec, object));
  if (!selector || !selector.is_object()) return;
  const bool fits = std::all_of(selector.begin(), selector.end(),
                                [&](Node each) { return string_field(own, each.key()) == each.text(); });
  if (!fits)
    errors.invalid("spec.template.metadata.labels", map_json(own), "`selector` does not match template `labels`",
                   place(own, selector));
}

void template_of(const Pod& pod, FieldErrors& errors) {
  const Value own(pod.metadata, pod.path, pod.source, errors);  // the server leaves "metadata" out
  values::labels(own.at("labels"));
  values::annotations(own.at("annotations"));
  validate_pod_annotations(pod, pod.path + ".annotations", errors);
  validate_pod_spec(pod, errors);
  validate_seccomp_agreement(pod, errors);
  if (const Node ephemeral = field(pod.spec, "ephemeralContainers"); ephemeral && ephemeral.size() > 0)
    errors.forbidden(pod.spec_path() + ".ephemeralContainers", "ephemeral containers not allowed in pod template",
                     ephemeral.key_span());
}

void job_template(const Pod& pod, FieldErrors& errors) {
  const Node policy = field(pod.spec, "restartPolicy");
  const std::string_view text = policy ? policy.text() : std::string_view("Always");
  const std::string path = pod.spec_path() + ".restartPolicy";
  if (!policy || text == "Always")
    errors.required(path, "valid values: \"OnFailure\", \"Never\"", place(policy, pod.spec));
  else if (text != "OnFailure" && text != "Never")
    errors.not_supported(path, text, {"OnFailure", "Never"}, policy.span());
}

void runtime_class(Node object, FieldErrors& errors) {
  const Node handler = field(object, "handler");
  const std::string_view text = string_field(object, "handler");
  if (text.empty()) return errors.required("handler", "", place(handler, object));
  for (const std::string_view fault : label_faults(text))
    errors.invalid("handler", go_quote(text), fault, handler.span());
}

void cron_job(Node object, FieldErrors& errors) {
  const Node spec = field(object, "spec"), schedule = field(spec, "schedule");
  if (!schedule || schedule.text().empty()) errors.required("spec.schedule", "", place(schedule, spec));
  if (const Node deadline = field(spec, "startingDeadlineSeconds"); deadline && deadline.as_i64().value_or(0) < 0)
    errors.invalid("spec.startingDeadlineSeconds", deadline.text(), "must be greater than or equal to 0",
                   deadline.span());
  if (const Node policy = field(spec, "concurrencyPolicy");
      policy && policy.text() != "Allow" && policy.text() != "Forbid" && policy.text() != "Replace")
    errors.not_supported("spec.concurrencyPolicy", policy.text(), {"Allow", "Forbid", "Replace"}, policy.span());
}

}  // namespace

void validate(Node object, std::string_view kind, const std::optional<Pod>& pod, FieldErrors& errors) {
  object_meta(object, kind, errors);
  if (kind == "RuntimeClass") return runtime_class(object, errors);
  if (kind == "Pod") {
    if (!pod) return errors.required("spec.containers", "", object.span());
    validate_pod_annotations(*pod, "metadata.annotations", errors);
    validate_pod_spec(*pod, errors);
    parts::images(*pod, errors);
    if (const Node ephemeral = field(pod->spec, "ephemeralContainers"); ephemeral && ephemeral.size() > 0)
      errors.forbidden("spec.ephemeralContainers", "cannot be set on create", ephemeral.key_span());
    validate_seccomp_agreement(*pod, errors);
    return parts::app_armor_agreement(*pod, errors);
  }
  if (!pod_path(kind)) return;
  if (kind == "CronJob") cron_job(object, errors);
  const Value spec(field(object, "spec"), "spec", object.span(), errors);
  values::before_template(kind, spec);
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kSelecting{{{"DaemonSet", "daemonset"},
                                                                                     {"Deployment", "deployment"},
                                                                                     {"ReplicaSet", "deployment"},
                                                                                     {"StatefulSet", "statefulset"}}};
  const auto row =
      std::find_if(kSelecting.begin(), kSelecting.end(), [&](const auto& each) { return each.first == kind; });
  if (row != kSelecting.end()) label_selector(object, row->second, errors);
  if (kind == "ReplicationController") old_selector(object, errors);
  if (pod) {
    template_of(*pod, errors);
  } else {
    const std::string path(*pod_path(kind));
    errors.required(path + ".spec.containers", "", object.span());
  }
  if (row != kSelecting.end() || kind == "ReplicationController") running_template(object, kind, errors);
  values::after_template(kind, spec);
  if (pod && (kind == "Job" || kind == "CronJob")) job_template(*pod, errors);
}

}  // namespace callgate::kube
