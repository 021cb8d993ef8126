// Grants held against a ceiling and a closure: need ⊆ grant ⊆ ceiling, each container by itself, exactly and with a
// call that shows it. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <map>
#include <optional>
#include <utility>

#include "lint/reached.h"
#include "policy/algebra.h"
#include "review/rules.h"

namespace callgate::review {

namespace {

// Dangerous calls on the machine's own architecture go first.
std::optional<policy::Call> excess(const policy::Policy& more, const policy::Policy& less, arch::Arch native) {
  const auto grave = gravest(more, less, native);
  return grave ? grave : policy::first_excess(more, less);
}

lint::Answer answer_of(const policy::Call& call, const policy::Policy& policy) {
  return {format::Engine::docker, call, policy::evaluate(policy, call), false};
}

class Bounds {
 public:
  Bounds(const Options& options, arch::Arch native, Findings& findings)
      : options_(options), native_(native), findings_(findings) {}

  void check(const manifest::Container& container) {
    if (container.outcome == manifest::Outcome::refused) return;
    const auto& filter = container.choice.filter;
    if (!filter) {
      findings_.add("profile-unknown", container.choice.place,
                    fmt::format("what '{}' grants is not known, so it cannot be held against {}", container.choice.path,
                                options_.ceiling ? "the ceiling" : "the closure"),
                    "give the node's files with --seccomp-root", &container);
      return;
    }
    if (options_.ceiling) check_ceiling(container, *filter);
    if (options_.closure) check_closure(container, *filter);
  }

 private:
  void check_ceiling(const manifest::Container& container, const manifest::Filter& filter) {
    const auto [at, fresh] = above_.try_emplace(&filter);
    const policy::Policy& granted = filter.profile.policy;
    if (fresh) at->second = excess(granted, options_.ceiling->policy, native_);
    if (!at->second) return;
    lint::Finding& made = findings_.add(
        "above-ceiling", container.choice.place,
        filter.profile.confined
            ? fmt::format("the filter grants what '{}' does not", options_.ceiling->name)
            : fmt::format("there is no filter, so what '{}' does not grant is granted", options_.ceiling->name),
        "`callgate diff` tells all the differences", &container);
    made.witness = lint::Witness{answer_of(*at->second, granted), answer_of(*at->second, options_.ceiling->policy)};
  }
  void check_closure(const manifest::Container& container, const manifest::Filter& filter) {
    const auto [at, fresh] = missing_.try_emplace(&filter);
    const policy::Policy& granted = filter.profile.policy;
    if (fresh) at->second = policy::first_excess(options_.closure->policy, granted);
    if (!at->second) return;
    lint::Finding& made = findings_.add("closure-refused", container.choice.place,
                                        fmt::format("the filter refuses what '{}' needs", options_.closure->name),
                                        "`callgate diff` tells all the differences", &container);
    made.witness = lint::Witness{answer_of(*at->second, granted), answer_of(*at->second, options_.closure->policy)};
  }

  const Options& options_;
  arch::Arch native_;
  Findings& findings_;
  std::map<const manifest::Filter*, std::optional<policy::Call>> above_, missing_;
};

lint::Finding made_of(std::string_view rule, std::string message, const policy::Call& call,
                      const policy::Policy& policy, const policy::Policy& bound) {
  lint::Finding out;
  out.rule = lint::find_rule(rule);
  out.message = std::move(message);
  out.help = "`callgate diff` tells all the differences";
  out.witness = lint::Witness{answer_of(call, policy), answer_of(call, bound)};
  return out;
}

}  // namespace

std::optional<policy::Call> gravest(const policy::Policy& more, const policy::Policy& less, arch::Arch native) {
  const std::array archs{native};
  std::optional<policy::Call> out;
  std::pair<lint::Level, std::size_t> weight;
  for (const lint::Reached& each : lint::reached(more, archs, &less)) {
    const std::pair mine(each.risk->level, each.risk->cves.size());
    if (out && mine <= weight) continue;
    out = each.witness;
    weight = mine;
  }
  return out;
}

void hold_against_bounds(const policy::Policy& policy, const Options& options, arch::Arch native,
                         lint::Report& report) {
  if (options.ceiling)
    if (const auto call = excess(policy, options.ceiling->policy, native))
      report.findings.push_back(made_of("above-ceiling",
                                        fmt::format("the profile grants what '{}' does not", options.ceiling->name),
                                        *call, policy, options.ceiling->policy));
  if (options.closure)
    if (const auto call = policy::first_excess(options.closure->policy, policy))
      report.findings.push_back(made_of("closure-refused",
                                        fmt::format("the profile refuses what '{}' needs", options.closure->name),
                                        *call, policy, options.closure->policy));
}

void check_bounds(const manifest::Answer& answer, const Options& options, manifest::Filters& filters,
                  Findings& findings) {
  if (!options.ceiling && !options.closure) return;
  Bounds bounds(options, filters.machine().native, findings);
  for (const manifest::Container& each : answer.containers) bounds.check(each);
}

}  // namespace callgate::review
