// The two things that diff, subset, merge and prove are about.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/json_write.h"
#include "cli/input.h"
#include "policy/policy.h"

namespace callgate::cli {

struct Pair {
  Subject a, b;
  format::Engine engine_a{}, engine_b{};
  policy::Policy policy_a, policy_b;

  // "profile.json, read as docker"; "filter.bpf".
  std::string describe_a() const;
  std::string describe_b() const;
  // Members "a", "b" {name, as}; `as` where the engine counts.
  void to_json(base::JsonWriter& json) const;
};

// Operands A and B, read with --as, and B with --b-as if that is given. Filters are decompiled. On failure nothing, and
// `status` is what the command ends with.
std::optional<Pair> load_pair(Session& session, int& status);

// {arch, call, nr, args, text, a, b}.
void witness_json(base::JsonWriter& json, const policy::Call& call, policy::Action a, policy::Action b);

}  // namespace callgate::cli
