// SPDX-License-Identifier: Apache-2.0
#include "resolve/startup.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "arch/startup.h"
#include "lint/subject.h"

namespace callgate::resolve {

namespace {

// In words; empty if the runtime gets all it needs.
std::string refused_needs(const manifest::Filter& filter, const std::string& runtime, bool no_new_privileges) {
  const arch::RuntimeStartup* const measured = arch::newest_runtime_startup(runtime, no_new_privileges);
  if (measured == nullptr) return {};
  const lint::Options options;
  lint::Subject subject{options, {}, false, {}, {}, options.reading.native, nullptr};
  subject.main.engines = {format::Engine::docker};
  subject.main.profile = filter.profile;
  const auto missing = lint::missing_needs(subject, runtime + (no_new_privileges ? "-nnp" : ""));
  if (missing.empty()) return {};
  const auto calls = lint::calls_of(missing);
  std::string out = fmt::format(
      "{} {} itself needs {} before it executes the program, and this filter refuses {}: no container starts", runtime,
      measured->version, lint::join(calls), calls.size() == 1 ? "it" : "them");
  for (const lint::Missing& each : missing)
    if (!each.without.empty()) return fmt::format("{}; without {}, {}", out, each.calls, each.without);
  return out;
}

}  // namespace

void add_startup_hazards(manifest::Answer& answer) {
  std::map<std::tuple<const manifest::Filter*, std::string, bool>, std::string> known;
  for (manifest::Container& each : answer.containers) {
    if (each.outcome == manifest::Outcome::refused || !each.choice.filter || !each.choice.filter->profile.confined)
      continue;
    const auto [at, fresh] =
        known.try_emplace(std::tuple(each.choice.filter.get(), each.runtime, each.no_new_privileges));
    if (fresh) at->second = refused_needs(*each.choice.filter, each.runtime, each.no_new_privileges);
    if (!at->second.empty())
      each.steps.push_back({manifest::Step::Kind::hazard, at->second, each.choice.place, manifest::Topic::startup});
  }
}

}  // namespace callgate::resolve
