// Workloads that keep Pods running, and PodTemplates. Source: pkg/apis/apps/validation, pkg/apis/core/validation
// (ValidateReplicationController), and their defaults. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kube/names.h"
#include "kube/selector.h"
#include "kube/struct_json.h"
#include "kube/validate.h"
#include "kube/validate_values.h"
#include "manifest/go_text.h"

namespace callgate::kube {

namespace {

using text::Node;

void not_negative(const Value& holder, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) holder.at(name).not_negative();
}

std::int64_t integer(std::string_view text) {
  std::int64_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? out : 0;
}

// "25%" as 25; nothing where it is no share.
std::optional<std::int64_t> percent(std::string_view text) {
  if (text.size() < 2 || !text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  return text.find_first_not_of("0123456789") == std::string_view::npos ? std::optional(integer(text)) : std::nullopt;
}

std::int64_t amount(const Value& found, std::int64_t otherwise) {
  if (!found) return otherwise;
  return found.node().is_string() ? percent(found.text()).value_or(integer(found.text())) : found.number();
}

// As it stands: a number or a text.
std::string int_or_text(const Value& found) {
  return found ? json::scalar(found.node()) : "0";
}

void count_or_percent(const Value& found) {
  if (found && found.node().is_string() && !percent(found.text()))
    found.invalid_as(int_or_text(found),
                     "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
                     "regex used for validation is '[0-9]+%')");
  else if (found)
    found.not_negative();
}

void at_most_all(const Value& found) {
  constexpr std::int64_t kAll = 100;
  if (percent(found.text()).value_or(0) > kAll) found.invalid_as(int_or_text(found), "must not be greater than 100%");
}

// A strategy whose type is not known, as Go prints the server's struct.
void unknown_type(const Value& strategy, std::initializer_list<std::string_view> good) {
  const Value rolling = strategy.at("rollingUpdate");
  const std::string inner =
      rolling ? fmt::format("{{\"MaxUnavailable\":{},\"MaxSurge\":{}}}", int_or_text(rolling.at("maxUnavailable")),
                            int_or_text(rolling.at("maxSurge")))
              : "null";
  strategy.errors().not_supported_struct(
      strategy.path(), fmt::format("{{\"Type\":{},\"RollingUpdate\":{}}}", json::text(strategy.text("type")), inner),
      good, strategy.place());
}

void deployment_strategy(const Value& strategy) {
  const std::string_view type = strategy.text("type");
  const Value rolling = strategy.at("rollingUpdate");
  if (type == "Recreate") {
    if (rolling) rolling.forbidden("may not be specified when strategy `type` is 'Recreate'");
    return;
  }
  if (!type.empty() && type != "RollingUpdate") return unknown_type(strategy, {"Recreate", "RollingUpdate"});
  const Value most = rolling.at("maxUnavailable"), surge = rolling.at("maxSurge");
  constexpr std::int64_t kQuarter = 25;
  count_or_percent(most);
  count_or_percent(surge);
  if (amount(most, kQuarter) == 0 && amount(surge, kQuarter) == 0)
    most.invalid_as(int_or_text(most), "may not be 0 when `maxSurge` is 0");
  at_most_all(most);
}

void daemon_strategy(const Value& strategy) {
  const std::string_view type = strategy.text("type");
  if (type == "OnDelete") return;
  if (!type.empty() && type != "RollingUpdate") return unknown_type(strategy, {"RollingUpdate", "OnDelete"});
  const Value rolling = strategy.at("rollingUpdate"), most = rolling.at("maxUnavailable"),
              surge = rolling.at("maxSurge");
  for (const Value& each : {most, surge}) count_or_percent(each);
  for (const Value& each : {most, surge}) at_most_all(each);
  const bool some = amount(most, 1) != 0, more = amount(surge, 0) != 0;
  if (some && more) surge.invalid_as(int_or_text(surge), "may not be set when maxUnavailable is non-zero");
  if (!some && !more) most.required("cannot be 0 when maxSurge is 0");
}

// A StatefulSet's partition; its maxUnavailable hangs on a gate that is off.
void stateful_strategy(const Value& strategy) {
  const std::string_view type = strategy.text("type");
  const Value rolling = strategy.at("rollingUpdate"), partition = rolling.at("partition");
  const std::string inner =
      rolling ? fmt::format("{{\"Partition\":{},\"MaxUnavailable\":null}}", partition.number()) : "null";
  if (type == "OnDelete") {
    if (rolling) rolling.invalid_as(inner, "only allowed for updateStrategy 'RollingUpdate'");
  } else if (type.empty() || type == "RollingUpdate") {
    partition.not_negative();
  } else {
    strategy.invalid_as(fmt::format("{{\"Type\":{},\"RollingUpdate\":{}}}", json::text(type), inner),
                        "must be 'RollingUpdate' or 'OnDelete'");
  }
}

void before_selector(const Value& spec) {
  const Value policy = spec.at("podManagementPolicy"), retention = spec.at("persistentVolumeClaimRetentionPolicy");
  if (!policy.text().empty() && policy.text() != "OrderedReady" && policy.text() != "Parallel")
    policy.invalid_as(json::text(policy.text()), "must be 'OrderedReady' or 'Parallel'");
  stateful_strategy(spec.at("updateStrategy"));
  for (const std::string_view name : {"whenDeleted", "whenScaled"}) retention.at(name).one_of({"Retain", "Delete"});
  for (const Value& each : spec.items("volumeClaimTemplates")) values::claim_spec(each.at("spec"));
  not_negative(spec, {"replicas", "minReadySeconds"});
  spec.at("ordinals").at("start").not_negative();
  if (const Value service = spec.at("serviceName"); !service.text().empty())
    service.faults(label_faults(service.text()));
}

struct Template {
  Node object;
  const std::optional<Pod>& pod;
  std::string_view kind;
  Value spec;

  Value at(std::string_view name) const {
    const Value own = spec.at("template").at("spec");
    return own.at(name);
  }
};

// What does not fit Pods that are kept running.
void keeps_running(const Template& own) {
  const Value policy = own.at("restartPolicy"), deadline = own.at("activeDeadlineSeconds");
  policy.one_of({"Always"});
  if (deadline)
    deadline.errors().forbidden(
        deadline.path(),
        fmt::format("activeDeadlineSeconds in {} is not Supported", own.kind == "Deployment" ? "ReplicaSet" : own.kind),
        deadline.node().key_span());
}

void mismatch(const Template& own, const Labels& labels, base::Span otherwise) {
  const Value metadata = own.spec.at("template").at("metadata"), found = metadata.at("labels");
  found.errors().invalid(found.path(), labels_json(labels), "`selector` does not match template `labels`",
                         found ? found.place() : otherwise);
}

// Deployments, ReplicaSets and StatefulSets: `what` as the server calls all of them, and what it says of a bad
// selector.
void selected(const Template& own, std::string_view what, std::string_view bad) {
  const Value selector = own.spec.at("selector");
  bool good = true;
  if (!selector) {
    selector.required();
  } else {
    good = check_selector(selector);
    if (is_empty_selector(selector.node()))
      selector.invalid_as("{}", fmt::format("empty selector is invalid for {}", what));
  }
  if (!good) return selector.invalid_as(json::label_selector(selector.node()), bad);
  const Labels labels = read_labels(own.spec.at("template").at("metadata").at("labels").node());
  if (!matches(selector.node(), labels)) mismatch(own, labels, selector.place());
  validate_template(own.object, own.pod, own.kind, own.spec.errors());
  if (own.kind != "StatefulSet") keeps_running(own);
}

void deployment(const Template& own) {
  const Value& spec = own.spec;
  constexpr std::int64_t kDefault = 600;
  not_negative(spec, {"replicas"});
  selected(own, "deployment", "invalid label selector");
  deployment_strategy(spec.at("strategy"));
  not_negative(spec, {"minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"});
  const Value deadline = spec.at("progressDeadlineSeconds");
  const std::int64_t seconds = deadline ? deadline.number() : kDefault;
  if (seconds <= spec.at("minReadySeconds").number())
    deadline.invalid_as(fmt::format("{}", seconds), "must be greater than minReadySeconds");
}

void daemon_set(const Template& own) {
  const Value &spec = own.spec, selector = spec.at("selector");
  const bool good = check_selector(selector);
  const Labels labels = read_labels(spec.at("template").at("metadata").at("labels").node());
  if (good && !matches(selector.node(), labels)) mismatch(own, labels, selector.place());
  if (selector && is_empty_selector(selector.node()))
    selector.invalid_as("{}", "empty selector is invalid for daemonset");
  validate_template(own.object, own.pod, own.kind, spec.errors());
  keeps_running(own);
  not_negative(spec, {"minReadySeconds"});
  daemon_strategy(spec.at("updateStrategy"));
  not_negative(spec, {"revisionHistoryLimit"});
}

void replication_controller(const Template& own) {
  const Value &spec = own.spec, pods = spec.at("template"), selector = spec.at("selector");
  const Labels labels = read_labels(pods.at("metadata").at("labels").node()), wanted = read_labels(selector.node());
  not_negative(spec, {"minReadySeconds"});
  if (wanted.empty() && labels.empty()) selector.required();  // without one the template's labels are it
  not_negative(spec, {"replicas"});
  if (!pods) return pods.required();
  const bool fits = std::all_of(wanted.begin(), wanted.end(), [&](const auto& each) {
    const auto found = labels.find(each.first);
    return found != labels.end() && found->second == each.second;
  });
  if (!fits) mismatch(own, labels, selector.place());
  validate_template(own.object, own.pod, own.kind, spec.errors());
  keeps_running(own);
}

}  // namespace

void validate_workload(Node object, const std::optional<Pod>& pod, std::string_view kind, FieldErrors& errors) {
  const Template own{object, pod, kind, Value(object, "", object.span(), errors).at("spec")};
  if (kind == "Deployment") return deployment(own);
  if (kind == "DaemonSet") return daemon_set(own);
  if (kind == "ReplicationController") return replication_controller(own);
  if (kind == "PodTemplate") return validate_template(object, pod, kind, errors);
  if (kind == "ReplicaSet") {
    not_negative(own.spec, {"replicas", "minReadySeconds"});
    return selected(own, "deployment", "invalid label selector");
  }
  before_selector(own.spec);
  selected(own, "statefulset", "");
  keeps_running(own);
}

}  // namespace callgate::kube
