// Three answers are combined two at a time: the first two become one action that stands for the pair, by its index in a
// table; combine() needs only to tell actions apart.
// SPDX-License-Identifier: Apache-2.0
#include "policy/three_way.h"

#include <algorithm>
#include <utility>

#include "policy/algebra.h"

namespace callgate::policy {

base::Result<ThreeWay> merge_three(const Policy& base, const Policy& ours, const Policy& theirs) {
  std::vector<std::pair<Action, Action>> pairs;
  bool too_many = false;
  const auto code = [&](Action of_base, Action of_ours) {
    const std::pair pair{of_base, of_ours};
    auto at = static_cast<std::size_t>(std::find(pairs.begin(), pairs.end(), pair) - pairs.begin());
    if (at == pairs.size()) pairs.push_back(pair);
    too_many = too_many || at > 0xffff;
    return Action{ActionKind::trace, static_cast<std::uint16_t>(at)};
  };
  CALLGATE_TRY(const Policy both, combine(base, ours, code));
  if (too_many) return base::fail(base::ErrorCode::limit, "the profiles have more than 65536 pairs of answers");
  // Our answer where it was changed or theirs was not; `conflicting` gives theirs where both were changed.
  const auto answer = [&](Action coded, Action of_theirs, bool prefer_theirs) {
    const auto [of_base, of_ours] = pairs[coded.data];
    if (of_ours == of_base) return of_theirs;
    if (of_theirs == of_base) return of_ours;
    return prefer_theirs ? of_theirs : of_ours;
  };
  ThreeWay out;
  CALLGATE_TRY(out.merged, combine(both, theirs, [&](Action a, Action b) { return answer(a, b, false); }));
  CALLGATE_TRY(const Policy other, combine(both, theirs, [&](Action a, Action b) { return answer(a, b, true); }));
  out.conflicts = changes(out.merged, other);
  return out;
}

}  // namespace callgate::policy
