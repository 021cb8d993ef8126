// Every name's decision is made once; then each architecture's table, sorted by number, is walked into runs.
// SPDX-License-Identifier: Apache-2.0
#include "format/lower.h"

#include <algorithm>
#include <map>

#include "arch/calls.h"
#include "format/clauses.h"
#include "format/engine.h"
#include "format/multiplexed_names.h"
#include "format/narrow.h"
#include "policy/builder.h"

namespace callgate::format {

namespace {

using arch::Arch;
using arch::NameId;
using policy::DecisionId;
using policy::Run;
using policy::SyscallNr;

constexpr SyscallNr kLastNr = 0xffffffff;
constexpr DecisionId kUnset = 0xffffffff;
constexpr std::uint16_t kEnosys = 38;

void append(std::vector<Run>& runs, SyscallNr first, SyscallNr last, DecisionId decision) {
  if (!runs.empty() && runs.back().decision == decision) {
    runs.back().last = last;
  } else {
    runs.push_back({first, last, decision});
  }
}

// One architecture's numbers that go through a multiplexer, and the multiplexers' own decisions.
struct Multiplexing {
  std::vector<NameId> names;                             // reached through one
  std::vector<std::pair<NameId, DecisionId>> decisions;  // of the multiplexers
  bool hides(NameId id) const { return std::find(names.begin(), names.end(), id) != names.end(); }
};

class Lowering {
 public:
  Lowering(const RuntimeRules& rules, const std::vector<SpecName>& names, const NameChains& chains,
           const LowerOptions& options, Profile& profile)
      : rules_(rules), names_(names), options_(options), profile_(profile), chains_(chains) {}
  void run();

 private:
  DecisionId intern(policy::Action action);
  DecisionId intern(policy::Decision decision, bool low_word);
  DecisionId decide_mentions(const std::vector<Mention>& mentions, bool low_word);
  const std::vector<DecisionId>& plans(bool low_word);
  Multiplexing multiplexing(Arch arch, bool low_word);
  std::optional<SyscallNr> last_named(Arch arch, const Multiplexing& mux) const;
  void add_table(std::vector<Run>& runs, Arch arch, SyscallNr first, SyscallNr last);
  DecisionId decision_of(const arch::CallEntry& entry, std::span<const arch::CallEntry> same,
                         const std::vector<DecisionId>& plan, const Multiplexing& mux, bool low_word);
  std::vector<Run> runs_of(arch::AuditArch audit);
  std::vector<Run> runs_of_x86_64(bool plain, bool x32);
  void add_origins(Arch arch, SyscallNr nr, const std::vector<Mention>& mentions);
  std::vector<Mention> mentions_of(Arch arch, std::span<const arch::CallEntry> same) const;
  void finish(std::vector<Run> other);
  bool stub_for(Arch arch) const {
    return options_.stub &&
           std::find(options_.stub_skips.begin(), options_.stub_skips.end(), arch) == options_.stub_skips.end();
  }

  bool known(const arch::CallEntry& entry) const {
    return !options_.library_knows || entry.since <= *options_.library_knows;
  }

