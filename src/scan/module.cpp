// Look-ups in a module.
// SPDX-License-Identifier: Apache-2.0
#include "scan/module.h"

#include <fmt/format.h>

#include <algorithm>

namespace callgate::scan {

const Function* Module::function_at(Address a) const {
  const auto after = std::upper_bound(functions.begin(), functions.end(), a,
                                      [](Address x, const Function& f) { return x < f.code.begin; });
  if (after == functions.begin()) return nullptr;
  const Function& f = *(after - 1);
  return f.code.contains(a) ? &f : nullptr;
}

const Slot* Module::slot_at(Address place) const {
  const auto found =
      std::lower_bound(slots.begin(), slots.end(), place, [](const Slot& s, Address x) { return s.place < x; });
  return found != slots.end() && found->place == place ? &*found : nullptr;
}

bool Module::is_code(Address a) const {
  const auto after =
      std::upper_bound(code.begin(), code.end(), a, [](Address x, const Range& r) { return x < r.begin; });
  return after != code.begin() && (after - 1)->contains(a);
}

std::string Module::describe(Address a) const {
  const elf::Symbol* best = nullptr;
  const Function* const f = function_at(a);
  for (const auto* table : {&file.symbols, &file.dynamic_symbols})
    for (const elf::Symbol& s : *table) {
      if (!s.defined || s.name.empty() || s.value > a || s.kind == elf::SymbolKind::tls) continue;
      if (s.size != 0 ? a >= s.value + s.size : f == nullptr || s.value < f->code.begin) continue;
      // Of several names for one place, the one without underscores that is a function's.
      const auto rank = [](const elf::Symbol& x) { return std::pair(x.value, x.name.starts_with('_') ? 0 : 1); };
      if (best == nullptr || rank(s) > rank(*best)) best = &s;
    }
  if (best == nullptr) return fmt::format("{:#x}", a);
  return best->value == a ? std::string(best->name) : fmt::format("{}+{:#x}", best->name, a - best->value);
}

}  // namespace callgate::scan
