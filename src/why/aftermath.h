// What is left of a program that ended out of sight: its exit status, its time, its profile.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
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
std::size_t derive_startup(const format::Profile& profile, Journal& journal);

// Seconds since 1970 of "2026-11-26T21:40:53.123Z"; nothing for other texts, and for the year 1.
std::optional<std::int64_t> parse_time(std::string_view text);
// The kernel's records between two times whose answer is one that the profile may give to such a call. The number
// added.
std::size_t records_within(std::string_view log, std::int64_t from, std::int64_t to, const format::Profile& profile,
                           Journal& journal);

}  // namespace callgate::why
