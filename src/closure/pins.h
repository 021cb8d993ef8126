// What an argument may be, out of the values that were seen of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "closure/close.h"

namespace callgate::closure {

// The call's arguments that may be held fast in the recorded phases `from`: those that every run which made the call
// there kept, that are no pointers, and of which not too many values were seen. Together they come to at most
// kMostCombinations combinations of values.
inline constexpr std::size_t kMostCombinations = 256;
class Pins {
 public:
  Pins(const recording::Recording& recording, Pinning pinning);
  std::vector<Pin> of(const recording::Call& merged, const std::array<bool, recording::kPhaseCount>& from) const;

 private:
  struct Place {
    arch::AuditArch audit;
    arch::SyscallNr nr;
    std::uint8_t place;
    std::size_t phase;
    auto operator<=>(const Place&) const = default;
  };
  bool kept_by_all(const Place& place) const;

  Pinning pinning_;
  bool open_ = false;                  // some run let calls pass unseen
  std::map<Place, std::size_t> kept_;  // runs that kept the argument
  std::map<Place, std::size_t> made_;  // runs that made the call there; `place` is 0
};

// Combinations of values that the pins come to.
std::size_t combinations(const std::vector<Pin>& pins);

}  // namespace callgate::closure
