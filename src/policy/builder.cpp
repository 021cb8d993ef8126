// SPDX-License-Identifier: Apache-2.0
#include "policy/builder.h"

#include <algorithm>

namespace callgate::policy {

namespace {
constexpr SyscallNr kLastNr = 0xffffffff;

void append(std::vector<Run>& runs, SyscallNr first, SyscallNr last, DecisionId decision) {
  if (!runs.empty() && runs.back().decision == decision) {
    runs.back().last = last;
  } else {
    runs.push_back({first, last, decision});
  }
}
}  // namespace

Builder::Builder(Action other) : other_(intern(other)) {}

void Builder::arch(AuditArch audit, Action fallback) {
  std::erase_if(tables_, [&](const Table& t) { return t.audit == audit; });
  tables_.push_back({audit, {{0, kLastNr, intern(fallback)}}, {}});
}

Builder::Table& Builder::table(AuditArch audit) {
  return *std::find_if(tables_.begin(), tables_.end(), [&](const Table& t) { return t.audit == audit; });
}

Builder::Block& Builder::block(Table& table, SyscallNr nr) {
  const SyscallNr base = nr & ~(kBlockNumbers - 1);
  for (const auto& existing : table.blocks)
    if (existing->base == base) return *existing;
  auto fresh = std::make_unique<Block>();
  fresh->base = base;
  fresh->decision.fill(kUnset);
  return *table.blocks.emplace_back(std::move(fresh));
}

DecisionId Builder::intern(Action action) {
  for (std::size_t i = 0; i < decisions_.size(); ++i)
    if (decisions_[i].is_constant() && decisions_[i].otherwise == action) return static_cast<DecisionId>(i);
  decisions_.push_back({{}, action});
  return static_cast<DecisionId>(decisions_.size() - 1);
}

DecisionId Builder::intern(Decision decision) {
  if (!decision.is_constant()) decision = simplify(std::move(decision));
  if (decision.is_constant()) return intern(decision.otherwise);
  const auto found = std::find(decisions_.begin(), decisions_.end(), decision);
  if (found != decisions_.end()) return static_cast<DecisionId>(found - decisions_.begin());
  decisions_.push_back(std::move(decision));
  return static_cast<DecisionId>(decisions_.size() - 1);
}

void Builder::call(AuditArch audit, SyscallNr nr, Action action) {
  block(table(audit), nr).decision[nr % kBlockNumbers] = intern(action);
}

void Builder::call(AuditArch audit, SyscallNr nr, Decision decision) {
  block(table(audit), nr).decision[nr % kBlockNumbers] = intern(std::move(decision));
}

void Builder::range(AuditArch audit, SyscallNr first, SyscallNr last, Action action) {
  const DecisionId id = intern(action);
  Table& t = table(audit);
  std::vector<Run> ranges;
  for (const Run& run : t.ranges) {
    if (run.first < first) append(ranges, run.first, std::min(run.last, first - 1), run.decision);
    if (run.first <= first && first <= run.last) append(ranges, first, last, id);
    if (run.last > last) append(ranges, std::max(run.first, last + 1), run.last, run.decision);
  }
  t.ranges = std::move(ranges);
  for (const auto& b : t.blocks) {
    const SyscallNr block_last = b->base + (kBlockNumbers - 1);
    if (b->base > last || block_last < first) continue;
    const SyscallNr from = std::max(first, b->base), to = std::min(last, block_last);
    std::fill(b->decision.begin() + (from - b->base), b->decision.begin() + (to - b->base + 1), kUnset);
  }
}

std::vector<Run> Builder::runs_of(Table& table) {
  std::sort(table.blocks.begin(), table.blocks.end(), [](const auto& a, const auto& b) { return a->base < b->base; });
  std::vector<Run> runs;
  runs.reserve(160);
  std::size_t next_block = 0;
  for (const Run& range : table.ranges) {
    SyscallNr at = range.first;
    for (;;) {
      while (next_block < table.blocks.size() && table.blocks[next_block]->base + (kBlockNumbers - 1) < at)
        ++next_block;
      if (next_block == table.blocks.size() || table.blocks[next_block]->base > range.last) {
        append(runs, at, range.last, range.decision);
        break;
      }
      const Block& b = *table.blocks[next_block];
      if (at < b.base) append(runs, at, b.base - 1, range.decision);
      const SyscallNr last = std::min(range.last, b.base + (kBlockNumbers - 1));
      for (SyscallNr nr = std::max(at, b.base);; ++nr) {
        const DecisionId id = b.decision[nr - b.base];
        append(runs, nr, nr, id == kUnset ? range.decision : id);
        if (nr == last) break;
      }
      if (last == range.last) break;
      at = last + 1;
    }
  }
  return runs;
}

Policy Builder::finish() {
  Policy policy;
  policy.other = {{0, kLastNr, other_}};
  std::sort(tables_.begin(), tables_.end(), [](const Table& a, const Table& b) { return a.audit < b.audit; });
  policy.archs.reserve(tables_.size());
  for (Table& t : tables_) policy.archs.push_back({t.audit, runs_of(t)});
  // Number the decisions by first use, so that equal rules give an equal value however they were said.
  std::vector<DecisionId> renumbered(decisions_.size(), kUnset);
  const auto use = [&](std::vector<Run>& runs) {
    for (Run& run : runs) {
      DecisionId& fresh = renumbered[run.decision];
      if (fresh == kUnset) {
        fresh = static_cast<DecisionId>(policy.decisions.size());
        policy.decisions.push_back(decisions_[run.decision]);
      }
      run.decision = fresh;
    }
  };
  for (ArchRuns& listed : policy.archs) use(listed.runs);
  use(policy.other);
  return policy;
}

Policy constant(Action action) {
  return Builder(action).finish();
}

}  // namespace callgate::policy
