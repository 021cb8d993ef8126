// SPDX-License-Identifier: Apache-2.0
#include "policy/meeting.h"

#include <algorithm>
#include <numeric>

#include "policy/region.h"

namespace callgate::policy {

bool meet_at_some_call(const Clause& a, const Clause& b) {
  CallRegion region;
  for (const Clause* clause : {&a, &b})
    for (const Condition& condition : clause->conditions) region.require(condition, true);
  return std::none_of(region.args.begin(), region.args.end(), [](const ArgRegion& arg) { return arg.empty(); });
}

MeetingClauses::MeetingClauses(std::vector<const Clause*> clauses) : clauses_(std::move(clauses)) {
  std::array<std::size_t, 6> count{};
  for (const Clause* clause : clauses_)
    for (const Condition& c : clause->conditions) count[c.arg] += c.op == Op::eq ? 1 : 0;
  arg_ = static_cast<std::uint8_t>(std::max_element(count.begin(), count.end()) - count.begin());
  for (std::size_t i = 0; i < clauses_.size(); ++i) {
    const auto value = asked_for(*clauses_[i]);
    (value ? by_value_[*value] : others_).push_back(i);
  }
}

std::optional<std::uint64_t> MeetingClauses::asked_for(const Clause& clause) const {
  for (const Condition& c : clause.conditions)
    if (c.arg == arg_ && c.op == Op::eq) return c.value;
  return std::nullopt;
}

std::optional<std::vector<std::size_t>> MeetingClauses::with(const Clause& clause, std::size_t& budget) const {
  std::vector<std::size_t> possible;
  if (const auto value = asked_for(clause)) {
    const auto same = by_value_.find(*value);
    const std::vector<std::size_t> none, &alike = same == by_value_.end() ? none : same->second;
    std::merge(alike.begin(), alike.end(), others_.begin(), others_.end(), std::back_inserter(possible));
  } else {
    possible.resize(clauses_.size());
    std::iota(possible.begin(), possible.end(), std::size_t{0});
  }
  if (budget < possible.size()) {
    budget = 0;
    return std::nullopt;
  }
  budget -= possible.size();
  std::erase_if(possible, [&](std::size_t i) { return !meet_at_some_call(*clauses_[i], clause); });
  return possible;
}

}  // namespace callgate::policy
