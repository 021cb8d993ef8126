// Look-ups in the generated call tables. One row of kTables per architecture; twins of either byte order share one.
// SPDX-License-Identifier: Apache-2.0
#include "arch/calls.h"

#include <algorithm>

#include "arch/name_hash.h"
#include "base/text.h"

namespace callgate::arch {
namespace {

struct MultiplexedCall {
  NameId call;
  Multiplexed by;
};

#include "arch/calls.inc"

inline constexpr SyscallNr kNoCall = 0xffffffff;
inline constexpr std::uint16_t kEmptySlot = 0xffff;

struct Table {
  std::span<const SyscallNr> numbers;  // by NameId; kNoCall where the architecture lacks the call
  std::span<const CallEntry> entries;  // by number
};

constexpr Table table_of(Arch arch) {
  switch (arch) {
    case Arch::x86_64:
      return {kNumbers_x86_64, kEntries_x86_64};
    case Arch::x86:
      return {kNumbers_x86, kEntries_x86};
    case Arch::x32:
      return {kNumbers_x32, kEntries_x32};
    case Arch::arm:
      return {kNumbers_arm, kEntries_arm};
    case Arch::aarch64:
      return {kNumbers_aarch64, kEntries_aarch64};
    case Arch::mips:
    case Arch::mipsel:
      return {kNumbers_mips, kEntries_mips};
    case Arch::mips64:
    case Arch::mipsel64:
      return {kNumbers_mips64, kEntries_mips64};
    case Arch::mips64n32:
    case Arch::mipsel64n32:
      return {kNumbers_mips64n32, kEntries_mips64n32};
    case Arch::ppc:
      return {kNumbers_ppc, kEntries_ppc};
    case Arch::ppc64:
    case Arch::ppc64le:
      return {kNumbers_ppc64, kEntries_ppc64};
    case Arch::s390:
      return {kNumbers_s390, kEntries_s390};
    case Arch::s390x:
      return {kNumbers_s390x, kEntries_s390x};
    case Arch::parisc:
      return {kNumbers_parisc, kEntries_parisc};
    case Arch::parisc64:
      return {kNumbers_parisc64, kEntries_parisc64};
    case Arch::riscv64:
      return {kNumbers_riscv64, kEntries_riscv64};
    case Arch::loongarch64:
      return {kNumbers_loongarch64, kEntries_loongarch64};
    case Arch::m68k:
      return {kNumbers_m68k, kEntries_m68k};
    case Arch::sh:
    case Arch::sheb:
      return {kNumbers_sh, kEntries_sh};
  }
  return {};
}

constexpr auto kTables = [] {
  std::array<Table, kArchCount> tables{};
  for (std::size_t i = 0; i < kArchCount; ++i) {
    tables[i] = table_of(static_cast<Arch>(i));
  }
  return tables;
}();

constexpr const Table& of(Arch arch) {
  return kTables[static_cast<std::size_t>(arch)];
}
constexpr std::size_t index(NameId id) {
  return static_cast<std::size_t>(id);
}

constexpr std::uint16_t slot_content(std::string_view name) {
  const std::uint64_t hash = name_hash(name);
  const std::uint16_t displacement = kNameDisplacements[hash >> (64 - kNameBucketBits)];
  return kNameSlots[name_slot(hash, displacement, kNameSlotBits)];
}

constexpr bool tables_are_sound() {
  if (!std::ranges::is_sorted(kNames, std::ranges::less_equal{})) {
    return false;
  }
  for (const Table& table : kTables) {
    if (table.numbers.size() != kNames.size() || table.entries.empty() ||
        !std::ranges::is_sorted(table.entries, {}, &CallEntry::nr)) {
      return false;
    }
  }
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (slot_content(kNames[i]) != i) {
      return false;
    }
  }
  return std::ranges::is_sorted(kMultiplexed, {}, &MultiplexedCall::call);
}
static_assert(tables_are_sound());

// Names are short: two overlapping loads cover nearly all of them and cost less than a call of memcmp.
bool same_text(std::string_view a, std::string_view b) {
  const std::size_t size = a.size();
  if (size != b.size()) {
    return false;
  }
  if (size >= 8 && size <= 16) {
    return load_word<std::uint64_t>(a, 0) == load_word<std::uint64_t>(b, 0) &&
           load_word<std::uint64_t>(a, size - 8) == load_word<std::uint64_t>(b, size - 8);
  }
  if (size >= 4 && size < 8) {
    return load_word<std::uint32_t>(a, 0) == load_word<std::uint32_t>(b, 0) &&
           load_word<std::uint32_t>(a, size - 4) == load_word<std::uint32_t>(b, size - 4);
  }
  return a == b;
}

}  // namespace

std::optional<NameId> find_name(std::string_view name) {
  const std::uint16_t found = slot_content(name);
  if (found == kEmptySlot || !same_text(kNames[found], name)) {
    return std::nullopt;
  }
  return NameId{found};
}

std::string_view name(NameId id) {
  return kNames[index(id)];
}

std::size_t name_count() {
  return kNames.size();
}

std::optional<SyscallNr> number(Arch arch, NameId id) {
  const SyscallNr nr = of(arch).numbers[index(id)];
  return nr == kNoCall ? std::nullopt : std::optional(nr);
}

std::optional<SyscallNr> number(Arch arch, std::string_view name) {
  const std::optional<NameId> id = find_name(name);
  return id ? number(arch, *id) : std::nullopt;
}

std::string_view name_of(Arch arch, SyscallNr nr) {
  const std::span<const CallEntry> entries = of(arch).entries;
  const auto found = std::ranges::lower_bound(entries, nr, {}, &CallEntry::nr);
  return found != entries.end() && found->nr == nr ? name(found->name) : std::string_view{};
}

std::string_view name_of_call(AuditArch audit, SyscallNr nr) {
  const std::optional<Arch> arch = of_call(audit, nr);
  return arch ? name_of(*arch, nr) : std::string_view{};
}

std::span<const CallEntry> table(Arch arch) {
  return of(arch).entries;
}

std::optional<std::string_view> suggest_name(std::string_view misspelt) {
  return base::closest(misspelt, kNames);
}

std::optional<Multiplexed> multiplexed(Arch arch, NameId id) {
  for (const MultiplexedCall& entry : std::ranges::equal_range(kMultiplexed, id, {}, &MultiplexedCall::call)) {
    if (number(arch, entry.by.multiplexer)) {
      return entry.by;
    }
  }
  return std::nullopt;
}

}  // namespace callgate::arch
