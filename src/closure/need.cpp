// SPDX-License-Identifier: Apache-2.0
#include "closure/need.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <span>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "closure/facts.h"
#include "policy/algebra.h"
#include "policy/builder.h"

namespace callgate::closure {

namespace {

using policy::Action;
using policy::Clause;
using Key = std::pair<arch::AuditArch, arch::SyscallNr>;

constexpr std::uint16_t kPermission = 1, kNoSuchCall = 38;  // EPERM, ENOSYS
constexpr std::uint64_t kUpper = 0xffffffff00000000;

policy::Condition condition(const Pin& pin, std::uint64_t mask, std::uint64_t value) {
  policy::Condition out;
  out.arg = pin.place;
  out.op = ~mask == 0 ? policy::Op::eq : policy::Op::masked_eq;
  out.value = value;
  out.mask = mask;
  return out;
}

// Every combination of the pins' values.
std::vector<Clause> clauses_of(const Entry& entry) {
  std::vector<Clause> out{{{}, policy::kAllow}};
  for (const Pin& pin : entry.pins) {
    if (pin.allowed) {
      for (Clause& clause : out) clause.conditions.push_back(condition(pin, pin.mask & ~*pin.allowed, 0));
      continue;
    }
    std::vector<Clause> more;
    for (const Clause& clause : out)
      for (const std::uint64_t value : pin.values) {
        more.push_back(clause);
        more.back().conditions.push_back(condition(pin, pin.mask, value));
      }
    out = std::move(more);
  }
  return out;
}

// That nothing stands in the upper halves of arguments of 32 bits.
std::vector<policy::Condition> empty_halves(Key key) {
  std::vector<policy::Condition> out;
  const auto arch = arch::of_call(key.first, key.second);
  const auto id = arch == arch::Arch::x86_64 ? arch::find_name(arch::name_of(*arch, key.second)) : std::nullopt;
  const auto prototype = id ? arch::prototype(*id) : std::nullopt;
  for (std::uint8_t place = 0; place < 6; ++place)
    if (!arch::is_64bit(key.first) || (prototype && place < prototype->size() && (*prototype)[place].width_bits <= 32))
      out.push_back({place, policy::Op::masked_eq, 0, kUpper});
  return out;
}

bool admits(const Entry& entry, const policy::Call& call) {
  if (entry.audit != call.audit || entry.nr != call.nr) return false;
  return std::ranges::any_of(clauses_of(entry), [&](const Clause& clause) {
    return std::ranges::all_of(clause.conditions,
                               [&](const policy::Condition& each) { return policy::holds(each, call.args[each.arg]); });
  });
}

// It, and those that come after it.
std::span<const Phase> phases_of(std::optional<Phase> phase) {
  return std::span(kAllPhases).subspan(static_cast<std::size_t>(phase.value_or(Phase::startup)));
}

class Needs {
 public:
  Needs(const Closure& closure, std::optional<Phase> phase) : closure_(closure) {
    for (const Phase each : phases_of(phase))
      for (const Entry& entry : closure.of(each)) needed_[{entry.audit, entry.nr}].push_back(&entry);
    for (const Source& source : closure.sources) archs_.insert(arch::info(source.arch).audit);
    for (const auto& core : closure.core)
      for (const Entry& entry : core) archs_.insert(entry.audit);
    for (const Reachable& each : closure.frontier) archs_.insert(each.audit);
  }

  policy::Policy whole() const {
    const Action outside = closure_.outside;
    policy::Builder builder(policy::grants(outside) ? outside : policy::kKillThread);
    for (const arch::AuditArch audit : archs_) builder.arch(audit, outside);
    for (const auto& core : closure_.core)
      for (const Entry& entry : core) builder.call(entry.audit, entry.nr, denial());
    for (const Reachable& each : closure_.frontier) builder.call(each.audit, each.nr, closure_.on_frontier);
    if (!policy::grants(outside)) add_older(builder);
    add_core(builder, denial());
    return builder.finish();
  }

  policy::Policy core() const {
    policy::Builder builder = refusing();
    add_core(builder, policy::kKillProcess);
    return builder.finish();
  }

  // The calls of the core that there can be, or those of the frontier.
  policy::Policy possible_core() const {
    policy::Builder builder = refusing();
    for (const auto& [key, entries] : needed_) {
      std::vector<Clause> clauses;
      for (const Entry* const entry : entries) std::ranges::move(clauses_of(*entry), std::back_inserter(clauses));
      add_possible(builder, key, std::move(clauses));
    }
    return builder.finish();
  }
  policy::Policy possible_frontier() const {
    policy::Builder builder = refusing();
    if (policy::grants(closure_.on_frontier))
      for (const Reachable& each : closure_.frontier)
        add_possible(builder, {each.audit, each.nr}, {{{}, closure_.on_frontier}});
    return builder.finish();
  }

 private:
  policy::Builder refusing() const {
    policy::Builder builder(policy::kKillProcess);
    for (const arch::AuditArch audit : archs_) builder.arch(audit, policy::kKillProcess);
    return builder;
  }

  static void add_possible(policy::Builder& builder, Key key, std::vector<Clause> clauses) {
    const auto halves = empty_halves(key);
    for (Clause& clause : clauses) clause.conditions.insert(clause.conditions.end(), halves.begin(), halves.end());
    policy::Decision decision{std::move(clauses), policy::kKillProcess};
    const bool always =
        std::ranges::any_of(decision.clauses, [](const Clause& clause) { return clause.conditions.empty(); });
    if (always) decision = {{}, decision.clauses.front().action};
    builder.call(key.first, key.second, std::move(decision));
  }

