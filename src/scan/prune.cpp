// SPDX-License-Identifier: Apache-2.0
#include "scan/prune.h"

#include <algorithm>
#include <set>

namespace callgate::scan {

namespace {

// What pthread_mutex_lock and its kin use for locks with a ceiling, and for nothing else.
constexpr std::array<std::string_view, 5> kPriorityCalls{"sched_getparam", "sched_setscheduler", "sched_getscheduler",
                                                         "sched_get_priority_max", "sched_get_priority_min"};
// The functions that may be the way to them: all of locks.
bool is_of_locks(std::string_view name) {
  while (name.starts_with('_')) name.remove_prefix(1);
  return name.starts_with("pthread_mutex_") || name.starts_with("pthread_cond_") || name.starts_with("mtx_") ||
         name.starts_with("cnd_") || name.starts_with("pthread_mutexattr_");
}

// Named by functions of locks alone, directly or through others of the file: called, or handed on to clean up.
bool only_for_locks(const Link& link, Node n) {
  const Module& module = link.module(n.module);
  std::set<std::uint32_t> seen{n.function};
  std::vector<std::uint32_t> work{n.function};
  bool any = false;
  while (!work.empty()) {
    const Function& f = module.functions[work.back()];
    work.pop_back();
    const bool named = std::any_of(module.file.dynamic_symbols.begin(), module.file.dynamic_symbols.end(),
                                   [&](const elf::Symbol& s) { return s.defined && f.code.contains(s.value); });
    if (named) {
      for (const elf::Symbol& s : module.file.dynamic_symbols)
        if (s.defined && f.code.contains(s.value) && !is_of_locks(s.name)) return false;
      any = true;
      continue;
    }
    for (const elf::Relocation& r : module.file.relocations)
      if (f.code.contains(static_cast<Address>(r.addend))) return false;
    for (std::uint32_t i = 0; i < module.functions.size(); ++i)
      for (const Ref& r : module.refs_of(module.functions[i])) {
        if (!f.code.contains(r.to)) continue;
        if (seen.insert(i).second) work.push_back(i);
      }
  }
  return any;
}

}  // namespace

bool priority_ceilings(const Link& link, Dead& dead) {
  bool more = false;
  for (std::uint32_t m = 0; m < link.module_count(); ++m) {
    const Module& module = link.module(m);
    std::set<Address> targets;
    bool locks = false;
    for (const elf::Symbol& s : module.file.dynamic_symbols) {
      locks = locks || (s.defined && s.name == "pthread_mutex_lock");
      if (s.defined && std::find(kPriorityCalls.begin(), kPriorityCalls.end(), s.name) != kPriorityCalls.end())
        targets.insert(s.value);
    }
    if (!locks) continue;
    for (std::uint32_t i = 0; i < module.functions.size(); ++i) {
      std::vector<Address> calls;
      for (const Ref& r : module.refs_of(module.functions[i]))
        if (targets.contains(r.to)) calls.push_back(r.from);
      if (calls.empty() || !only_for_locks(link, {m, i})) continue;
      for (const Address a : calls) more = dead.add(m, a) || more;
    }
  }
  return more;
}

}  // namespace callgate::scan
