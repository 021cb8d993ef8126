// Expectations held against a policy, exactly: a pattern is put in front of the call's own decision as a clause with
// the answer expected; where the two differ, the expectation fails, and the least such call is the witness.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "expect/diagnostic_ids.h"
#include "expect/expect.h"
#include "policy/algebra.h"
#include "syntax/pattern.h"
#include "syntax/words.h"

namespace callgate::expect {

namespace {

// The policy that answers every call by that decision.
policy::Policy everywhere(policy::Decision decision) {
  return {{}, {{0, 0xffffffffU, 0}}, {std::move(decision)}};
}

std::string place(const policy::Call& call) {
  return fmt::format("{}: {}", syntax::describe_arch(call.audit, call.nr), syntax::describe_call(call));
}

class Runner {
 public:
  Runner(const Test& test, const policy::Policy& policy, const std::vector<arch::Arch>& archs,
         base::Diagnostics& diagnostics)
      : test_(test), policy_(policy), archs_(archs), diagnostics_(diagnostics) {}

  // Nothing if the call cannot be read (diagnosed).
  std::optional<Result> about_call(const Expectation& expectation) {
    Result result{&expectation, true, {}, std::nullopt};
    std::optional<syntax::PatternError> error;
    bool any = false;
    for (const arch::Arch arch : archs_) {
      const auto pattern = syntax::parse_pattern(arch, expectation.subject);
      if (!pattern) {
        error = pattern.error();
        continue;
      }
      any = true;
      if (result.holds) check(*pattern, result);
    }
    if (any) return result;
    if (error) {
      base::Span span = expectation.span;
      // The bytes of a plain scalar are those of its text.
      if (span.text() == expectation.subject) {
        span.end = span.begin + static_cast<std::uint32_t>(error->end);
        span.begin += static_cast<std::uint32_t>(error->begin);
      }
      diagnostics_.add(kBadPattern, span, error->message, error->help);
    }
    return std::nullopt;
  }

  Result about_profile(const Expectation& expectation, const policy::Policy& other) const {
    Result result{&expectation, true, {}, std::nullopt};
    if (expectation.kind == Kind::equal) {
      result.witness = policy::first_difference(policy_, other);
    } else if (expectation.kind == Kind::subset_of) {
      result.witness = policy::first_excess(policy_, other);
    } else {
      result.witness = policy::first_excess(other, policy_);
    }
    if (!result.witness) return result;
    result.holds = false;
    result.message = fmt::format("{} answers {}, {} answers {} on {}", test_.profile.text,
                                 policy::to_string(policy::evaluate(policy_, *result.witness)), expectation.subject,
                                 policy::to_string(policy::evaluate(other, *result.witness)), place(*result.witness));
    return result;
  }

 private:
  void check(const syntax::CallPattern& pattern, Result& result) const {
    const Expectation& expectation = *result.expectation;
    const auto& runs = policy_.runs_for(pattern.audit);
    policy::Decision is = policy_.decisions[runs[policy::Policy::find_run(runs, pattern.nr)].decision];
    policy::Action wanted = expectation.action;
    if (expectation.kind == Kind::refusal) {  // all refusals count as one
      wanted = policy::kKillProcess;
      const auto map = [](policy::Action& action) {
        if (!policy::grants(action)) action = policy::kKillProcess;
      };
      map(is.otherwise);
      for (policy::Clause& clause : is.clauses) map(clause.action);
    }
    policy::Decision wants = is;
    if (pattern.conditions.empty())
      wants = {{}, wanted};
    else
      wants.clauses.insert(wants.clauses.begin(), {conditions(pattern, wanted), wanted});
    const auto differing = policy::first_difference(everywhere(std::move(is)), everywhere(std::move(wants)));
    if (!differing) return;
    result.holds = false;
    result.witness = {pattern.audit, pattern.nr, differing->args};
    result.message = fmt::format("expected {}, got {} on {}",
                                 expectation.kind == Kind::refusal ? "a refusal" : policy::to_string(wanted),
                                 policy::to_string(policy::evaluate(policy_, *result.witness)), place(*result.witness));
  }

  // For a denial, where asked for, a 32-bit argument has its value whatever stands in the register's upper half.
  std::vector<policy::Condition> conditions(const syntax::CallPattern& pattern, policy::Action wanted) const {
    auto out = pattern.conditions;
    if (!test_.any_upper_half || policy::grants(wanted)) return out;
    for (policy::Condition& condition : out) {
      const auto known = syntax::argument(pattern.audit, pattern.nr, condition.arg);
      if (condition.op == policy::Op::eq && known && known->width_bits <= 32)
        condition = {condition.arg, policy::Op::masked_eq, condition.value & 0xffffffffU, 0xffffffffU};
    }
    return out;
  }

  const Test& test_;
  const policy::Policy& policy_;
  const std::vector<arch::Arch>& archs_;
  base::Diagnostics& diagnostics_;
};

}  // namespace

std::vector<Result> run(const Test& test, const policy::Policy& policy, const std::vector<arch::Arch>& archs,
                        const Load& load, base::Diagnostics& failures, base::Diagnostics& diagnostics) {
  Runner runner(test, policy, archs, diagnostics);
  std::vector<Result> results;
  for (const Expectation& expectation : test.expectations) {
    std::optional<Result> result;
    if (expectation.kind == Kind::action || expectation.kind == Kind::refusal) {
      result = runner.about_call(expectation);
    } else if (const auto other = load(expectation)) {
      result = runner.about_profile(expectation, *other);
    }
    if (!result) continue;
    if (!result->holds) failures.add(kFailed, expectation.span, result->message, "in: " + expectation.text);
    results.push_back(std::move(*result));
  }
  return results;
}

}  // namespace callgate::expect
