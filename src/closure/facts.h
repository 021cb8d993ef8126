// Facts that closing a recording needs, from data/closure/*.csv (and two tables of others) as constexpr arrays.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace callgate::closure {

// A call that every program needs, whether or not it was seen.
struct Always {
  std::string_view call;
  bool startup_only;
  std::string_view why;
};
std::span<const Always> always();

// A capability that the kernel asks for in this call (empty: in none) though nothing is refused without it.
struct Caution {
  std::string_view capability, call, why;
};
const Caution* find_caution(std::string_view capability, std::string_view call);

// An argument that a closure holds fast unless told otherwise, for other values reach other parts of the kernel.
struct Risky {
  std::string_view call;
  std::uint8_t arg;
  bool bits;           // a set of flags: any of those seen, not the values one by one
  std::uint64_t free;  // bits that do not matter
};
const Risky* find_risky(std::string_view call, std::uint8_t arg);

// A newer call that C libraries try first, and what they fall back on.
struct Fallback {
  std::string_view call, old;
};
std::span<const Fallback> fallbacks();

// What a call is for: "sockets"; empty if nobody says.
std::string_view purpose(std::string_view call);

}  // namespace callgate::closure
