// Facts about calls from data/lint/*.csv, as constexpr tables: what is dangerous and why, what programs need to live,
// which calls do the same.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "lint/lint.h"

namespace callgate::lint {

struct RiskCall {
  std::string_view call;
  int arg;  // -1: whatever the arguments; else only where (argument & mask) == value
  std::uint64_t mask, value;
};

struct Cve {
  std::string_view id, what;
};

struct Risk {
  std::string_view rule;  // "reach-mount"
  Level level;
  std::string_view capability;  // which the kernel asks for; empty: none
  bool in_user_namespace;       // one that the process holds in a user namespace of its own is enough
  std::string_view title, why, fix;
  std::span<const RiskCall> calls;
  std::span<const Cve> cves;
};
std::span<const Risk> risks();  // sorted by rule

struct Need {
  std::string_view who;      // "glibc-dynamic"
  std::string_view calls;    // "clone3|clone": any one of them is enough
  std::string_view without;  // what happens without it
};
std::span<const Need> needs();

struct Twin {
  std::string_view call, other, why;
};
std::span<const Twin> twins();

// A newer call that callers try first, with the one they fall back on if the answer is ENOSYS.
struct Fallback {
  std::string_view call, old, without;
};
std::span<const Fallback> fallbacks();

}  // namespace callgate::lint
