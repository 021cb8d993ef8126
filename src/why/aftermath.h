// What is left of a program that ended out of sight: its exit status, its time, its profile.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/profile.h"
#include "sandbox/audit.h"
#include "why/denial.h"

namespace callgate::why {

struct End {
  int exit_status = 0;  // as a shell has it
  bool out_of_memory = false;
  std::string error;  // of the engine, where it could not start the program
};
// In words, one matter each; empty for a plain exit.
std::vector<std::string> end_words(const End& end);
// Whether a filter may have had a part in it.
bool suspicious(const End& end);

// What the start of a dynamically linked program makes (glibc, as measured), needs, and is refused by the profile.
// Nobody saw these calls; they are what such a program would have made. The number added.
// `machine`: what such a program would be made for.
std::size_t derive_startup(const format::Profile& profile, arch::Arch machine, Journal& journal);

// Seconds since 1970 of "2026-11-26T21:40:53.123Z"; nothing for other texts, and for the year 1.
std::optional<std::int64_t> parse_time(std::string_view text);
// The log tells nothing of containers. What else is known of a record's process:
enum class Owner : std::uint8_t {
  container,  // it is a process of the container
  other,      // it is not
  unknown,    // it may be
};
using Belongs = std::function<Owner(const sandbox::AuditRecord&)>;

struct Records {
  std::size_t added = 0, unknown = 0;  // `unknown` of those added
  std::size_t others = 0;              // left out
  bool operator==(const Records&) const = default;
};
// The kernel's records between two times whose answer is one that the profile may give to such a call, but for those of
// others.
Records records_within(std::string_view log, std::int64_t from, std::int64_t to, const format::Profile& profile,
                       const Belongs& belongs, Journal& journal);

}  // namespace callgate::why
