// SPDX-License-Identifier: Apache-2.0
#include "closure/need.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

#include "arch/calls.h"
#include "closure/facts.h"
#include "policy/algebra.h"
#include "policy/builder.h"

namespace callgate::closure {

namespace {

using policy::Action;
using policy::Clause;
using Key = std::pair<arch::AuditArch, arch::SyscallNr>;

constexpr std::uint16_t kPermission = 1, kNoSuchCall = 38;  // EPERM, ENOSYS

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

// It, and those that come after it.
std::span<const Phase> phases_of(std::optional<Phase> phase) {
  return std::span(kAllPhases).subspan(static_cast<std::size_t>(phase.value_or(Phase::startup)));
}

constexpr std::array<std::string_view, kPhaseCount> kWhen{"at startup", "while serving", "at shutdown"};

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
    policy::Builder builder(policy::kKillProcess);
    for (const arch::AuditArch audit : archs_) builder.arch(audit, policy::kKillProcess);
    add_core(builder, policy::kKillProcess);
    return builder.finish();
  }

 private:
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

Closure as_compiled(Closure closure) {
  constexpr std::uint64_t kUpper = 0xffffffff00000000;
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
    std::string text = each.origin, when;
    for (const Phase in : each.phases)
      when += (when.empty() ? " " : " and ") + std::string(kWhen[static_cast<std::size_t>(in)]);
    if (text.starts_with("observed")) text.insert(8, when);
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
