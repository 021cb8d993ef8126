// SPDX-License-Identifier: Apache-2.0
#include "convert/outline.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "policy/algebra.h"

namespace callgate::convert {

namespace {

using arch::Arch;
using policy::Action;
using policy::DecisionId;
using policy::Run;
using policy::SyscallNr;

constexpr SyscallNr kBit = arch::kX32Bit, kLastNr = 0xffffffff;

struct Interval {
  SyscallNr first, last;
};

// The numbers of an architecture: x86_64 and x32 share a token and differ by bit 30.
std::vector<Interval> numbers_of(Arch arch) {
  if (arch == Arch::x86_64) return {{0, kBit - 1}, {2 * kBit, 3 * kBit - 1}};
  if (arch == Arch::x32) return {{kBit, 2 * kBit - 1}, {3 * kBit, kLastNr}};
  return {{0, kLastNr}};
}

class ArchReader {
 public:
  ArchReader(const policy::Policy& policy, const std::vector<Run>& runs, Arch arch, const Comments& comments)
      : policy_(policy), comments_(comments) {
    out_.arch = arch;
    for (const Interval& numbers : numbers_of(arch)) {
      std::vector<Run> part;
      for (const Run& run : runs)
        if (run.last >= numbers.first && run.first <= numbers.last)
          part.push_back({std::max(run.first, numbers.first), std::min(run.last, numbers.last), run.decision});
      parts_.push_back(std::move(part));
    }
    const auto table = arch::table(arch);
    for (std::size_t i = 0; i < table.size(); ++i)
      if (i == 0 || table[i].nr != table[i - 1].nr) named_.emplace_back(table[i].nr, arch::name_of(arch, table[i].nr));
  }
  ArchOutline read(const OutlineOptions& options);

 private:
  const policy::Decision& decision(DecisionId id) const { return policy_.decisions[id]; }
  DecisionId decision_at(SyscallNr nr) const {
    for (const auto& part : parts_)
      if (part.front().first <= nr && nr <= part.back().last) return part[policy::Policy::find_run(part, nr)].decision;
    return parts_[0].back().decision;
  }
  bool is(DecisionId id, Action action) const { return decision(id).is_constant() && decision(id).otherwise == action; }
  template <class Visit>
  void for_each_gap(const std::vector<Run>& part, const Visit& visit) const;
  void choose_fallback(std::optional<Action> stated);
  void find_beyond(const std::vector<format::EnosysAbove>& last_named);
  void group_calls();
  void gather_unnamed();

