// SPDX-License-Identifier: Apache-2.0
#include "format/builtin.h"

#include <algorithm>
#include <array>
#include <span>

#include "arch/calls.h"
#include "format/engine.h"

namespace callgate::format {

namespace {

// A rule of data/defaults/<profile>.csv: slices of the profile's words and conditions.
struct FactRule {
  std::string_view action;
  std::int32_t errno_ret;  // -1: none
  Slice calls, conditions, with_caps, without_caps, on_arches, not_on_arches;
  arch::KernelVersion min_kernel;
  std::uint32_t profiles;  // the bits of those that have it
};

struct FactMachine {
  std::string_view profile, machine;
  Slice also;
};

struct FactProfile {
  BuiltIn listed;
  std::string_view default_action;
  std::uint64_t default_errno;
  std::span<const std::string_view> words;
  std::span<const SpecArgument> conditions;
  std::span<const FactRule> rules;  // shared by the profiles of one file
  std::uint32_t bit;                // its own in FactRule::profiles
};

// From this release of Docker on.
struct FactRelease {
  EngineVersion release;
  std::string_view profile;
};

#include "format/defaults.inc"

std::span<const std::string_view> words(std::span<const std::string_view> all, Slice slice) {
  return all.subspan(slice.begin, slice.size());
}

bool contains(std::span<const std::string_view> list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Docker's own profile is read as Docker reads profiles, Podman's and CRI-O's as Podman does, whoever runs the
// container; containerd's is made by code that knows Docker's names of architectures.
bool applies(const FactProfile& facts, const FactRule& rule, const ReadOptions& options, std::string_view machine) {
  const auto held = [&](std::string_view cap) {
    return std::find(options.capabilities.begin(), options.capabilities.end(), cap) != options.capabilities.end();
  };
  const auto with = words(facts.words, rule.with_caps), without = words(facts.words, rule.without_caps);
  const auto on = words(facts.words, rule.on_arches);
  return std::all_of(with.begin(), with.end(), held) && std::none_of(without.begin(), without.end(), held) &&
         (on.empty() || contains(on, machine)) && !contains(words(facts.words, rule.not_on_arches), machine) &&
         options.kernel >= rule.min_kernel;
}

void add_rule(const FactProfile& facts, const FactRule& rule, Spec& spec) {
  SpecRule out;
  out.action = {rule.action, {}};
  out.names_given = true;
  if (rule.errno_ret >= 0) out.errno_ret = {static_cast<std::uint64_t>(rule.errno_ret), {}};
  out.names.begin = static_cast<std::uint32_t>(spec.names.size());
  for (const std::string_view call : words(facts.words, rule.calls))
    if (const auto id = arch::find_name(call))
      spec.names.push_back({*id, static_cast<std::uint32_t>(spec.rules.size()), {}});
  out.names.end = static_cast<std::uint32_t>(spec.names.size());
  out.arguments.begin = static_cast<std::uint32_t>(spec.arguments.size());
  const auto conditions = facts.conditions.subspan(rule.conditions.begin, rule.conditions.size());
  spec.arguments.insert(spec.arguments.end(), conditions.begin(), conditions.end());
  out.arguments.end = static_cast<std::uint32_t>(spec.arguments.size());
  spec.rules.push_back(out);
}

}  // namespace

const std::vector<BuiltIn>& builtin_profiles() {
  static const std::vector<BuiltIn> all = [] {
    std::vector<BuiltIn> listed;
    for (const FactProfile& each : kProfiles) listed.push_back(each.listed);
    return listed;
  }();
  return all;
}

const BuiltIn* find_builtin(std::string_view name) {
  const auto& all = builtin_profiles();
  const auto found = std::find_if(all.begin(), all.end(), [&](const BuiltIn& each) { return each.name == name; });
  return found == all.end() ? nullptr : &*found;
}

EngineVersion oldest_docker_default() {
  return kDockerReleases.front().release;
}

std::string_view docker_default(EngineVersion release) {
  const auto later = std::upper_bound(kDockerReleases.begin(), kDockerReleases.end(), release,
                                      [](EngineVersion version, const FactRelease& r) { return version < r.release; });
  return later == kDockerReleases.begin() ? later->profile : std::prev(later)->profile;
}

std::optional<Spec> builtin_spec(std::string_view name, const ReadOptions& options, arch::Arch native) {
  const auto facts =
      std::find_if(kProfiles.begin(), kProfiles.end(), [&](const FactProfile& p) { return p.listed.name == name; });
  if (facts == kProfiles.end()) return std::nullopt;
  Spec spec;
  spec.has_calls = true;
  spec.default_action = {facts->default_action, {}};
  spec.default_errno = {facts->default_errno, {}};
  const std::string_view own = arch::info(native).oci;
  for (const FactMachine& machine : kMachines) {
    if (machine.profile != name || machine.machine != own) continue;
    spec.architectures.push_back({machine.machine, {}});
    for (const std::string_view other : words(kMachineWords, machine.also)) spec.architectures.push_back({other, {}});
  }
  const Engine reader = facts->listed.engine == Engine::podman ? Engine::podman : Engine::docker;
  const std::string_view machine = arches_name(reader, native);
  spec.names.reserve(512);
  for (const FactRule& rule : facts->rules)
    if ((rule.profiles & facts->bit) != 0 && applies(*facts, rule, options, machine)) add_rule(*facts, rule, spec);
  return spec;
}

}  // namespace callgate::format
