// SPDX-License-Identifier: Apache-2.0
#include "kube/validate.h"

#include <fmt/format.h>

#include <set>
#include <tuple>

#include "kube/names.h"
#include "kube/struct_json.h"
#include "kube/validate_parts.h"
#include "kube/validate_values.h"

namespace callgate::kube {

namespace {

using text::Node;

std::string toleration_json(Node node) {
  const auto own = [&](std::string_view name) { return json::text(string_field(node, name)); };
  return fmt::format("{{\"Key\":{},\"Operator\":{},\"Value\":{},\"Effect\":{},\"TolerationSeconds\":{}}}", own("key"),
                     own("operator"), own("value"), own("effect"), json::scalar(field(node, "tolerationSeconds")));
}

void scheduling(const Value& scheduling) {
  values::labels(scheduling.at("nodeSelector"));
  values::tolerations(scheduling);
  std::set<std::tuple<std::string_view, std::string_view, std::string_view, std::string_view>> seen;
  for (const Value& each : scheduling.items("tolerations"))
    if (!seen.emplace(each.text("key"), each.text("operator"), each.text("value"), each.text("effect")).second)
      each.duplicate_as(toleration_json(each.node()));
}

void runtime_class(const Value& object) {
  const Value handler = object.at("handler"), overhead = object.at("overhead");
  handler.text().empty() ? handler.required() : handler.faults(label_faults(handler.text()));
  if (overhead) values::overhead(overhead.at("podFixed").as(overhead.path()));
  if (const Value found = object.at("scheduling")) scheduling(found);
}

void pod_object(Node object, const std::optional<Pod>& pod, FieldErrors& errors) {
  if (!pod) return errors.required("spec.containers", "", object.span());
  const Value spec(pod->spec, "spec", pod->source, errors);
  validate_pod_annotations(*pod, "metadata.annotations", errors);
  validate_pod_spec(*pod, errors);
  parts::images(*pod, errors);
  if (const Value ephemeral = spec.at("ephemeralContainers"); !ephemeral.entries().empty())
    errors.forbidden(ephemeral.path(), "cannot be set on create", ephemeral.node().key_span());
  if (const Value node = spec.at("nodeName"); !node.text().empty() && spec.size("schedulingGates") > 0)
    node.forbidden("cannot be set until all schedulingGates have been cleared");
  validate_seccomp_agreement(*pod, errors);
  parts::app_armor_agreement(*pod, errors);
}

}  // namespace

void validate_template(Node object, const std::optional<Pod>& pod, std::string_view kind, FieldErrors& errors) {
  if (!pod) return errors.required(std::string(*pod_path(kind)) + ".spec.containers", "", object.span());
  const Value own(pod->metadata, pod->path, pod->source, errors);  // the server leaves "metadata" out
  values::labels(own.at("labels"));
  values::annotations(own.at("annotations"));
  validate_pod_annotations(*pod, pod->path + ".annotations", errors);
  validate_pod_spec(*pod, errors);
  validate_seccomp_agreement(*pod, errors);
  parts::app_armor_agreement(*pod, errors);
  if (const Node ephemeral = field(pod->spec, "ephemeralContainers"); ephemeral && ephemeral.size() > 0)
    errors.forbidden(pod->spec_path() + ".ephemeralContainers", "ephemeral containers not allowed in pod template",
                     ephemeral.key_span());
}

void validate(Node object, std::string_view kind, const std::optional<Pod>& pod, FieldErrors& errors) {
  validate_metadata(object, kind, errors);
  if (kind == "RuntimeClass") return runtime_class(Value(object, "", object.span(), errors));
  if (kind == "Pod") return pod_object(object, pod, errors);
  if (kind == "Job") return validate_job(object, pod, errors);
  if (kind == "CronJob") return validate_cron_job(object, pod, errors);
  if (pod_path(kind)) validate_workload(object, pod, kind, errors);
}

}  // namespace callgate::kube