  const policy::Policy& policy_;
  const Comments& comments_;
  std::vector<std::vector<Run>> parts_;
  std::vector<std::pair<SyscallNr, std::string_view>> named_;
  ArchOutline out_;
};

// visit(first, last, decision) for every range of numbers without a name.
template <class Visit>
void ArchReader::for_each_gap(const std::vector<Run>& part, const Visit& visit) const {
  auto name = std::lower_bound(named_.begin(), named_.end(), part.front().first,
                               [](const auto& entry, SyscallNr nr) { return entry.first < nr; });
  for (const Run& run : part) {
    SyscallNr at = run.first;
    bool done = false;
    for (; name != named_.end() && name->first <= run.last; ++name) {
      if (name->first > at) visit(at, name->first - 1, run.decision);
      done = name->first == kLastNr;
      at = name->first + 1;
    }
    if (!done && at <= run.last) visit(at, run.last, run.decision);
  }
}

// What the source states, if any number gets it; else what most numbers between the calls get, those above the last
// call apart: a runtime's own answer may stand there. Where calls lie too close for that, what most refused calls get.
void ArchReader::choose_fallback(std::optional<Action> stated) {
  const Run& top = parts_[0].back();
  const auto gets = [&](const Run& run) { return stated && is(run.decision, *stated); };
  if (std::any_of(parts_[0].begin(), parts_[0].end(), gets)) {
    out_.fallback = *stated;
    return;
  }
  std::map<Action, std::uint64_t> votes;
  const auto vote = [&](DecisionId id, std::uint64_t weight) {
    if (decision(id).is_constant()) votes[decision(id).otherwise] += weight;
  };
  for_each_gap(parts_[0], [&](SyscallNr first, SyscallNr last, DecisionId id) {
    if (first < top.first) vote(id, last - first + 1);
  });
  // A list of what is refused leaves no gap below the run that lets the rest through.
  const bool list_of_refusals =
      decision(top.decision).is_constant() && policy::grants(decision(top.decision).otherwise);
  if (votes.empty() && !list_of_refusals)
    for (const auto& [nr, name] : named_)
      if (nr < top.first && !policy::grants(decision(decision_at(nr)).otherwise)) vote(decision_at(nr), 1);
  vote(top.decision, 0);
  std::uint64_t most = 0;
  for (const auto& [action, weight] : votes) {
    if (weight < most) continue;
    most = weight;
    out_.fallback = action;
  }
}

void ArchReader::find_beyond(const std::vector<format::EnosysAbove>& last_named) {
  const Run& top = parts_[0].back();
  if (!decision(top.decision).is_constant() || decision(top.decision).otherwise == out_.fallback) return;
  if (top.first == parts_[0].front().first) return;
  out_.beyond = {top.first - 1, decision(top.decision).otherwise, {}};
  for (const format::EnosysAbove& each : last_named)
    if (each.arch == out_.arch && each.last > out_.beyond->above && each.last < top.last)
      out_.beyond->above = each.last;
}

void ArchReader::group_calls() {
  std::map<std::pair<DecisionId, std::string>, std::size_t> index;
  for (const auto& [nr, name] : named_) {
    const DecisionId id = decision_at(nr);
    if (is(id, out_.fallback)) {
      out_.fallback_calls.push_back(name);
      continue;
    }
    if (out_.beyond && nr > out_.beyond->above) {
      out_.beyond->calls.push_back(name);
      continue;
    }
    const auto [at, fresh] = index.try_emplace({id, comments_.of(name)}, out_.groups.size());
    if (fresh) out_.groups.push_back({{}, decision(id), at->first.second});
    out_.groups[at->second].calls.push_back(name);
  }
  for (Group& group : out_.groups) std::sort(group.calls.begin(), group.calls.end());
  std::sort(out_.fallback_calls.begin(), out_.fallback_calls.end());
  if (out_.beyond) std::sort(out_.beyond->calls.begin(), out_.beyond->calls.end());
  const auto rank = [](const Group& group) {
    const Action first =
        group.decision.is_constant() ? group.decision.otherwise : group.decision.clauses.front().action;
    return std::tuple(!group.decision.is_constant(), -static_cast<int>(first.kind), first.data, !group.comment.empty(),
                      group.calls.front());
  };
  std::sort(out_.groups.begin(), out_.groups.end(), [&](const Group& a, const Group& b) { return rank(a) < rank(b); });
}

void ArchReader::gather_unnamed() {
  for (const auto& part : parts_)
    for_each_gap(part, [&](SyscallNr first, SyscallNr last, DecisionId id) {
      if (out_.beyond && last > out_.beyond->above && is(id, out_.beyond->action)) return;
      if (is(id, out_.fallback)) return;
      out_.unnamed.push_back({first, last, decision(id)});
    });
}

ArchOutline ArchReader::read(const OutlineOptions& options) {
  choose_fallback(options.fallback);
  find_beyond(options.last_named);
  group_calls();
  gather_unnamed();
  return std::move(out_);
}

}  // namespace

std::string Comments::of(std::string_view call) const {
  const auto found = by_call.find(call);
  if (found == by_call.end()) return {};
  std::string text;
  for (const std::string& each : found->second) text += (text.empty() ? "" : "; ") + each;
  return text;
}

void Comments::add(std::string_view call, std::string_view text) {
  auto& texts = by_call.try_emplace(std::string(call)).first->second;
  if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.emplace_back(text);
}

const ArchOutline* Outline::find(Arch arch) const {
  const auto found = std::find_if(archs.begin(), archs.end(), [&](const ArchOutline& a) { return a.arch == arch; });
  return found == archs.end() ? nullptr : &*found;
}

Outline outline_of(const policy::Policy& policy, const Comments& comments, const OutlineOptions& options) {
  Outline out;
  out.comments = comments;
  for (const policy::ArchRuns& listed : policy.archs) {
    bool known = false;
    for (const Arch arch : arch::with_audit(listed.audit)) {
      if (!arch::info(arch).has_table) continue;
      known = true;
      out.archs.push_back(ArchReader(policy, listed.runs, arch, comments).read(options));
    }
    if (!known) out.tokens.push_back({listed.audit, listed.runs});
  }
  std::stable_partition(out.archs.begin(), out.archs.end(),
                        [&](const ArchOutline& each) { return each.arch == options.native; });
  out.other_is_constant = policy.other.size() == 1 && policy.decisions[policy.other[0].decision].is_constant();
  std::uint64_t most = 0;
  for (const Run& run : policy.other) {
    const std::uint64_t weight = std::uint64_t{run.last} - run.first + 1;
    if (weight <= most) continue;
    most = weight;
    out.other = policy.decisions[run.decision].otherwise;
  }
  return out;
}

}  // namespace callgate::convert
