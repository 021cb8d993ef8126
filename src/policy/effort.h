// Exact answers about argument rules are as hard as satisfiability: a profile can be written whose comparison would
// outlast us. So the steps that a thread spends on them are counted, and where a limit was set they end with TooHard.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <exception>

namespace callgate::policy {

// Thrown where the limit is passed: the answer is not known, and nothing may be taken for it.
class TooHard : public std::exception {
 public:
  const char* what() const noexcept override { return "argument rules beyond exact comparison"; }
};

// While it lives, the calling thread's comparisons may spend `steps` (a few nanoseconds each) in all; without one there
// is no limit. Limits nest: the inner one counts alone.
class EffortLimit {
 public:
  explicit EffortLimit(std::uint64_t steps);
  ~EffortLimit();
  EffortLimit(const EffortLimit&) = delete;
  EffortLimit& operator=(const EffortLimit&) = delete;

 private:
  std::uint64_t outer_;
};

// What a command spends on one question at most: some seconds. Docker's default profile is linted with 200,000 steps.
inline constexpr std::uint64_t kPatience = 1'000'000'000;

// Throws TooHard once the limit is passed.
void spend(std::uint64_t steps);

}  // namespace callgate::policy
