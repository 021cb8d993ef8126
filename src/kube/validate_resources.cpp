// Amounts that containers ask for. Source: pkg/apis/core/validation (validateResourceRequirements),
// pkg/apis/core/helper. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "kube/names.h"
#include "kube/quantity.h"
#include "kube/validate_values.h"
#include "manifest/go_text.h"

namespace callgate::kube::values {

namespace {

using manifest::go_quote;

bool huge(std::string_view name) {
  return name.starts_with("hugepages-");
}
bool native(std::string_view name) {
  return name.find('/') == std::string_view::npos || name.find("kubernetes.io/") != std::string_view::npos;
}
bool overcommitted(std::string_view name) {
  return native(name) && !huge(name);
}
bool extended(std::string_view name) {
  return !native(name) && !name.starts_with("requests.") &&
         qualified_name_faults("requests." + std::string(name)).empty();
}
bool of_containers(std::string_view name) {
  return name == "cpu" || name == "memory" || name == "ephemeral-storage" || huge(name);
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

void resource_name(std::string_view name, const Value& found) {
  const auto refuse = [&](std::string_view why) { found.invalid_as(go_quote(name), why); };
  const auto faults = qualified_name_faults(name);
  const bool plain = name.find('/') == std::string_view::npos;
  for (const std::string& each : faults) refuse(each);
  if (faults.empty() && plain && !standard(name)) refuse("must be a standard resource type or fully qualified");
  if (plain && !of_containers(name)) return refuse("must be a standard resource for containers");
  if (!plain && !native(name) && !extended(name)) refuse("doesn't follow extended resource name standard");
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
void entry(std::string_view name, const Value& found, const std::optional<Quantity>& amount) {
  resource_name(name, found);
  if (!amount) return;
  if (is_negative(*amount)) found.invalid_as(go_quote(canonical(*amount)), "must be greater than or equal to 0");
  if (counted(name) && !is_whole(*amount)) found.invalid_as(go_quote(canonical(*amount)), "must be an integer");
}

void against_limit(std::string_view name, const Value& requests, const Value& limits, const Quantity& asked) {
  const text::Node limit = field(limits.node(), name);
  if (!limit) {
    if (!overcommitted(name)) limits.required("Limit must be set for non overcommitable resources");
    return;
  }
  const auto most = amount_of(limit);
  if (!most) return;
  const auto refuse = [&](std::string_view how) {
    requests.errors().invalid(requests.path(), go_quote(canonical(asked)),
                              fmt::format("must be {} {} limit of {}", how, name, canonical(*most)),
                              requests.key(name).place());
  };
  if (asked.nanos != most->nanos && !overcommitted(name))
    refuse("equal to");
  else if (asked.nanos > most->nanos)
    refuse("less than or equal to");
}

void claims_of(const Value& needed, const Value& spec) {
  std::set<std::string, std::less<>> known;
  for (const Value& each : spec.items("resourceClaims"))
    if (!each.text("name").empty()) known.emplace(each.text("name"));
  for (const Value& each : needed.items("claims")) {
    const std::string_view name = each.text("name");
    if (name.empty()) {
      each.required();
      continue;
    }
    const Value request = each.at("request");
    if (!request.text().empty()) request.faults(label_faults(request.text()));
    if (known.contains(name)) continue;
    std::string all;
    for (const std::string& one : known) all += (all.empty() ? ": " : ", ") + one;
    each.not_found(name,
                   "must be one of the names in pod.spec.resourceClaims" + (all.empty() ? " which is empty" : all));
  }
}

}  // namespace

void resources(const Value& container, bool defaulted, const Value& spec) {
  const Value needed = container.at("resources");
  if (!needed) return;
  const Value limits = needed.at("limits"), requests = needed.at("requests");
  bool any_huge = false, any_basic = false;
  const auto check = [&](const Value& list, std::string_view name, text::Node node, bool asked) {
    const Value found(node, list.path() + "[" + std::string(name) + "]", list.place(), list.errors());
    const auto amount = amount_of(node);
    entry(name, found, amount);
    if (asked && amount) against_limit(name, list, limits, *amount);
    if (huge(name) && amount) huge_amount(name, found, *amount);
    any_huge = any_huge || huge(name);
    any_basic = any_basic || name == "cpu" || name == "memory";
  };
  if (limits && limits.node().is_object())
    for (const text::Node each : limits.node()) check(limits, each.key(), each, false);
  if (requests && requests.node().is_object())
    for (const text::Node each : requests.node()) check(requests, each.key(), each, true);
  if (defaulted && limits && limits.node().is_object())  // what a Pod does not ask for is its limit
    for (const text::Node each : limits.node())
      if (!requests.has(each.key())) check(requests, each.key(), each, true);
  // The whole Pod may ask for the rest.
  if (any_huge && !any_basic && !spec.has("resources")) needed.forbidden("HugePages require cpu or memory");
  claims_of(needed, spec);
}

void overhead(const Value& spec) {
  const Value found = spec.at("overhead");
  if (!found || !found.node().is_object()) return;
  const std::string path = found.at("limits").path();
  for (const text::Node each : found.node())
    entry(each.key(), Value(each, path + "[" + std::string(each.key()) + "]", found.place(), found.errors()),
          amount_of(each));
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
    // A container with a policy of its own is not bound by the Pod's.
    if (spec.text("restartPolicy") == "Never" && !container.has("restartPolicy") && policy.text() != "NotRequired")
      policy.invalid("must be 'NotRequired' when `restartPolicy` is 'Never'");
  }
}

}  // namespace callgate::kube::values
