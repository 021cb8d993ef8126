// What a whole Pod asks for, against its containers. Source: pkg/apis/core/validation (validatePodResources),
// pkg/apis/core/v1/defaults.go, component-helpers/resource. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "kube/amounts.h"
#include "kube/validate_values.h"
#include "manifest/go_text.h"

namespace callgate::kube::values {

namespace {

using manifest::go_quote;

struct Container {
  Role role = Role::container;
  std::size_t index = 0;
  bool sidecar = false;
  Requirements needed;
};

Amount* known(Amounts& amounts, std::string_view name) {
  const auto at = std::find_if(amounts.begin(), amounts.end(), [&](const Amount& each) { return each.name == name; });
  return at == amounts.end() ? nullptr : &*at;
}

// Sums keep the form of what was there first, as the server's do.
void add(Amounts& sum, const Amounts& more) {
  for (const Amount& each : more)
    if (Amount* const there = known(sum, each.name); there == nullptr)
      sum.push_back(each);
    else if (there->quantity && each.quantity) {
      if (is_zero(*there->quantity)) there->quantity->format = each.quantity->format;
      there->quantity->nanos += each.quantity->nanos;
    }
}

void raise(Amounts& most, const Amounts& other) {
  for (const Amount& each : other)
    if (Amount* const there = known(most, each.name); there == nullptr)
      most.push_back(each);
    else if (there->quantity && each.quantity && each.quantity->nanos > there->quantity->nanos)
      *there = each;
}

// What all containers take at once, at most: init containers run one by one, beside the sidecars before them.
Amounts all(const std::vector<Container>& containers, Amounts Requirements::* kind) {
  Amounts out, sidecars, starting;
  for (const Container& each : containers)
    if (each.role == Role::container) add(out, each.needed.*kind);
  for (const Container& each : containers) {
    if (each.role != Role::init) continue;
    if (each.sidecar) {
      add(out, each.needed.*kind);
      add(sidecars, each.needed.*kind);
      raise(starting, sidecars);
    } else {
      Amounts own = each.needed.*kind;
      add(own, sidecars);
      raise(starting, own);
    }
  }
  raise(out, starting);
  return out;
}

std::vector<Container> containers_of(const Pod& pod, FieldErrors& errors) {
  std::vector<Container> out;
  for (const PodContainer& each : pod.containers) {
    if (each.role == Role::ephemeral) continue;
    const Value own(each.node, pod.container_path(each), pod.source, errors);
    out.push_back({each.role, each.index, own.text("restartPolicy") == "Always",
                   read_requirements(own.at("resources"), !pod.is_template())});
  }
  return out;
}

void give_defaults(Requirements& own, const std::vector<Container>& containers) {
  if (own.limits.empty() && own.requests.empty()) return;
  for (const Amount& each : all(containers, &Requirements::limits))
    if (is_huge(each.name) && find(own.requests, each.name) == nullptr && find(own.limits, each.name) == nullptr)
      own.limits.push_back(each);
  if (own.limits.empty()) return;
  for (const Amount& each : all(containers, &Requirements::requests))
    if (is_of_pods(each.name) && may_overcommit(each.name) && find(own.requests, each.name) == nullptr)
      own.requests.push_back(each);
  for (const Amount& each : own.limits)
    if (is_of_pods(each.name) && find(own.requests, each.name) == nullptr) own.requests.push_back(each);
}

void at_least(const Amounts& own, const Amounts& needed, const Value& list, std::string_view what, bool huge_only) {
  for (const Amount& each : needed) {
    const Amount* const said = find(own, each.name);
    if (said == nullptr || !said->quantity || !each.quantity || (huge_only && !is_huge(each.name))) continue;
    if (each.quantity->nanos > said->quantity->nanos)
      list.errors().invalid(
          fmt::format("{}[{}]", list.path(), each.name), go_quote(canonical(*said->quantity)),
          fmt::format("must be greater than or equal to aggregate container {} of {}", what, canonical(*each.quantity)),
          said->place);
  }
}

void each_at_most(const Requirements& own, const std::vector<Container>& containers, const Value& resources) {
  for (const Container& container : containers) {
    if (container.role != Role::container) continue;
    for (const Amount& each : container.needed.limits) {
      const Amount* const most = find(own.limits, each.name);
      if (most == nullptr || !most->quantity || !each.quantity || each.quantity->nanos <= most->quantity->nanos)
        continue;
      resources.errors().invalid(
          fmt::format("{}.containers[{}][{}].limits", resources.path(), container.index, each.name),
          go_quote(canonical(*each.quantity)),
          fmt::format("must be less than or equal to pod limits of {}", canonical(*most->quantity)), each.place);
    }
  }
}

}  // namespace

void pod_resources(const Pod& pod, const Value& spec) {
  const Value resources = spec.at("resources");
  if (!resources) return;
  if (pod.os == "windows") return resources.forbidden("may not be set for a windows pod");
  if (const Value claims = resources.at("claims")) claims.forbidden("claims may not be set for Resources at pod-level");
  const auto containers = containers_of(pod, spec.errors());
  Requirements own = read_requirements(resources, false);
  if (!pod.is_template()) give_defaults(own, containers);
  check_requirements(resources, own, Level::pod);
  check_claims(resources, spec);
  at_least(own.requests, all(containers, &Requirements::requests), resources.at("requests"), "requests", false);
  at_least(own.limits, all(containers, &Requirements::limits), resources.at("limits"), "limits", true);
  each_at_most(own, containers, resources);
}

}  // namespace callgate::kube::values
