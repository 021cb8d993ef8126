// What a workload says beside its selector and template. Source: pkg/apis/apps/validation, pkg/apis/batch/validation
// and their defaults. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "kube/validate_values.h"
#include "manifest/go_text.h"

namespace callgate::kube::values {

namespace {

using manifest::go_quote;

void not_negative(const Value& holder, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (const Value found = holder.at(name); found.number() < 0) found.invalid("must be greater than or equal to 0");
}

// "25%" as 25; nothing where it is no share.
std::optional<std::int64_t> percent(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  std::int64_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool good = read.ec == std::errc() && read.ptr == text.data() + text.size() && out >= 0;
  return good ? std::optional(out) : std::nullopt;
}

std::int64_t amount(const Value& found, std::int64_t otherwise) {
  if (!found) return otherwise;
  return found.node().is_string() ? percent(found.text()).value_or(0) : found.number();
}

void count_or_percent(const Value& found) {
  if (found && found.node().is_string() && !percent(found.text()))
    found.invalid(
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used "
        "for "
        "validation is '[0-9]+%')");
  else if (found && found.number() < 0)
    found.invalid("must be greater than or equal to 0");
}

void at_most_all(const Value& found) {
  constexpr std::int64_t kAll = 100;
  if (percent(found.text()).value_or(0) > kAll) found.invalid("must not be greater than 100%");
}

// A strategy whose type is not known, as Go prints the server's struct.
void unknown_type(const Value& strategy, std::initializer_list<std::string_view> good) {
  strategy.errors().not_supported_struct(
      strategy.path(), fmt::format("{{\"Type\":{},\"RollingUpdate\":null}}", go_quote(strategy.text("type"))), good,
      strategy.place());
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
  if (amount(most, kQuarter) == 0 && amount(surge, kQuarter) == 0) most.invalid("may not be 0 when `maxSurge` is 0");
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
  if (some && more) surge.invalid("may not be set when maxUnavailable is non-zero");
  if (!some && !more) most.required("cannot be 0 when maxSurge is 0");
}

void stateful_set(const Value& spec) {
  const Value policy = spec.at("podManagementPolicy");
  if (!policy.text().empty() && policy.text() != "OrderedReady" && policy.text() != "Parallel")
    policy.invalid("must be 'OrderedReady' or 'Parallel'");
  const Value rolling = spec.at("updateStrategy").at("rollingUpdate");
  if (spec.at("updateStrategy").text("type") != "OnDelete") not_negative(rolling, {"partition"});
  not_negative(spec, {"replicas", "minReadySeconds"});
}

void job(const Value& spec) {
  not_negative(spec, {"parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
                      "backoffLimitPerIndex", "maxFailedIndexes"});
  const Value mode = spec.at("completionMode");
  mode.one_of({"Indexed", "NonIndexed"});
  if (mode.text() == "Indexed" && !spec.has("completions"))
    spec.at("completions").required("when completion mode is Indexed");
}

void progress(const Value& spec) {
  constexpr std::int64_t kDefault = 600;
  const Value deadline = spec.at("progressDeadlineSeconds");
  const std::int64_t seconds = deadline ? deadline.number() : kDefault;
  if (seconds < 0) deadline.invalid("must be greater than or equal to 0");
  if (seconds <= spec.at("minReadySeconds").number())
    deadline.invalid_as(fmt::format("{}", seconds), "must be greater than minReadySeconds");
}

}  // namespace

void before_template(std::string_view kind, const Value& spec) {
  if (kind == "Deployment") not_negative(spec, {"replicas"});
  if (kind == "ReplicaSet") not_negative(spec, {"replicas", "minReadySeconds"});
  if (kind == "ReplicationController") not_negative(spec, {"minReadySeconds"});
  if (kind == "StatefulSet") stateful_set(spec);
  if (kind == "Job") job(spec);
  if (kind == "CronJob") job(spec.at("jobTemplate").at("spec"));
}

void after_template(std::string_view kind, const Value& spec) {
  if (kind == "Deployment") {
    deployment_strategy(spec.at("strategy"));
    not_negative(spec, {"minReadySeconds", "revisionHistoryLimit"});
    progress(spec);
  } else if (kind == "DaemonSet") {
    not_negative(spec, {"minReadySeconds"});
    daemon_strategy(spec.at("updateStrategy"));
    not_negative(spec, {"revisionHistoryLimit"});
  } else if (kind == "CronJob") {
    not_negative(spec, {"successfulJobsHistoryLimit", "failedJobsHistoryLimit"});
  }
}

}  // namespace callgate::kube::values
