// Argument prototypes of the x86_64 calls and the named constants that profiles use, from data/prototypes.csv and
// data/constants.csv.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "arch/calls.h"

namespace callgate::arch {

enum class Direction : std::uint8_t { value, in, out, inout };  // value: not a pointer

struct ArgPrototype {
  std::string_view name;    // "flags"
  std::string_view type;    // C type as the kernel declares it: "unsigned int", "struct sockaddr *"
  std::uint8_t width_bits;  // bits the kernel looks at on x86_64: 8 … 64
  bool is_signed;
  Direction direction;
  std::string_view set;  // constant set that names its values, or empty: "open_flags"
};

// Nothing for a call without a known prototype; an empty span for one without arguments.
std::optional<std::span<const ArgPrototype>> prototype(NameId id);

struct Constant {
  std::string_view name;  // "AF_INET"
  std::uint64_t value;
  std::string_view set;  // "address_family"
};

// Constants are x86_64's values.
std::optional<std::uint64_t> constant(std::string_view name);
std::span<const Constant> constants_in(std::string_view set);
// True for sets whose members are combined by OR.
bool is_flag_set(std::string_view set);
// `value` in the words of `set`: "AF_INET", "O_RDWR|O_CLOEXEC|0x1000"; a number where nothing fits.
std::string describe_value(std::string_view set, std::uint64_t value);
// "AF_INET", "O_RDWR|O_CLOEXEC", "0x10", "-1", "~0": an argument as a person types it.
std::optional<std::uint64_t> parse_value(std::string_view text);

// errno names: "ENOSYS" ↔ 38 (x86 and generic numbering).
std::optional<std::uint16_t> errno_number(std::string_view name);
std::string_view errno_name(std::uint16_t number);
// "SIGSYS" for 31; empty if unknown.
std::string_view signal_name(int number);

}  // namespace callgate::arch
