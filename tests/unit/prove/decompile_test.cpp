// Programs of several compilers, and by hand, as policies: equal to what was compiled, or at least to the program.
// SPDX-License-Identifier: Apache-2.0
#include "prove/decompile.h"

#include <gtest/gtest.h>

#include "compile/compile.h"
#include "support/naive_compiler.h"
#include "unit/prove/random_programs.h"

namespace callgate::prove {
namespace {

using policy::Policy;
using test_support::random_policy;

// Two compilers' programs of one policy: each one's policy is proved equal to the other's program.
TEST(Decompile, CompiledRandomPoliciesComeBackEqual) {
  unsigned done = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const Policy policy = random_policy(seed);
    const auto compiled = compile::compile(policy);
    const auto naive = test_support::compile_naively(policy);
    if (!compiled || !naive) continue;
    ++done;
    const auto one = decompile(compiled->program), other = decompile(*naive);
    ASSERT_TRUE(one) << one.error().message;
    ASSERT_TRUE(other) << other.error().message;
    EXPECT_EQ(prove(*one, *naive).verdict, Verdict::equal);
    EXPECT_EQ(prove(*other, compiled->program).verdict, Verdict::equal);
    for (const policy::Call& call : test_support::random_calls(policy, seed, 300))
      ASSERT_EQ(evaluate(*one, call), evaluate(policy, call));
  }
  EXPECT_GT(done, 40U);
}

}  // namespace
}  // namespace callgate::prove
