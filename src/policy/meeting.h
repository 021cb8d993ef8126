// Which clauses of a list may hold at once, without holding each against each: those that ask for another value of the
// argument most often asked about cannot.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "policy/policy.h"

namespace callgate::policy {

// Whether some arguments satisfy both.
bool meet_at_some_call(const Clause& a, const Clause& b);

// An index over clauses that outlive it.
class MeetingClauses {
 public:
  explicit MeetingClauses(std::vector<const Clause*> clauses);
  // The clauses that hold at some call at which `clause` does, by position and sorted. Each that is looked at is taken
  // off `budget`; nothing once it is spent.
  std::optional<std::vector<std::size_t>> with(const Clause& clause, std::size_t& budget) const;

 private:
  std::optional<std::uint64_t> asked_for(const Clause& clause) const;

  std::vector<const Clause*> clauses_;
  std::uint8_t arg_ = 0;
  std::map<std::uint64_t, std::vector<std::size_t>> by_value_;
  std::vector<std::size_t> others_;  // ask for no one value
};

}  // namespace callgate::policy
