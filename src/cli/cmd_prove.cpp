// callgate prove
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/pair.h"
#include "prove/prove.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

prove::Outcome compare_policies(const policy::Policy& a, const policy::Policy& b) {
  prove::Outcome outcome;
  outcome.verdict = prove::Verdict::equal;
  if (const auto call = policy::first_difference(a, b)) {
    outcome.verdict = prove::Verdict::different;
    outcome.counterexample = prove::Counterexample{*call, 0, policy::evaluate(a, *call), policy::evaluate(b, *call)};
  }
  return outcome;
}

prove::Outcome compare(const Subject& a, const Subject& b) {
  if (a.is_policy && b.is_policy) return compare_policies(a.profile.policy, b.profile.policy);
  if (!a.is_policy && !b.is_policy) return prove::prove(a.stack, b.stack);
  if (a.is_policy) return prove::prove(a.profile.policy, b.stack);
  prove::Outcome outcome = prove::prove(b.profile.policy, a.stack);
  if (outcome.counterexample) std::swap(outcome.counterexample->left, outcome.counterexample->right);
  return outcome;
}

void print_json(Session& session, const Subject& a, const Subject& b, const prove::Outcome& outcome) {
  auto json = session.begin_json();
  json.member("a", a.name).member("b", b.name);
  json.member("holds", outcome.verdict == prove::Verdict::equal);
  json.member("verdict", outcome.verdict == prove::Verdict::equal       ? "equal"
                         : outcome.verdict == prove::Verdict::different ? "different"
                                                                        : "undecided");
  json.key("witness");
  if (outcome.counterexample)
    witness_json(json, outcome.counterexample->call, outcome.counterexample->left, outcome.counterexample->right);
  else
    json.null();
  if (outcome.counterexample) json.member("instruction_pointer", outcome.counterexample->instruction_pointer);
  if (outcome.verdict == prove::Verdict::undecided) json.member("why", outcome.why);
  session.print(json);
}

std::string text(const Subject& a, const Subject& b, const prove::Outcome& outcome) {
  if (outcome.verdict == prove::Verdict::equal) return "equal: they answer alike on every call\n";
  if (outcome.verdict == prove::Verdict::undecided) return fmt::format("undecided: {}\n", outcome.why);
  const prove::Counterexample& found = *outcome.counterexample;
  std::string out = fmt::format("different: on {} {}\n", syntax::describe_arch(found.call.audit, found.call.nr),
                                syntax::describe_call(found.call));
  if (found.instruction_pointer != 0) out += fmt::format("  made from address {:#x}\n", found.instruction_pointer);
  out += fmt::format("  {} answers {}\n  {} answers {}\n", a.name, policy::to_string(found.left), b.name,
                     policy::to_string(found.right));
  return out;
}

}  // namespace

int prove_command(Session& session) {
  const auto options = read_options(session);
  if (!options) return kUsage;
  int status = kYes;
  const auto a = load(session, session.arguments().operands[0], *options, status);
  if (!a) return status;
  const auto b = load(session, session.arguments().operands[1], *options, status);
  if (!b) return status;
  const prove::Outcome outcome = compare(*a, *b);
  if (session.json())
    print_json(session, *a, *b, outcome);
  else
    session.print(text(*a, *b, outcome));
  if (outcome.verdict == prove::Verdict::equal) return kYes;
  return outcome.verdict == prove::Verdict::different ? kNo : kCannot;
}

}  // namespace callgate::cli