  // For what the program does at other times, or with other arguments: no reason to kill it.
  Action denial() const {
    const Action outside = closure_.outside;
    return outside.kind < policy::ActionKind::errno_ ? policy::make_errno(kPermission) : outside;
  }

  void add_core(policy::Builder& builder, Action otherwise) const {
    for (const auto& [key, entries] : needed_) {
      policy::Decision decision{{}, otherwise};
      bool always = false;
      for (const Entry* const entry : entries) {
        always = always || entry->pins.empty();
        for (Clause& clause : clauses_of(*entry)) decision.clauses.push_back(std::move(clause));
      }
      if (always) decision = {{}, policy::kAllow};
      builder.call(key.first, key.second, policy::simplify(std::move(decision)));
    }
  }

  void add_older(policy::Builder& builder) const {
    for (const arch::AuditArch audit : archs_)
      for (const arch::Arch arch : arch::with_audit(audit))
        for (const Fallback& each : fallbacks()) {
          const auto newer = arch::number(arch, each.call), old = arch::number(arch, each.old);
          if (newer && old && needed_.contains({audit, *old}) && !granted_at_frontier({audit, *newer}))
            builder.call(audit, *newer, policy::make_errno(kNoSuchCall));
        }
  }

  bool granted_at_frontier(Key key) const {
    return policy::grants(closure_.on_frontier) && std::ranges::any_of(closure_.frontier, [&](const Reachable& each) {
             return Key{each.audit, each.nr} == key;
           });
  }

  const Closure& closure_;
  std::set<arch::AuditArch> archs_;
  std::map<Key, std::vector<const Entry*>> needed_;
};

std::string origin_of(const Entry& entry) {
  if (entry.origin != Origin::observed) return entry.why;
  std::string out = "observed";
  if (entry.evidence.vsyscall) out += ", by the vsyscall page";
  if (entry.evidence.refused) out += ", refused every time";
  return out;
}

}  // namespace

policy::Policy need(const Closure& closure, std::optional<Phase> phase) {
  return Needs(closure, phase).whole();
}

policy::Policy need_of_core(const Closure& closure, std::optional<Phase> phase) {
  return Needs(closure, phase).core();
}

Closure under(Closure closure, const policy::Policy& granted) {
  constexpr std::uint64_t kNamespaces = 0x7e020000;  // CLONE_NEW*
  for (auto& core : closure.core) {
    const std::vector<Entry> whole = core;
    for (const Entry& entry : whole) {
      const auto arch = arch::of_call(entry.audit, entry.nr);
      for (const Fallback& each : fallbacks()) {
        if (!arch || each.call != arch::name_of(*arch, entry.nr)) continue;
        const auto old = arch::number(*arch, each.old);
        const policy::Action answer = policy::evaluate(granted, {entry.audit, entry.nr, {}});
        if (answer == policy::make_errno(kNoSuchCall))
          std::erase_if(core, [&](const Entry& e) { return e.audit == entry.audit && e.nr == entry.nr; });
        const auto added = std::ranges::find_if(core, [&](const Entry& e) {
          return e.audit == entry.audit && e.nr == old && e.origin == Origin::fallback;
        });
        if (added == core.end()) continue;
        if (policy::grants(answer))
          core.erase(added);
        else if (each.old == "clone")
          added->pins = {{0, 0xffffffff, {}, 0xffffffff & ~kNamespaces}};
      }
    }
  }
  return closure;
}

std::optional<Lack> first_lack(const Closure& closure, std::optional<Phase> phase, const policy::Policy& granted) {
  const Closure wanted = under(closure, granted);
  const Needs needs(wanted, phase);
  auto call = policy::first_excess(needs.possible_core(), granted);
  if (!call) {
    call = policy::first_excess(needs.possible_frontier(), granted);
    return call ? std::optional(Lack{*call, std::nullopt}) : std::nullopt;
  }
  for (const Phase each : phases_of(phase))
    for (const Entry& entry : wanted.of(each))
      if (admits(entry, *call)) return Lack{*call, entry};
  return Lack{*call, std::nullopt};
}

std::string reason(const Lack& lack) {
  return lack.entry ? reason(*lack.entry) : "part of the frontier";
}

Closure as_compiled(Closure closure) {
  for (auto& core : closure.core)
    for (Entry& entry : core)
      for (Pin& pin : entry.pins)
        if ((pin.mask & kUpper) == 0) pin.mask |= kUpper;
  return closure;
}

std::map<std::string, std::string> origins(const Closure& closure, std::optional<Phase> phase) {
  struct Seen {
    std::string origin;
    std::set<Phase> phases;
  };
  std::map<std::string, Seen> seen;
  for (const Phase each : phases_of(phase))
    for (const Entry& entry : closure.of(each)) {
      const std::string_view call = arch::name_of_call(entry.audit, entry.nr);
      if (call.empty()) continue;
      Seen& into = seen[std::string(call)];
      if (into.origin.empty() || entry.origin == Origin::observed) into.origin = origin_of(entry);
      if (entry.origin == Origin::observed) into.phases.insert(each);
    }
  std::map<std::string, std::string> out;
  for (const auto& [call, each] : seen) {
    std::string text = each.origin, phases;
    for (const Phase in : each.phases) phases += (phases.empty() ? " " : " and ") + std::string(when(in));
    if (text.starts_with("observed")) text.insert(8, phases);
    out.emplace(call, std::move(text));
  }
  for (const Reachable& each : closure.frontier) {
    const std::string_view call = arch::name_of_call(each.audit, each.nr);
    if (!call.empty() && closure.on_frontier != closure.outside)
      out.try_emplace(std::string(call), "in the code, never observed; " + each.evidence);
  }
  return out;
}

}  // namespace callgate::closure
