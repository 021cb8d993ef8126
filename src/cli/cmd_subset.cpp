// callgate subset
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/pair.h"
#include "policy/algebra.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

int subset_command(Session& session) {
  int status = kYes;
  const auto pair = load_pair(session, status);
  if (!pair) return status;
  const auto witness = policy::first_excess(pair->policy_a, pair->policy_b);
  const auto answer = [&](const policy::Policy& policy) { return policy::evaluate(policy, *witness); };
  if (session.json()) {
    auto json = session.begin_json();
    pair->to_json(json);
    json.member("holds", !witness.has_value()).key("witness");
    if (witness)
      witness_json(json, *witness, answer(pair->policy_a), answer(pair->policy_b));
    else
      json.null();
    session.print(json);
  } else if (!witness) {
    session.print(fmt::format("subset: {} grants every call that {} grants\n", pair->b.name, pair->a.name));
  } else {
    session.print(fmt::format("no subset: on {} {}\n  {} answers {}\n  {} answers {}\n",
                              syntax::describe_arch(witness->audit, witness->nr), syntax::describe_call(*witness),
                              pair->a.name, policy::to_string(answer(pair->policy_a)), pair->b.name,
                              policy::to_string(answer(pair->policy_b))));
  }
  return witness ? kNo : kYes;
}

constexpr std::array<Operand, 2> kOperands{{{"A", kProfileHelp}, {"B", kProfileHelp}}};
constexpr auto kOptions = kOtherEngine + kReading + kByteOrder + kFormat;
constexpr std::array<Example, 3> kExamples{{
    {"callgate subset filter.bpf docker-default", "Does the filter grant nothing that Docker's default refuses?", 1},
    {"callgate subset docker-default profile.json", "On which call does the profile grant less?", 1},
    {"callgate subset profile.json profile.json --b-as crun", "Does crun grant all that Docker grants?"},
}};

}  // namespace

const Command kSubsetCommand{
    "subset",
    "tell whether one profile or filter grants nothing beyond another",
    "A is a subset of B if B lets every call through that A lets through, on every architecture, number and argument. "
    "LOG and ALLOW let a call through; TRACE and NOTIFY leave it to a tracer or supervisor, which is less than that "
    "and more than a refusal. If it is none, prints the least call on which A grants more.",
    kOperands,
    kOptions,
    kExamples,
    "0 subset; 1 none, with a witness",
    false,
    subset_command};

}  // namespace callgate::cli
