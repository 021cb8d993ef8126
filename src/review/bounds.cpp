// Grants held against a ceiling and a closure: need ⊆ grant ⊆ ceiling, each container by itself, exactly and with a
// call that shows it. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <map>
#include <optional>
#include <utility>

#include "closure/need.h"
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

struct Refused {
  policy::Call call;
  std::string why;  // it is needed; empty where only a profile says so
};

// What is needed and not granted.
std::optional<Refused> first_refused(const Need& need, const policy::Policy& granted) {
  if (!need.closure) {
    const auto call = policy::first_excess(need.policy, granted);
    return call ? std::optional(Refused{*call, {}}) : std::nullopt;
  }
  const auto lack = closure::first_lack(*need.closure, need.phase, granted);
  return lack ? std::optional(Refused{lack->call, closure::reason(*lack)}) : std::nullopt;
}

lint::Answer answer_of(const policy::Call& call, const policy::Policy& policy) {
  return {format::Engine::docker, call, policy::evaluate(policy, call), false};
}

// The finding may have been told already, of another container.
void tell(lint::Finding& finding, const Refused& refused, const policy::Policy& granted, const Need& need) {
  finding.witness = lint::Witness{answer_of(refused.call, granted), answer_of(refused.call, need.policy)};
  if (!refused.why.empty()) finding.notes = {{{}, "needed: " + refused.why}};
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
    if (fresh) at->second = first_refused(*options_.closure, granted);
    if (!at->second) return;
    lint::Finding& made = findings_.add("closure-refused", container.choice.place,
                                        fmt::format("the filter refuses what '{}' needs", options_.closure->name),
                                        "`callgate diff` tells all the differences", &container);
    tell(made, *at->second, granted, *options_.closure);
  }

  const Options& options_;
  arch::Arch native_;
  Findings& findings_;
  std::map<const manifest::Filter*, std::optional<policy::Call>> above_;
  std::map<const manifest::Filter*, std::optional<Refused>> missing_;
};

lint::Finding& add(lint::Report& report, std::string_view rule, std::string message) {
  lint::Finding& out = report.findings.emplace_back();
  out.rule = lint::find_rule(rule);
  out.message = std::move(message);
  out.help = "`callgate diff` tells all the differences";
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
      add(report, "above-ceiling", fmt::format("the profile grants what '{}' does not", options.ceiling->name))
          .witness = lint::Witness{answer_of(*call, policy), answer_of(*call, options.ceiling->policy)};
  if (options.closure)
    if (const auto refused = first_refused(*options.closure, policy))
      tell(add(report, "closure-refused", fmt::format("the profile refuses what '{}' needs", options.closure->name)),
           *refused, policy, *options.closure);
}

void check_bounds(const manifest::Answer& answer, const Options& options, manifest::Filters& filters,
                  Findings& findings) {
  if (!options.ceiling && !options.closure) return;
  Bounds bounds(options, filters.machine().native, findings);
  for (const manifest::Container& each : answer.containers) bounds.check(each);
}

}  // namespace callgate::review
