// SPDX-License-Identifier: Apache-2.0
#include "closure/closure.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "arch/calls.h"
#include "base/text.h"
#include "closure/facts.h"

namespace callgate::closure {

namespace {

constexpr std::array<std::string_view, kPhaseCount> kPhases{"startup", "serving", "shutdown"};
constexpr std::array<std::string_view, 4> kOrigins{"observed", "kernel", "runtime", "fallback"};

template <class Enum, std::size_t N>
std::optional<Enum> find_in(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? std::nullopt : std::optional(static_cast<Enum>(found - names.begin()));
}

std::string short_name(const std::string& path) {
  return base::printable(path.substr(path.rfind('/') + 1));
}

std::string by_whom(const Evidence& evidence) {
  constexpr std::size_t kMostNamed = 3;
  std::string out;
  for (std::size_t i = 0; i < std::min(kMostNamed, evidence.programs.size()); ++i)
    out += (i == 0 ? " by " : ", ") + short_name(evidence.programs[i]);
  if (evidence.programs.size() > kMostNamed) out += fmt::format(" and {} more", evidence.programs.size() - kMostNamed);
  return out;
}

}  // namespace

std::string_view name(Phase phase) {
  return kPhases[static_cast<std::size_t>(phase)];
}
std::string_view when(Phase phase) {
  constexpr std::array<std::string_view, kPhaseCount> kWhen{"at startup", "while serving", "at shutdown"};
  return kWhen[static_cast<std::size_t>(phase)];
}
std::optional<Phase> find_phase(std::string_view name) {
  return find_in<Phase>(kPhases, name);
}
std::string_view name(Origin origin) {
  return kOrigins[static_cast<std::size_t>(origin)];
}
std::optional<Origin> find_origin(std::string_view name) {
  return find_in<Origin>(kOrigins, name);
}

const Entry* Closure::find(Phase phase, arch::AuditArch audit, arch::SyscallNr nr) const {
  const auto& entries = of(phase);
  const auto found =
      std::ranges::find_if(entries, [&](const Entry& each) { return each.audit == audit && each.nr == nr; });
  return found == entries.end() ? nullptr : &*found;
}

std::size_t Closure::incomplete() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(sources, [](const Source& s) { return !s.incomplete.empty(); }));
}

std::vector<const Entry*> over_budget(const std::vector<Entry>& core, std::size_t limit) {
  std::vector<const Entry*> out;
  if (core.size() <= limit) return out;
  for (const Entry& entry : core) out.push_back(&entry);
  // What no program lives without stays in; of the others, what is made most often.
  std::ranges::stable_sort(out, [](const Entry* a, const Entry* b) {
    const auto rank = [](const Entry* e) { return std::tuple(e->origin != Origin::kernel, ~e->evidence.count); };
    return rank(a) < rank(b);
  });
  out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(limit));
  return out;
}

std::string reason(const Entry& entry) {
  const std::string_view what = purpose(arch::name_of_call(entry.audit, entry.nr));
  std::string out = entry.why;
  if (entry.origin == Origin::observed) {
    const Evidence& seen = entry.evidence;
    out = seen.count == 0 ? "made" : seen.count == 1 ? "made once" : fmt::format("made {} times", seen.count);
    out += by_whom(seen);
    if (seen.refused) out += ", refused every time";
    if (seen.vsyscall) out += ", by the vsyscall page";
  }
  return what.empty() ? out : fmt::format("{}; {}", out, what);
}

}  // namespace callgate::closure
