// A kafel policy as a tree, before it is known for which architecture it is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "convert/kafel_tokens.h"

namespace callgate::convert::kafel {

// A number, a name, `!a`, or `a op b`; "," between conditions is an or.
struct Expression {
  enum class Kind { number, name, negation, binary };
  Kind kind = Kind::number;
  std::uint64_t number = 0;
  std::string_view text;  // the name, or the operator
  base::Span span;
  bool truth = false;  // a condition, not a value
  int depth = 0;
  std::unique_ptr<Expression> left, right;
};

struct Rule {
  policy::Action action;
  std::string_view name;  // empty: by number
  policy::SyscallNr nr = 0;
  base::Span span;
  bool declared = false;  // the arguments' names are given
  std::vector<std::string_view> arguments;
  std::vector<arch::Arch> archs;           // empty: all
  std::shared_ptr<const Expression> when;  // null: always
  std::vector<std::string> comments;
};

// `rules` of one action block, or the use of another policy.
struct Entry {
  std::vector<Rule> rules;
  std::optional<std::size_t> uses;  // index of the policy
};

struct PolicyTree {
  std::string_view name;
  std::vector<Entry> entries;
};

struct Program {
  std::vector<PolicyTree> policies;
  PolicyTree main;
  std::optional<policy::Action> fallback;
  std::vector<std::string> comments;  // that stand over no call
};

// Nothing if the text is wrong.
std::optional<Program> parse(const base::SourceFile& file, const ReadContext& context, base::Diagnostics& diagnostics);

}  // namespace callgate::convert::kafel
