// SPDX-License-Identifier: Apache-2.0
#include "resolve/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <utility>

#include "arch/calls.h"
#include "lint/ask.h"
#include "lint/reached.h"
#include "policy/algebra.h"
#include "policy/changes.h"

namespace callgate::resolve {

namespace {

// The numbers of the architecture's calls, each once.
std::vector<policy::SyscallNr> call_numbers(arch::Arch which) {
  std::vector<policy::SyscallNr> out;
  for (const arch::CallEntry& entry : arch::table(which))
    if (out.empty() || out.back() != entry.nr) out.push_back(entry.nr);
  return out;
}

void count_changes(const policy::Policy& standard, const policy::Policy& policy, arch::Arch which,
                   std::span<const policy::SyscallNr> numbers, Summary& out) {
  const auto audit = arch::info(which).audit;
  const auto any = [](const policy::Change& change, bool before, bool after) {
    return std::ranges::any_of(change.regions, [&](const policy::RegionChange& region) {
      return policy::grants(region.before) == before && policy::grants(region.after) == after;
    });
  };
  for (const policy::Change& change : policy::changes(standard, policy)) {
    if (change.audit != audit || change.is_other) continue;
    const auto first = std::ranges::lower_bound(numbers, change.first);
    const auto named = static_cast<std::size_t>(std::ranges::upper_bound(numbers, change.last) - first);
    if (any(change, false, true)) out.more += named;
    if (any(change, true, false)) out.fewer += named;
  }
}

std::vector<NewRisk> new_risks(const policy::Policy& policy, arch::Arch which, const policy::Policy& standard) {
  const std::array archs{which};
  std::vector<NewRisk> out;
  for (lint::Reached& each : lint::reached(policy, archs, &standard))
    out.push_back({each.risk->rule, each.risk->title, each.risk->level, std::move(each.calls)});
  std::ranges::stable_sort(out, std::greater<>{}, &NewRisk::level);
  return out;
}

std::string sentence(const Summary& summary) {
  constexpr std::size_t kTold = 3;
  std::string out = summary.confined
                        ? fmt::format("{} of {} {} calls allowed", summary.allowed, summary.calls, summary.arch)
                        : fmt::format("no filter: all {} {} calls allowed", summary.calls, summary.arch);
  if (summary.more == 0 && summary.fewer == 0) return out + ", as by Docker's default";
  fmt::format_to(std::back_inserter(out), "; against Docker's default {} more and {} fewer", summary.more,
                 summary.fewer);
  std::vector<std::string_view> titles;
  for (const NewRisk& each : summary.risks)
    if (titles.size() < kTold) titles.push_back(each.title);
  if (titles.empty()) return out;
  fmt::format_to(std::back_inserter(out), "; newly within reach: {}", fmt::join(titles, ", "));
  if (summary.risks.size() > kTold)
    fmt::format_to(std::back_inserter(out), " and {} more", summary.risks.size() - kTold);
  return out;
}

Summary summarize(const manifest::Filter& filter, const manifest::Filter& standard, arch::Arch which) {
  Summary out;
  const std::vector<policy::SyscallNr> numbers = call_numbers(which);
  const policy::Policy& policy = filter.profile.policy;
  out.confined = filter.profile.confined;
  out.arch = arch::info(which).name;
  out.calls = numbers.size();
  out.allowed = static_cast<std::size_t>(
      std::ranges::count_if(numbers, [&](policy::SyscallNr nr) { return lint::how_granted(policy, which, nr).some; }));
  count_changes(standard.profile.policy, policy, which, numbers, out);
  out.risks = new_risks(policy, which, standard.profile.policy);
  out.text = sentence(out);
  return out;
}

}  // namespace

const Summary* Summaries::of(const manifest::Container& container) {
  const auto& filter = container.choice.filter;
  if (!filter) return nullptr;
  if (const auto found = known_.find(filter); found != known_.end()) return &found->second;
  const auto standard = filters_.built_in("docker-default", format::Engine::docker, format::default_capabilities());
  if (!standard) return nullptr;
  return &known_.emplace(filter, summarize(*filter, *standard, filters_.machine().native)).first->second;
}

}  // namespace callgate::resolve
