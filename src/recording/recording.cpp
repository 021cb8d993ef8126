// SPDX-License-Identifier: Apache-2.0
#include "recording/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "arch/calls.h"
#include "arch/prototype.h"

namespace callgate::recording {

namespace {

constexpr std::array<std::string_view, kPhaseCount> kPhases{"start", "serving", "shutdown"};
constexpr std::array<std::string_view, 2> kServingAt{"listen", "accept"};
constexpr std::array<std::string_view, 2> kSources{"ebpf", "ptrace"};
constexpr std::array<std::string_view, 5> kBlinds{"denied", "vsyscalls", "io_uring", "capabilities", "shutdown"};

template <class Enum, std::size_t N>
std::optional<Enum> find_in(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? std::nullopt : std::optional(static_cast<Enum>(found - names.begin()));
}

void merge_into(Call& into, const Call& more) {
  for (std::size_t i = 0; i < kPhaseCount; ++i) {
    into.counts[i] += more.counts[i];
    into.seen[i] = into.seen[i] || more.seen[i];
  }
  into.vsyscall = into.vsyscall && more.vsyscall;
  if (!into.denied) into.denied = more.denied;
  into.namespaces = into.namespaces || more.namespaces;
  for (const Argument& argument : more.arguments) {
    const auto same = std::ranges::find_if(into.arguments, [&](const Argument& other) {
      return other.place == argument.place && other.phase == argument.phase;
    });
    if (same == into.arguments.end())
      into.arguments.push_back(argument);
    else
      merge(*same, argument);
  }
}

}  // namespace

std::string_view name(Phase phase) {
  return kPhases[static_cast<std::size_t>(phase)];
}
std::optional<Phase> find_phase(std::string_view name) {
  return find_in<Phase>(kPhases, name);
}
std::string_view name(ServingAt at) {
  return kServingAt[static_cast<std::size_t>(at)];
}
std::optional<ServingAt> find_serving_at(std::string_view name) {
  return find_in<ServingAt>(kServingAt, name);
}
std::string_view name(Source source) {
  return kSources[static_cast<std::size_t>(source)];
}
std::optional<Source> find_source(std::string_view name) {
  return find_in<Source>(kSources, name);
}
std::string_view name(Blind blind) {
  return kBlinds[static_cast<std::size_t>(blind)];
}
std::optional<Blind> find_blind(std::string_view name) {
  return find_in<Blind>(kBlinds, name);
}

void merge(Argument& into, const Argument& more) {
  std::vector<std::uint64_t> all;
  std::ranges::set_union(into.values, more.values, std::back_inserter(all));
  into.any = into.any || more.any || all.size() > kMostValues;
  into.values = into.any ? std::vector<std::uint64_t>() : std::move(all);
  // Masks bound only what both sides kept them of.
  const bool masks = into.ever_set && more.ever_set && into.ever_clear && more.ever_clear;
  into.ever_set = masks ? std::optional(*into.ever_set | *more.ever_set) : std::nullopt;
  into.ever_clear = masks ? std::optional(*into.ever_clear | *more.ever_clear) : std::nullopt;
}

std::vector<Call> merge_calls(const Recording& recording) {
  std::map<std::pair<arch::AuditArch, arch::SyscallNr>, Call> merged;
  // A run that kept no arguments leaves them all open.
  std::map<std::pair<arch::AuditArch, arch::SyscallNr>, bool> open;
  for (const Run& run : recording.runs)
    for (const Call& call : run.calls) {
      const std::pair key{call.audit, call.nr};
      open[key] = open[key] || !run.with_arguments;
      const auto [place, fresh] = merged.try_emplace(key, call);
      if (!fresh) merge_into(place->second, call);
      place->second.images.clear();
    }
  std::vector<Call> out;
  for (auto& [key, call] : merged) {
    if (open[key]) call.arguments.clear();
    std::ranges::sort(call.arguments, {}, [](const Argument& a) { return std::pair(a.place, a.phase); });
    out.push_back(std::move(call));
  }
  return out;
}

std::string call_name(arch::AuditArch audit, arch::SyscallNr nr) {
  const std::string_view known = arch::name_of_call(audit, nr);
  return known.empty() ? fmt::format("#{}", nr) : std::string(known);
}

std::string capability_name(std::uint8_t number) {
  for (const arch::Constant& constant : arch::constants_in("capability"))
    if (constant.value == number) return std::string(constant.name);
  return fmt::format("CAP_{}", number);
}

std::string uring_name(std::uint8_t opcode) {
  for (const arch::Constant& constant : arch::constants_in("io_uring_op"))
    if (constant.value == opcode) return std::string(constant.name);
  return fmt::format("IORING_OP_{}", opcode);
}

std::optional<double> unseen(const Convergence& convergence) {
  constexpr std::uint64_t kLeastWindows = 10;
  if (convergence.windows < kLeastWindows) return std::nullopt;
  const auto once = static_cast<double>(convergence.once), twice = static_cast<double>(convergence.twice);
  const auto windows = static_cast<double>(convergence.windows);
  // Chao's bias-corrected form, which holds for twice = 0, too.
  return (windows - 1) / windows * once * (once - 1) / (2 * (twice + 1));
}

void settle(Run& run) {
  run.complete = (run.finished || run.attached) &&
                 std::ranges::all_of(run.losses, [](const Loss& loss) { return loss.count == 0; });
}

}  // namespace callgate::recording