  const RuntimeRules& rules_;
  const std::vector<SpecName>& names_;
  const LowerOptions& options_;
  Profile& profile_;
  const NameChains& chains_;
  std::vector<policy::Decision> decisions_;
  std::vector<DecisionId> plan_[2];  // by NameId; [1]: for low words
  DecisionId fallback_ = 0, bad_arch_ = 0, enosys_ = kUnset;
};

DecisionId Lowering::intern(policy::Action action) {
  for (std::size_t i = 0; i < decisions_.size(); ++i)
    if (decisions_[i].clauses.empty() && decisions_[i].otherwise == action) return static_cast<DecisionId>(i);
  decisions_.push_back({{}, action});
  return static_cast<DecisionId>(decisions_.size() - 1);
}

DecisionId Lowering::intern(policy::Decision decision, bool low_word) {
  if (low_word && !decision.is_constant()) decision = narrow_to_low_words(decision, options_.libseccomp);
  if (!decision.is_constant()) decision = policy::simplify(std::move(decision));
  if (decision.is_constant()) return intern(decision.otherwise);
  const auto found = std::find(decisions_.begin(), decisions_.end(), decision);
  if (found != decisions_.end()) return static_cast<DecisionId>(found - decisions_.begin());
  decisions_.push_back(std::move(decision));
  return static_cast<DecisionId>(decisions_.size() - 1);
}

// kUnset where no rule counts.
DecisionId Lowering::decide_mentions(const std::vector<Mention>& mentions, bool low_word) {
  auto decision = decide(rules_, names_, mentions, {options_.libseccomp, low_word});
  return decision ? intern(std::move(*decision), low_word) : kUnset;
}

// The decision of every mentioned name, by NameId.
const std::vector<DecisionId>& Lowering::plans(bool low_word) {
  std::vector<DecisionId>& plan = plan_[low_word ? 1 : 0];
  if (!plan.empty()) return plan;
  plan.assign(arch::name_count(), kUnset);
  std::vector<DecisionId> by_rule(rules_.rules.size(), kUnset);  // of rules without conditions
  std::vector<Mention> mentions;
  for (std::uint32_t i = 0; i < names_.size(); ++i) {
    const NameId id = names_[i].id;
    if (chains_.first(id) != i) continue;
    const RuntimeRule& rule = rules_.rules[names_[i].rule];
    if (rule.active && rule.conditions.size() == 0) {
      // The first rule of a call has no conditions: nothing later counts.
      DecisionId& known = by_rule[names_[i].rule];
      if (known == kUnset) known = intern(rule.action);
      plan[static_cast<std::size_t>(id)] = known;
      continue;
    }
    mentions.clear();
    for (std::uint32_t at = i; at != NameChains::kEnd; at = chains_.next(at)) mentions.push_back({at, std::nullopt});
    plan[static_cast<std::size_t>(id)] = decide_mentions(mentions, low_word);
  }
  return plan;
}

Multiplexing Lowering::multiplexing(Arch arch, bool low_word) {
  Multiplexing mux;
  const auto socket = arch::find_name("socket");
  if (!options_.libseccomp || !socket || !arch::multiplexed(arch, *socket)) return mux;
  std::map<NameId, std::vector<Mention>> through;
  for (const std::string_view name : kMultiplexedNames) {
    const auto id = arch::find_name(name);
    const auto how = id ? arch::multiplexed(arch, *id) : std::nullopt;
    if (!how) continue;
    mux.names.push_back(*id);
    for (std::uint32_t at = chains_.first(*id); at != NameChains::kEnd; at = chains_.next(at))
      through[how->multiplexer].push_back({at, how->selector});
  }
  const std::vector<DecisionId>& plan = plans(low_word);
  for (auto& [multiplexer, mentions] : through) {
    const DecisionId own = plan[static_cast<std::size_t>(multiplexer)];
    if (own != kUnset && decisions_[own].is_constant() && !options_.origins) {
      mux.decisions.emplace_back(multiplexer, own);  // a rule without conditions swallows the others
      continue;
    }
    for (std::uint32_t at = chains_.first(multiplexer); at != NameChains::kEnd; at = chains_.next(at))
      mentions.push_back({at, std::nullopt});
    std::sort(mentions.begin(), mentions.end(), [](const Mention& a, const Mention& b) { return a.name < b.name; });
    mux.decisions.emplace_back(multiplexer, decide_mentions(mentions, low_word));
  }
  return mux;
}

// The largest number that any rule names, as runc's findLastSyscalls() has it: rules that are skipped count, calls
// that libseccomp resolves to a pseudo number (multiplexed ones) do not, and 0 counts as none.
std::optional<SyscallNr> Lowering::last_named(Arch arch, const Multiplexing& mux) const {
  const auto table = arch::table(arch);
  for (std::size_t i = table.size(); i-- > 0;) {
    if (!chains_.mentioned(table[i].name) || !known(table[i]) || mux.hides(table[i].name)) continue;
    return table[i].nr == 0 ? std::nullopt : std::optional(table[i].nr);
  }
  return std::nullopt;
}

std::vector<Mention> Lowering::mentions_of(Arch arch, std::span<const arch::CallEntry> same) const {
  std::vector<Mention> mentions;
  const auto add = [&](NameId id, std::optional<std::uint32_t> selector) {
    for (std::uint32_t at = chains_.first(id); at != NameChains::kEnd; at = chains_.next(at))
      mentions.push_back({at, selector});
  };
  for (const arch::CallEntry& entry : same) {
    if (!known(entry)) continue;
    add(entry.name, std::nullopt);
    if (!options_.libseccomp) continue;
    for (const std::string_view name : kMultiplexedNames) {
      const auto id = arch::find_name(name);
      const auto how = id ? arch::multiplexed(arch, *id) : std::nullopt;
      if (how && how->multiplexer == entry.name) add(*id, how->selector);
    }
  }
  std::sort(mentions.begin(), mentions.end(), [](const Mention& a, const Mention& b) { return a.name < b.name; });
  return mentions;
}

DecisionId Lowering::decision_of(const arch::CallEntry& entry, std::span<const arch::CallEntry> same,
                                 const std::vector<DecisionId>& plan, const Multiplexing& mux, bool low_word) {
  if (same.size() == 1) {
    if (!known(entry)) return kUnset;
    for (const auto& [multiplexer, made] : mux.decisions)
      if (multiplexer == entry.name) return made;
    return plan[static_cast<std::size_t>(entry.name)];
  }
  // Two names share the number: their rules count together.
  std::vector<Mention> mentions;
  for (const arch::CallEntry& one : same) {
    if (!known(one)) continue;
    for (std::uint32_t at = chains_.first(one.name); at != NameChains::kEnd; at = chains_.next(at))
      mentions.push_back({at, std::nullopt});
  }
  std::sort(mentions.begin(), mentions.end(), [](const Mention& a, const Mention& b) { return a.name < b.name; });
  return decide_mentions(mentions, low_word);
}

// The numbers [first, last], which hold all of this architecture's.
void Lowering::add_table(std::vector<Run>& runs, Arch arch, SyscallNr first, SyscallNr last) {
  const bool low_word = low_word_only(arch);
  const Multiplexing mux = multiplexing(arch, low_word);
  const std::vector<DecisionId>& plan = plans(low_word);
  const auto named = stub_for(arch) ? last_named(arch, mux) : std::nullopt;
  if (named) profile_.enosys.push_back({arch, *named});
  const SyscallNr end = named ? std::min(*named, last) : last;
  SyscallNr next = first;
  bool done = false;
  if (named && (arch == Arch::s390 || arch == Arch::s390x)) {
    // setup(2), number 0: what the kernel turns unknown large numbers into.
    append(runs, 0, 0, enosys_);
    next = 1;
  }
  const auto table = arch::table(arch);
  const bool plain = mux.decisions.empty() && !options_.library_knows && !options_.origins;
  for (std::size_t i = 0; i < table.size() && table[i].nr <= end;) {
    std::size_t same = i + 1;
    while (same < table.size() && table[same].nr == table[i].nr) ++same;
    const SyscallNr nr = table[i].nr;
    DecisionId decision = plan[static_cast<std::size_t>(table[i].name)];
    if (!plain || same != i + 1) {
      const auto alike = table.subspan(i, same - i);
      decision = decision_of(table[i], alike, plan, mux, low_word);
      if (options_.origins) add_origins(arch, nr, mentions_of(arch, alike));
    }
    i = same;
    if (decision == kUnset || nr < next) continue;
    if (nr > next) append(runs, next, nr - 1, fallback_);
    append(runs, nr, nr, decision);
    done = nr == kLastNr;
    next = nr + 1;
  }
  if (!done && next <= end) append(runs, next, end, fallback_);
  if (end < last) append(runs, end + 1, last, enosys_);
}

// x86_64 and x32 share their token and differ by bit 30 (gen_bpf.c, _gen_bpf_arch(); runc's stub tests that bit alone).
std::vector<Run> Lowering::runs_of_x86_64(bool plain, bool x32) {
  constexpr SyscallNr kBit = arch::kX32Bit;
  std::vector<Run> runs;
  runs.reserve(256);
  const std::size_t stubs_before = profile_.enosys.size();
  if (plain) {
    add_table(runs, Arch::x86_64, 0, kBit - 1);
  } else {
    append(runs, 0, kBit - 1, bad_arch_);
  }
  const std::size_t stubs_plain = profile_.enosys.size();
  if (x32) {
    add_table(runs, Arch::x32, kBit, 2 * kBit - 1);
  } else {
    append(runs, kBit, 2 * kBit - 1, bad_arch_);
  }
  const bool stub_plain = stubs_plain > stubs_before, stub_x32 = profile_.enosys.size() > stubs_plain;
  const DecisionId beyond = x32 ? fallback_ : bad_arch_;
  append(runs, 2 * kBit, 3 * kBit - 1, stub_plain ? enosys_ : beyond);
  append(runs, 3 * kBit, kLastNr - 1, stub_x32 ? enosys_ : beyond);
  // -1 is how a tracer skips a call; libseccomp lets it reach the default.
  append(runs, kLastNr, kLastNr, stub_x32 ? enosys_ : fallback_);
  return runs;
}

std::vector<Run> Lowering::runs_of(arch::AuditArch audit) {
  bool plain = false, x32 = false;
  Arch only{};
  for (const Arch arch : options_.architectures) {
    if (arch::info(arch).audit != audit) continue;
    plain = plain || arch == Arch::x86_64;
    x32 = x32 || arch == Arch::x32;
    only = arch;
  }
  if (plain || x32) return runs_of_x86_64(plain, x32);
  std::vector<Run> runs;
  runs.reserve(192);
  add_table(runs, only, 0, kLastNr);
  return runs;
}

void Lowering::add_origins(Arch arch, SyscallNr nr, const std::vector<Mention>& mentions) {
  const bool low_word = low_word_only(arch);
  for (const Mention& mention : mentions) {
    const RuntimeRule& rule = rules_.rules[names_[mention.name].rule];
    if (!rule.active) continue;
    for (policy::Clause& clause : clauses_of(rules_, rule, mention.selector, {options_.libseccomp, low_word}))
      profile_.origins.push_back(
          {arch::info(arch).audit, nr, std::move(clause), low_word, names_[mention.name].span, rule.span});
  }
}

void Lowering::run() {
  fallback_ = intern(rules_.fallback);
  bad_arch_ = intern(policy::kKillThread);
  if (options_.stub) enosys_ = intern(policy::make_errno(kEnosys));
  std::vector<arch::AuditArch> audits;
  for (const Arch arch : options_.architectures) audits.push_back(arch::info(arch).audit);
  std::sort(audits.begin(), audits.end());
  audits.erase(std::unique(audits.begin(), audits.end()), audits.end());
  for (const arch::AuditArch audit : audits) profile_.policy.archs.push_back({audit, runs_of(audit)});
  finish({{0, kLastNr, bad_arch_}});
}

// Numbers the decisions by first use, as policy::Builder does, so that equal policies are equal values.
void Lowering::finish(std::vector<Run> other) {
  policy::Policy& policy = profile_.policy;
  std::vector<DecisionId> renumbered(decisions_.size(), kUnset);
  const auto use = [&](std::vector<Run>& runs) {
    for (Run& run : runs) {
      DecisionId& fresh = renumbered[run.decision];
      if (fresh == kUnset) {
        fresh = static_cast<DecisionId>(policy.decisions.size());
        policy.decisions.push_back(std::move(decisions_[run.decision]));
      }
      run.decision = fresh;
    }
  };
  for (policy::ArchRuns& listed : policy.archs) use(listed.runs);
  policy.other = std::move(other);
  use(policy.other);
}

}  // namespace

void lower(const RuntimeRules& rules, const std::vector<SpecName>& names, const NameChains& chains,
           const LowerOptions& options, Profile& profile) {
  Lowering(rules, names, chains, options, profile).run();
}

}  // namespace callgate::format
