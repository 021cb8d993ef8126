// SPDX-License-Identifier: Apache-2.0
#include "closure/pins.h"

#include <algorithm>
#include <array>
#include <span>

#include "arch/calls.h"
#include "arch/otherwise.h"
#include "arch/prototype.h"
#include "closure/facts.h"

namespace callgate::closure {

namespace {

using recording::Argument;

bool takes_bits(std::string_view call, std::uint8_t place, const arch::ArgPrototype& argument) {
  const Risky* const risky = find_risky(call, place);
  return risky != nullptr ? risky->bits : arch::is_flag_set(argument.set);
}

// How many values of one argument are kept apart, so that all arguments together come to few combinations. It depends
// on the call alone: a limit on what was seen would let another run narrow what is open.
std::size_t most_values(std::string_view call, std::span<const arch::ArgPrototype> prototype) {
  std::size_t places = 0;
  for (std::size_t i = 0; i < prototype.size(); ++i)
    places += !prototype[i].set.empty() && !takes_bits(call, static_cast<std::uint8_t>(i), prototype[i]) ? 1U : 0U;
  static constexpr std::array<std::size_t, 7> kMost{recording::kMostValues, recording::kMostValues, 16, 6, 4, 3, 2};
  return kMost[std::min<std::size_t>(places, 6)];
}

// Nothing where the argument is left open.
std::optional<Pin> pin_of(arch::Arch arch, const Argument& seen, Pinning pinning, arch::SyscallNr nr) {
  const std::string_view call = arch::name_of(arch, nr);
  const auto id = arch::find_name(call);
  const auto prototype = id && !arch::takes_arguments_otherwise(arch, *id) ? arch::prototype(*id) : std::nullopt;
  if (!prototype || seen.place >= prototype->size()) return std::nullopt;
  const arch::ArgPrototype& argument = (*prototype)[seen.place];
  const Risky* const risky = find_risky(call, seen.place);
  if (argument.direction != arch::Direction::value || argument.set.empty() || seen.any || seen.values.empty() ||
      (pinning == Pinning::risky && risky == nullptr))
    return std::nullopt;
  Pin pin;
  pin.place = seen.place;
  const unsigned bits = std::min<unsigned>(argument.width_bits, arch::info(arch).arg_bits);
  if (bits < 64) pin.mask = (std::uint64_t{1} << bits) - 1;
  if (risky != nullptr) pin.mask &= ~risky->free;
  if (takes_bits(call, seen.place, argument)) {
    pin.allowed = seen.ever_set.value_or(0);
    for (const std::uint64_t value : seen.values) *pin.allowed |= value;
    *pin.allowed &= pin.mask;
    if (*pin.allowed == pin.mask) return std::nullopt;
    return pin;
  }
  for (const std::uint64_t value : seen.values) pin.values.push_back(value & pin.mask);
  std::ranges::sort(pin.values);
  pin.values.erase(std::unique(pin.values.begin(), pin.values.end()), pin.values.end());
  if (pin.values.size() > most_values(call, *prototype)) return std::nullopt;
  return pin;
}

bool has_prototypes(arch::Arch arch) {
  return arch == arch::Arch::x86_64 || arch == arch::Arch::x86;
}

}  // namespace

std::size_t combinations(const std::vector<Pin>& pins) {
  std::size_t out = 1;
  for (const Pin& pin : pins) out *= std::max<std::size_t>(pin.values.size(), 1);
  return out;
}

Pins::Pins(const recording::Recording& recording, Pinning pinning) : pinning_(pinning) {
  for (const recording::Run& run : recording.runs) {
    open_ = open_ || run.known != 0;
    for (const recording::Call& call : run.calls) {
      for (std::size_t phase = 0; phase < recording::kPhaseCount; ++phase)
        if (call.seen[phase]) ++made_[{call.audit, call.nr, 0, phase}];
      for (const Argument& argument : call.arguments)
        if (call.seen[static_cast<std::size_t>(argument.phase)])
          ++kept_[{call.audit, call.nr, argument.place, static_cast<std::size_t>(argument.phase)}];
    }
  }
}

bool Pins::kept_by_all(const Place& place) const {
  const auto made = made_.find({place.audit, place.nr, 0, place.phase});
  const auto kept = kept_.find(place);
  return made == made_.end() || (kept != kept_.end() && kept->second >= made->second);
}

std::vector<Pin> Pins::of(const recording::Call& merged, const std::array<bool, recording::kPhaseCount>& from) const {
  std::vector<Pin> out;
  const auto arch = arch::of_call(merged.audit, merged.nr);
  if (pinning_ == Pinning::none || open_ || !arch || !has_prototypes(*arch)) return out;
  for (std::uint8_t place = 0; place < 6; ++place) {
    std::optional<Argument> all;
    bool kept = true;
    for (std::size_t phase = 0; phase < recording::kPhaseCount; ++phase)
      kept = kept && (!from[phase] || kept_by_all({merged.audit, merged.nr, place, phase}));
    for (const Argument& argument : merged.arguments) {
      if (argument.place != place || !from[static_cast<std::size_t>(argument.phase)]) continue;
      if (all)
        recording::merge(*all, argument);
      else
        all = argument;
    }
    if (!kept || !all) continue;
    if (auto pin = pin_of(*arch, *all, pinning_, merged.nr)) out.push_back(std::move(*pin));
  }
  return out;
}

}  // namespace callgate::closure
