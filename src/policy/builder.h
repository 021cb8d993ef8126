// Builds a canonical Policy from rules in order.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "policy/policy.h"

namespace callgate::policy {

// Usage: Builder b(kKillThread); b.arch(audit, default_action); b.call(audit, nr, decision); Policy p = b.finish();
// Whatever is said later about a number overrides what was said before. O(1) a call; finish is O(numbers touched).
class Builder {
 public:
  // `other`: the action for tokens that are not listed.
  explicit Builder(Action other);
  // Lists a token; every number gets `fallback` until told otherwise. A token listed twice starts anew.
  void arch(AuditArch audit, Action fallback);
  // The token must have been listed by arch().
  void range(AuditArch audit, SyscallNr first, SyscallNr last, Action action);
  void call(AuditArch audit, SyscallNr nr, Action action);
  void call(AuditArch audit, SyscallNr nr, Decision decision);
  Policy finish();

 private:
  static constexpr DecisionId kUnset = 0xffffffff;
  static constexpr SyscallNr kBlockNumbers = 1024;
  // Calls cluster below 600 and above 2^30 (x32), so numbers are kept in dense blocks.
  struct Block {
    SyscallNr base;
    std::array<DecisionId, kBlockNumbers> decision;
  };
  struct Table {
    AuditArch audit;
    std::vector<Run> ranges;  // sorted, complete; blocks override them
    std::vector<std::unique_ptr<Block>> blocks;
  };
  Table& table(AuditArch audit);
  static Block& block(Table& table, SyscallNr nr);
  DecisionId intern(Action action);
  DecisionId intern(Decision decision);
  static std::vector<Run> runs_of(Table& table);

  std::vector<Table> tables_;
  std::vector<Decision> decisions_;
  DecisionId other_;
};

// Same function, fewer clauses: conditions that always hold are dropped, clauses that can never match, that an earlier
// one covers, or that change nothing at the end are removed; conditions of a clause are merged and sorted, with
// strict orders as non-strict ones. Equal functions may still differ in form (equality is first_difference's business).
Decision simplify(Decision decision);

}  // namespace callgate::policy
