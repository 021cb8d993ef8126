// SPDX-License-Identifier: Apache-2.0
#include "cli/prepare.h"

#include <fmt/format.h>

#include "cli/diagnostic_ids.h"
#include "prove/prove.h"
#include "syntax/words.h"

namespace callgate::cli {

std::optional<std::uint64_t> prove_equal(Session& session, const policy::Policy& policy, const bpf::Program& program,
                                         int& status) {
  const prove::Outcome outcome = prove::prove(policy, program);
  if (outcome.verdict == prove::Verdict::equal) return outcome.paths;
  std::string message = "the filter could not be proved equal to the profile: " + outcome.why;
  if (outcome.counterexample)
    message =
        fmt::format("the filter differs from the profile: {} {}: {}, not {}",
                    syntax::describe_arch(outcome.counterexample->call.audit, outcome.counterexample->call.nr),
                    syntax::describe_call(outcome.counterexample->call),
                    policy::to_string(outcome.counterexample->right), policy::to_string(outcome.counterexample->left));
  session.diagnostics().add(kNotProved, {}, std::move(message), "this is a defect of callgate");
  status = kOwnDefect;
  return std::nullopt;
}

std::optional<Prepared> compile_and_prove(Session& session, const policy::Policy& policy,
                                          const compile::Options& options, int& status, Phases* phases) {
  const auto now = [&] { return static_cast<double>(session.env().clock_ns()) / 1000.0; };
  const double start = now();
  auto compiled = compile::compile(policy, options);
  const double middle = now();
  if (!compiled) {
    status = session.fail(compiled.error());
    return std::nullopt;
  }
  const auto paths = prove_equal(session, policy, compiled->program, status);
  if (phases != nullptr) {
    phases->compile = middle - start;
    phases->prove = now() - middle;
  }
  if (!paths) return std::nullopt;
  return Prepared{std::move(compiled->program), *paths};
}

}  // namespace callgate::cli
