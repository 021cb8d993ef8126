// Look-ups of argument prototypes, errno and signal names in the generated tables.
// SPDX-License-Identifier: Apache-2.0
#include "arch/prototype.h"

#include <algorithm>
#include <array>

namespace callgate::arch {
namespace {

struct CallPrototype {
  NameId call;
  std::uint16_t first;  // index into kArguments
  std::uint16_t count;
};

#include "arch/prototypes.inc"

static_assert(std::ranges::is_sorted(kCallPrototypes, {}, &CallPrototype::call));

}  // namespace

std::optional<std::span<const ArgPrototype>> prototype(NameId id) {
  const auto found = std::ranges::lower_bound(kCallPrototypes, id, {}, &CallPrototype::call);
  if (found == kCallPrototypes.end() || found->call != id) {
    return std::nullopt;
  }
  return std::span(kArguments).subspan(found->first, found->count);
}

}  // namespace callgate::arch
