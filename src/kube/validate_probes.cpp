// Source: pkg/apis/core/validation (validateHandler, validateProbe, validateLifecycle), pkg/apis/core/v1/defaults.go.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kube/names.h"
#include "kube/validate_values.h"
#include "manifest/go_text.h"

namespace callgate::kube::values {

namespace {

constexpr std::array<std::string_view, 3> kProbes{"livenessProbe", "readinessProbe", "startupProbe"};
constexpr std::int64_t kDefaultGrace = 30;

void port(const Value& holder) {
  constexpr std::int64_t kHighest = 65535;
  const Value found = holder.at("port");
  if (found && found.node().is_string()) return found.faults(port_name_faults(found.text()));
  if (const std::int64_t number = found.number(); number < 1 || number > kHighest)
    found.invalid_as(fmt::format("{}", number), "must be between 1 and 65535, inclusive");
}

void get(const Value& http) {
  port(http);
  http.at("scheme").one_of({"HTTP", "HTTPS"});
  const Value headers = http.at("httpHeaders");
  for (const Value& each : http.items("httpHeaders"))
    for (const std::string_view fault : header_name_faults(each.text("name")))
      headers.invalid_as(manifest::go_quote(each.text("name")), fault);
}

void sleep(const Value& action, std::int64_t grace) {
  const std::int64_t seconds = action.at("seconds").number();
  if (seconds < 0 || seconds > grace)
    action.invalid_as(fmt::format("{}", seconds),
                      fmt::format("must be non-negative and less than terminationGracePeriodSeconds ({})", grace));
}

// `grace`: a handler of a container's life may sleep; probes may not.
void handler(const Value& holder, std::optional<std::int64_t> grace) {
  bool found = false;
  const auto check = [&](std::string_view name, const auto& rule) {
    const Value action = holder.at(name);
    if (!action) return;
    if (found) return action.forbidden("may not specify more than 1 handler type");
    found = true;
    rule(action);
  };
  check("exec", [](const Value& exec) {
    if (exec.size("command") == 0) exec.at("command").required();
  });
  check("httpGet", get);
  check("tcpSocket", port);
  if (grace)
    check("sleep", [&](const Value& action) { sleep(action, *grace); });
  else
    check("grpc", port);
  if (!found) holder.required("must specify a handler type");
}

void probe(const Value& found, std::string_view kind) {
  if (!found) return;
  handler(found, std::nullopt);
  for (const std::string_view name :
       {"initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"})
    found.at(name).not_negative();
  const Value grace = found.at("terminationGracePeriodSeconds");
  if (grace && grace.number() <= 0) grace.invalid("must be greater than 0");
  if (kind == "readinessProbe") {
    if (grace) grace.invalid("must not be set for readinessProbes");
    return;
  }
  const Value successes = found.at("successThreshold");
  if (const std::int64_t number = successes.number(); number != 0 && number != 1) successes.invalid("must be 1");
}

// The server forgets the signal that stops a container (a gate that is off), and a lifecycle of nothing else.
bool is_kept(const Value& found) {
  if (!found) return false;
  const bool is_lifecycle = found.path().ends_with(".lifecycle");
  return !is_lifecycle || !found.has("stopSignal") || found.has("postStart") || found.has("preStop");
}

}  // namespace

void lifecycle_and_probes(const Value& container, const Value& spec) {
  const Value grace = spec.at("terminationGracePeriodSeconds");
  const Value life = container.at("lifecycle");
  for (const std::string_view name : {"postStart", "preStop"})
    if (const Value found = life.at(name)) handler(found, grace ? grace.number() : kDefaultGrace);
  for (const std::string_view kind : kProbes) probe(container.at(kind), kind);
}

void forbid_probes(const Value& container) {
  for (const std::string_view name : {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"})
    if (const Value found = container.at(name); is_kept(found))
      found.forbidden("may not be set for init containers without restartPolicy=Always");
}

void restart_policy(const Value& container, Role role) {
  constexpr std::size_t kMostRules = 20, kMostCodes = 255;
  const Value policy = container.at("restartPolicy"), rules = container.at("restartPolicyRules");
  const auto each_of = container.items("restartPolicyRules");
  if (!policy && !each_of.empty()) policy.required("must specify restartPolicy when restart rules are used");
  if (!policy && role == Role::init) return;
  policy.one_set_of({"Always", "Never", "OnFailure"});
  if (each_of.size() > kMostRules) rules.too_many(each_of.size(), kMostRules);
  for (const Value& each : each_of) {
    each.at("action").one_needed_of({"Restart", "RestartAllContainers"});
    const Value codes = each.at("exitCodes");
    if (!codes) {
      codes.required("must be specified");
      continue;
    }
    codes.at("operator").one_needed_of({"In", "NotIn"});
    if (codes.size("values") > kMostCodes) codes.at("values").too_many(codes.size("values"), kMostCodes);
  }
}

// In a Pod that runs, only what debugging needs.
void ephemeral(const Value& container, const Pod& pod) {
  constexpr std::string_view kNot = "cannot be set for an Ephemeral Container";
  const Value target = container.at("targetContainerName");
  const bool there = std::any_of(pod.containers.begin(), pod.containers.end(), [&](const PodContainer& each) {
    return each.role != Role::ephemeral && each.name == target.text();
  });
  if (!target.text().empty() && !there) target.not_found(target.text());
  const auto refuse = [&](std::string_view name) {
    if (const Value found = container.at(name); is_kept(found)) found.forbidden(kNot);
  };
  refuse("ports");
  if (const Value found = container.at("resources"); found && found.node().size() > 0) found.forbidden(kNot);
  for (const std::string_view name : {"resizePolicy", "restartPolicy", "restartPolicyRules", "livenessProbe",
                                      "readinessProbe", "startupProbe", "lifecycle"})
    refuse(name);
  for (const Value& each : container.items("volumeMounts"))
    for (const std::string_view name : {"subPath", "subPathExpr"})
      if (const Value found = each.at(name); !found.text().empty()) found.forbidden(kNot);
}

}  // namespace callgate::kube::values
