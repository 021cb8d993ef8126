// Amounts that containers ask for. Source: pkg/apis/core/validation (validateResourceRequirements),
// pkg/apis/core/helper. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "kube/amounts.h"
#include "kube/names.h"
#include "kube/validate_values.h"
#include "manifest/go_text.h"

namespace callgate::kube::values {

namespace {

using manifest::go_json_quote;
using manifest::go_quote;

bool native(std::string_view name) {
  return name.find('/') == std::string_view::npos || name.find("kubernetes.io/") != std::string_view::npos;
}
bool extended(std::string_view name) {
  return !native(name) && !name.starts_with("requests.") &&
         qualified_name_faults("requests." + std::string(name)).empty();
}
bool of_containers(std::string_view name) {
  return name == "cpu" || name == "memory" || name == "ephemeral-storage" || is_huge(name);
}
// What quotas know too, without a domain.
bool standard(std::string_view name) {
  constexpr std::array<std::string_view, 19> kNames{"configmaps",
                                                    "limits.cpu",
                                                    "limits.ephemeral-storage",
                                                    "limits.memory",
                                                    "persistentvolumeclaims",
                                                    "pods",
                                                    "replicationcontrollers",
                                                    "requests.cpu",
                                                    "requests.ephemeral-storage",
                                                    "requests.memory",
                                                    "requests.storage",
                                                    "resourcequotas",
                                                    "secrets",
                                                    "services",
                                                    "services.loadbalancers",
                                                    "services.nodeports",
                                                    "storage",
                                                    "cpu",
                                                    "memory"};
  return of_containers(name) || std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         name.starts_with("requests.hugepages-");
}
// Counted in whole pieces.
bool counted(std::string_view name) {
  constexpr std::array<std::string_view, 9> kNames{"configmaps",
                                                   "persistentvolumeclaims",
                                                   "pods",
                                                   "replicationcontrollers",
                                                   "resourcequotas",
                                                   "secrets",
                                                   "services",
                                                   "services.loadbalancers",
                                                   "services.nodeports"};
  return extended(name) || std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// Whether the name is one at all.
bool resource_name(std::string_view name, const Value& found) {
  const auto faults = qualified_name_faults(name);
  for (const std::string& each : faults) found.invalid_as(go_json_quote(name), each);
  if (!faults.empty()) return false;
  if (name.find('/') != std::string_view::npos || standard(name)) return true;
  found.invalid_as(go_json_quote(name), "must be a standard resource type or fully qualified");
  return false;
}

void container_resource(std::string_view name, const Value& found) {
  resource_name(name, found);
  const bool plain = name.find('/') == std::string_view::npos;
  const auto refuse = [&](std::string_view why) { found.invalid_as(go_json_quote(name), why); };
  if (plain && !of_containers(name)) return refuse("must be a standard resource for containers");
  if (!plain && !native(name) && !extended(name)) refuse("doesn't follow extended resource name standard");
}

void pod_resource(std::string_view name, const Value& found) {
  if (resource_name(name, found) && !is_of_pods(name))
    found.errors().not_supported(found.path(), name, {"cpu", "hugepages-", "memory"}, found.place());
}

std::optional<Quantity> amount_of(text::Node node) {
  const auto read = node && (node.is_string() || node.is_number()) ? read_quantity(node.text()) : std::nullopt;
  return read ? std::optional(stored(*read)) : std::nullopt;
}

void huge_amount(std::string_view name, const Value& found, const Quantity& amount) {
  const auto page = read_quantity(name.substr(std::string_view("hugepages-").size()));
  const bool divides = page && page->nanos > 0 && is_whole(*page) && amount.nanos % page->nanos == 0;
  if (!divides)
    found.invalid_as(go_quote(canonical(amount)),
                     fmt::format("{} is not positive integer multiple of {}", canonical(amount), name));
}

// A resource's name and amount, in limits or requests.
void entry(const Amount& amount, const Value& found, Level level) {
  level == Level::container ? container_resource(amount.name, found) : pod_resource(amount.name, found);
  if (!amount.quantity) return;
  const std::string text = canonical(*amount.quantity);
  if (is_negative(*amount.quantity)) found.invalid_as(go_quote(text), "must be greater than or equal to 0");
  if (counted(amount.name) && !is_whole(*amount.quantity)) found.invalid_as(go_quote(text), "must be an integer");
}

void against_limit(const Amount& asked, const Amounts& all, const Value& requests, const Value& limits) {
  const Amount* const limit = find(all, asked.name);
  if (limit == nullptr) {
    if (!may_overcommit(asked.name)) limits.required("Limit must be set for non overcommitable resources");
    return;
  }
  if (!asked.quantity || !limit->quantity) return;
  const auto refuse = [&](std::string_view how) {
    requests.errors().invalid(requests.path(), go_quote(canonical(*asked.quantity)),
                              fmt::format("must be {} {} limit of {}", how, asked.name, canonical(*limit->quantity)),
                              asked.place);
  };
  if (asked.quantity->nanos != limit->quantity->nanos && !may_overcommit(asked.name))
    refuse("equal to");
  else if (asked.quantity->nanos > limit->quantity->nanos)
    refuse("less than or equal to");
}

}  // namespace

const Amount* find(const Amounts& amounts, std::string_view name) {
  const auto at = std::find_if(amounts.begin(), amounts.end(), [&](const Amount& each) { return each.name == name; });
  return at == amounts.end() ? nullptr : &*at;
}

Amounts read_amounts(const Value& map) {
  Amounts out;
  for (const text::Node each : map.entries()) out.push_back({each.key(), amount_of(each), each.span()});
  return out;
}

Requirements read_requirements(const Value& resources, bool defaulted) {
  Requirements out{read_amounts(resources.at("limits")), read_amounts(resources.at("requests"))};
  if (defaulted)
    for (const Amount& each : out.limits)
      if (find(out.requests, each.name) == nullptr) out.requests.push_back(each);
  return out;
}

bool is_huge(std::string_view name) {
  return name.starts_with("hugepages-");
}

bool may_overcommit(std::string_view name) {
  return native(name) && !is_huge(name);
}

bool is_of_pods(std::string_view name) {
  return name == "cpu" || name == "memory" || is_huge(name);
}

void check_requirements(const Value& resources, const Requirements& found, Level level) {
  const Value limits = resources.at("limits"), requests = resources.at("requests");
  bool any_huge = false, any_basic = false;
  const auto check = [&](const Value& list, const Amount& each, bool asked) {
    const Value own({}, fmt::format("{}[{}]", list.path(), each.name), each.place, list.errors());
    entry(each, own, level);
    if (asked) against_limit(each, found.limits, list, limits);
    if (is_huge(each.name) && each.quantity) huge_amount(each.name, own, *each.quantity);
    any_huge = any_huge || is_huge(each.name);
    any_basic = any_basic || each.name == "cpu" || each.name == "memory";
  };
  for (const Amount& each : found.limits) check(limits, each, false);
  for (const Amount& each : found.requests) check(requests, each, true);
  if (any_huge && !any_basic) resources.forbidden("HugePages require cpu or memory");
}

void check_claims(const Value& resources, const Value& spec) {
  std::set<std::string, std::less<>> known, seen;
  for (const Value& each : spec.items("resourceClaims"))
    if (!each.text("name").empty()) known.emplace(each.text("name"));
  for (const Value& each : resources.items("claims")) {
    const std::string name(each.text("name"));
    if (name.empty()) {
      each.required();
      continue;
    }
    if (seen.contains(name)) {
      each.duplicate(name);
    } else {
      const Value request = each.at("request");
      std::string key = name;
      if (!request.text().empty()) {
        request.faults(label_faults(request.text()));
        key += "/" + std::string(request.text());
      }
      if (seen.contains(key))
        each.duplicate(key);
      else if (request.text().empty() && std::any_of(seen.begin(), seen.end(), [&](const std::string& other) {
                 return other.starts_with(name + "/");
               }))
        each.duplicate(name);
      seen.insert(key);
    }
    if (known.contains(name)) continue;
    std::string all;
    for (const std::string& one : known) all += (all.empty() ? ": " : ", ") + one;
    each.not_found(name,
                   "must be one of the names in pod.spec.resourceClaims" + (all.empty() ? " which is empty" : all));
  }
}

void resources(const Value& container, bool defaulted, const Value& spec) {
  const Value needed = container.at("resources");
  if (!needed) return;
  check_requirements(needed, read_requirements(needed, defaulted), Level::container);
  check_claims(needed, spec);
}

void overhead(const Value& amounts) {
  if (amounts) check_requirements(amounts, {read_amounts(amounts), {}}, Level::container);
}

void resize_policy(const Value& container, const Value& spec) {
  const Value list = container.at("resizePolicy");
  std::set<std::string_view> seen;
  for (const Value& each : container.items("resizePolicy")) {
    const auto told = [&](std::string_view name) {
      const Value found = each.at(name);
      return Value(found.node(), list.path(), found.place(), found.errors());
    };
    const Value name = told("resourceName"), policy = told("restartPolicy");
    if (!seen.insert(name.text()).second) each.duplicate(name.text());
    name.text().empty() ? name.required() : name.one_of({"cpu", "memory"});
    policy.text().empty() ? policy.required() : policy.one_of({"NotRequired", "RestartContainer"});
    if (spec.text("restartPolicy") == "Never" && policy.text() != "NotRequired")
      policy.invalid_as(go_json_quote(policy.text()), "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
  }
}

void forbid_restart_on_resize(const Value& container) {
  for (const Value& each : container.items("resizePolicy"))
    if (const Value policy = each.at("restartPolicy"); policy.text() == "RestartContainer")
      policy.invalid("must not be set to 'RestartContainer' for non-sidecar initContainers");
}

}  // namespace callgate::kube::values
