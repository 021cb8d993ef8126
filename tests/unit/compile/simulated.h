// Runs compiled filters beside the oracle.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bpf/check.h"
#include "bpf/simulate.h"
#include "compile/compile.h"
#include "policy/policy.h"

namespace callgate::compile {

inline bpf::SeccompData data_of(const policy::Call& call) {
  bpf::SeccompData data;
  data.nr = call.nr;
  data.arch = call.audit;
  data.args = call.args;
  return data;
}

inline std::string describe(const policy::Call& call) {
  return fmt::format("token {:#x} number {} args {:#x}", call.audit, call.nr, fmt::join(call.args, " "));
}

// The filter of `policy`, or an empty program with a test failure.
inline bpf::Program compiled(const policy::Policy& policy, const Options& options = {}) {
  auto result = compile(policy, options);
  if (!result) {
    ADD_FAILURE() << result.error().message;
    return {};
  }
  EXPECT_FALSE(bpf::check(result->program)) << bpf::check(result->program)->message;
  return result->program;
}

// Runs the calls through filter and oracle; `covered` collects the instructions reached.
inline ::testing::AssertionResult agrees(const policy::Policy& policy, const bpf::Program& program,
                                         const std::vector<policy::Call>& calls, std::vector<bool>& covered) {
  covered.resize(program.size());
  for (const policy::Call& call : calls) {
    const std::uint32_t expected = policy::to_return_value(policy::evaluate(policy, call));
    const std::uint32_t value = bpf::run(program, data_of(call), covered).value;
    if (value != expected)
      return ::testing::AssertionFailure() << describe(call) << ": filter " << value << ", policy " << expected;
  }
  return ::testing::AssertionSuccess();
}

inline ::testing::AssertionResult agrees(const policy::Policy& policy, const bpf::Program& program) {
  std::vector<bool> covered;
  return agrees(policy, program, policy::interesting_calls(policy), covered);
}

}  // namespace callgate::compile
