// Rectangles of tokens and numbers → runs of each token; the answer that most tokens get is `other`.
// SPDX-License-Identifier: Apache-2.0
#include "prove/decompile.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "policy/algebra.h"
#include "prove/clauses.h"
#include "prove/rectangles.h"

namespace callgate::prove {

namespace {

using base::ErrorCode;
using base::fail;
using policy::Run;

// The runs of one set of tokens; `decision` is a NodeId until decisions are made.
struct Column {
  std::vector<Run> runs;
  std::vector<WordRanges::Interval> tokens;
  std::uint64_t count = 0;
};

// Ends of the intervals on which all rectangles' tokens are constant.
std::vector<std::uint32_t> token_ends(const std::vector<Rectangle>& rectangles) {
  std::vector<std::uint32_t> ends{0xffffffff};
  for (const Rectangle& each : rectangles)
    for (const auto& [first, last] : each.tokens.intervals()) {
      if (first != 0) ends.push_back(first - 1);
      ends.push_back(last);
    }
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  return ends;
}

bool holds(const WordRanges& ranges, std::uint32_t value) {
  const auto& all = ranges.intervals();
  const auto at = std::lower_bound(all.begin(), all.end(), value,
                                   [](const auto& interval, std::uint32_t v) { return interval.last < v; });
  return at != all.end() && at->first <= value;
}

std::vector<Run> runs_at(const std::vector<Rectangle>& rectangles, std::uint32_t token) {
  std::vector<Run> runs;
  for (const Rectangle& each : rectangles) {
    if (!holds(each.tokens, token)) continue;
    for (const auto& [first, last] : each.numbers.intervals()) runs.push_back({first, last, each.decision});
  }
  std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.first < b.first; });
  std::vector<Run> joined;
  for (const Run& run : runs) {
    if (!joined.empty() && joined.back().decision == run.decision)
      joined.back().last = run.last;
    else
      joined.push_back(run);
  }
  return joined;
}

std::vector<Column> columns_of(const std::vector<Rectangle>& rectangles) {
  std::vector<Column> columns;
  std::uint32_t first = 0;
  for (const std::uint32_t last : token_ends(rectangles)) {
    std::vector<Run> runs = runs_at(rectangles, last);
    auto same = std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.runs == runs; });
    if (same == columns.end()) same = columns.insert(same, Column{std::move(runs), {}, 0});
    same->tokens.push_back({first, last});
    same->count += std::uint64_t{last} - first + 1;
    first = last + 1;
  }
  return columns;
}

// Decisions, numbered by first use, as policy::Builder does.
class Decisions {
 public:
  explicit Decisions(const Diagrams& diagrams) : diagrams_(diagrams) {}

  base::Result<std::vector<Run>> translated(const std::vector<Run>& runs, std::string_view where) {
    std::vector<Run> out;
    for (const Run& run : runs) {
      CALLGATE_TRY(const policy::DecisionId id, decision(run.decision, run.first, where));
      if (!out.empty() && out.back().decision == id)
        out.back().last = run.last;
      else
        out.push_back({run.first, run.last, id});
    }
    return out;
  }
  std::vector<policy::Decision> take() { return std::move(decisions_); }

 private:
  base::Result<policy::DecisionId> decision(NodeId node, policy::SyscallNr nr, std::string_view where) {
    const auto [known, fresh] = by_node_.try_emplace(node, 0);
    if (!fresh) return known->second;
    auto made = decision_of(diagrams_, node);
    if (!made)
      return fail(ErrorCode::limit,
                  fmt::format("call {} of {} needs more than {} clauses", nr, where, policy::kMaxClauses));
    const auto [same, is_new] = ids_.try_emplace(*made, static_cast<policy::DecisionId>(decisions_.size()));
    if (is_new) decisions_.push_back(std::move(*made));
    return known->second = same->second;
  }

  const Diagrams& diagrams_;
  std::map<NodeId, policy::DecisionId> by_node_;
  std::map<policy::Decision, policy::DecisionId> ids_;
  std::vector<policy::Decision> decisions_;
};

base::Result<policy::Policy> assemble(const Diagrams& diagrams, const std::vector<Rectangle>& rectangles) {
  constexpr std::uint64_t kMaxTokens = 512;
  for (const Rectangle& each : rectangles)
    if (diagrams.asks(each.decision, kInstructionPointer))
      return fail(ErrorCode::unsupported,
                  fmt::format("the answer to call {:#x} of architecture {:#010x} depends on the instruction pointer",
                              each.numbers.intervals().front().first, each.tokens.intervals().front().first));
  const std::vector<Column> columns = columns_of(rectangles);
  const auto other = std::max_element(columns.begin(), columns.end(),
                                      [](const Column& a, const Column& b) { return a.count < b.count; });
  std::vector<std::pair<policy::AuditArch, const Column*>> listed;
  for (const Column& column : columns) {
    if (&column == &*other) continue;
    if (column.count > kMaxTokens)
      return fail(ErrorCode::unsupported,
                  fmt::format("the program answers differently for {} architecture tokens ({:#010x} … {:#010x}) "
                              "without comparing each; it looks at arguments, or at parts of the token, before it "
                              "knows the architecture",
                              column.count, column.tokens.front().first, column.tokens.back().last));
    for (const auto& [first, last] : column.tokens)
      for (std::uint64_t token = first; token <= last; ++token)
        listed.emplace_back(static_cast<policy::AuditArch>(token), &column);
  }
  std::sort(listed.begin(), listed.end());
  Decisions decisions(diagrams);
  policy::Policy policy;
  for (const auto& [token, column] : listed) {
    CALLGATE_TRY(auto runs, decisions.translated(column->runs, fmt::format("architecture {:#010x}", token)));
    policy.archs.push_back({token, std::move(runs)});
  }
  CALLGATE_TRY(policy.other, decisions.translated(other->runs, "unlisted architectures"));
  policy.decisions = decisions.take();
  return policy;
}

template <class Program>
base::Result<policy::Policy> proved(policy::Policy policy, const Program& program) {
  const Outcome outcome = prove(policy, program);
  if (outcome.verdict == Verdict::equal) return policy;
  if (outcome.verdict == Verdict::undecided)
    return fail(ErrorCode::unsupported, fmt::format("the decompiled policy could not be proved: {}", outcome.why));
  const policy::Call& call = outcome.counterexample->call;
  return fail(ErrorCode::internal,
              fmt::format("the decompiled policy differs from the program on call {:#x} of architecture {:#010x}",
                          call.nr, call.audit));
}

}  // namespace

base::Result<policy::Policy> decompile(std::span<const bpf::Insn> program) {
  Diagrams diagrams;
  CALLGATE_TRY(const auto rectangles, rectangles_of(program, diagrams));
  CALLGATE_TRY(auto policy, assemble(diagrams, rectangles));
  return proved(std::move(policy), program);
}

base::Result<policy::Policy> decompile(const Stack& stack) {
  std::vector<policy::Policy> policies;
  for (std::size_t i = 0; i < stack.size(); ++i) {
    auto each = decompile(std::span<const bpf::Insn>(stack[i]));
    if (!each) {
      if (stack.size() == 1) return each;
      return tl::unexpected(std::move(each).error().within(fmt::format("filter {} of {}", i + 1, stack.size())));
    }
    policies.push_back(std::move(*each));
  }
  if (policies.empty()) return policy::constant(policy::kAllow);
  if (policies.size() == 1) return std::move(policies.front());
  CALLGATE_TRY(auto policy, policy::stack(policies));
  return proved(std::move(policy), stack);
}

}  // namespace callgate::prove
