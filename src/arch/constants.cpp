// Named constants: look-up by name, and values in words. A set is either an enumeration (an argument holds one member)
// or flags; a flag set may keep some of its bits, its field, as an enumeration: the access mode in open's flags, the
// type in socket's. Within a set the constants are sorted by value, and of two with one value the usual name is first.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <vector>

#include "arch/prototype.h"
#include "base/text.h"

namespace callgate::arch {
namespace {

struct ConstantSet {
  std::string_view name;
  std::uint16_t first;  // index into kConstants
  std::uint16_t count;
  bool flags;
  std::uint64_t field;
};

struct NumberName {
  std::uint16_t number;
  std::string_view name;
};

#include "arch/constants.inc"

constexpr std::string_view name_at(std::uint16_t place) {
  return kConstants[place].name;
}

static_assert(std::ranges::is_sorted(kConstantSets, {}, &ConstantSet::name));
static_assert(std::ranges::is_sorted(kConstantsByName, {}, name_at));
static_assert(std::ranges::is_sorted(kErrnos, {}, &NumberName::number));
static_assert(std::ranges::is_sorted(kSignals, {}, &NumberName::number));

const ConstantSet* find_set(std::string_view name) {
  const auto found = std::ranges::lower_bound(kConstantSets, name, {}, &ConstantSet::name);
  return found != kConstantSets.end() && found->name == name ? &*found : nullptr;
}

std::span<const Constant> members(const ConstantSet& set) {
  return std::span(kConstants).subspan(set.first, set.count);
}

std::string_view exact_name(std::span<const Constant> set, std::uint64_t value) {
  const auto found = std::ranges::lower_bound(set, value, {}, &Constant::value);
  return found != set.end() && found->value == value ? found->name : std::string_view{};
}

// Negative constants (AT_FDCWD) are 64 bits here, while a 32-bit argument shows their lower half.
std::uint64_t sign_extended(std::uint64_t value) {
  return (value >> 31) == 1 ? value | 0xffffffff00000000U : value;
}

std::string plain_number(std::uint64_t value, int base) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base);
  return (base == 16 ? "0x" : "") + std::string(digits.data(), end.ptr);
}

// Members that cover bits of `rest`, widest first, so that O_SYNC is not told as __O_SYNC|O_DSYNC; in the order of
// the set. Takes their bits out of `rest`.
std::vector<const Constant*> cover(const ConstantSet& set, std::uint64_t& rest) {
  std::vector<const Constant*> candidates;
  for (const Constant& member : members(set)) {
    if (member.value != 0 && (member.value & set.field) == 0 && (member.value & ~rest) == 0) {
      candidates.push_back(&member);
    }
  }
  std::ranges::sort(candidates, [](const Constant* a, const Constant* b) {
    const int wider = std::popcount(a->value) - std::popcount(b->value);
    return wider != 0 ? wider > 0 : a < b;
  });
  std::vector<const Constant*> chosen;
  for (const Constant* candidate : candidates) {
    if ((candidate->value & ~rest) == 0) {
      chosen.push_back(candidate);
      rest &= ~candidate->value;
    }
  }
  std::ranges::sort(chosen);
  return chosen;
}

std::string describe_flags(const ConstantSet& set, std::uint64_t value) {
  std::string text;
  const auto append = [&text](std::string_view part) {
    if (!text.empty()) {
      text += '|';
    }
    text += part;
  };
  std::uint64_t rest = value & ~set.field;
  std::uint64_t unnamed = 0;
  if (const std::uint64_t in_field = value & set.field; in_field != 0) {
    const std::string_view word = exact_name(members(set), in_field);
    if (word.empty()) {
      unnamed = in_field;
    } else {
      append(word);
    }
  }
  for (const Constant* flag : cover(set, rest)) {
    append(flag->name);
  }
  unnamed |= rest;
  if (unnamed != 0 || text.empty()) {
    append(unnamed != 0 ? plain_number(unnamed, 16) : "0");
  }
  return text;
}

std::optional<std::uint64_t> parse_term(std::string_view text) {
  if (text.starts_with('~')) {
    const std::optional<std::uint64_t> inverted = parse_term(base::trim(text.substr(1)));
    return inverted ? std::optional(~*inverted) : std::nullopt;
  }
  if (text.starts_with('-')) {
    constexpr std::uint64_t kMost = std::uint64_t{1} << 63;
    const std::optional<std::uint64_t> magnitude = base::parse_u64(text.substr(1));
    return magnitude && *magnitude <= kMost ? std::optional(0 - *magnitude) : std::nullopt;
  }
  const std::optional<std::uint64_t> number = base::parse_u64(text);
  return number ? number : constant(text);
}

}  // namespace

std::optional<std::uint64_t> constant(std::string_view name) {
  const auto found = std::ranges::lower_bound(kConstantsByName, name, {}, name_at);
  if (found == kConstantsByName.end() || name_at(*found) != name) {
    return std::nullopt;
  }
  return kConstants[*found].value;
}

std::span<const Constant> constants_in(std::string_view set) {
  const ConstantSet* found = find_set(set);
  return found != nullptr ? members(*found) : std::span<const Constant>{};
}

bool is_flag_set(std::string_view set) {
  const ConstantSet* found = find_set(set);
  return found != nullptr && found->flags;
}

std::string describe_value(std::string_view set, std::uint64_t value) {
  const ConstantSet* found = find_set(set);
  if (found == nullptr) {
    return plain_number(value, value < 4096 ? 10 : 16);
  }
  for (const std::uint64_t wanted : {value, sign_extended(value)}) {
    if (const std::string_view word = exact_name(members(*found), wanted); !word.empty()) {
      return std::string(word);
    }
  }
  return found->flags ? describe_flags(*found, value) : plain_number(value, value < 4096 ? 10 : 16);
}

std::optional<std::uint64_t> parse_value(std::string_view text) {
  std::uint64_t value = 0;
  for (const std::string_view term : base::split(text, '|')) {
    const std::optional<std::uint64_t> part = parse_term(base::trim(term));
    if (!part) {
      return std::nullopt;
    }
    value |= *part;
  }
  return value;
}

std::optional<std::uint16_t> errno_number(std::string_view name) {
  const auto found = std::ranges::find(kErrnos, name, &NumberName::name);
  return found == kErrnos.end() ? std::nullopt : std::optional(found->number);
}

std::string_view errno_name(std::uint16_t number) {
  const auto found = std::ranges::lower_bound(kErrnos, number, {}, &NumberName::number);
  return found != kErrnos.end() && found->number == number ? found->name : std::string_view{};
}

std::string_view signal_name(int number) {
  const auto found = std::ranges::lower_bound(kSignals, number, {}, &NumberName::number);
  return found != kSignals.end() && found->number == number ? found->name : std::string_view{};
}

}  // namespace callgate::arch
