// SPDX-License-Identifier: Apache-2.0
#include "policy/effort.h"

#include <utility>

namespace callgate::policy {

namespace {

constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};
thread_local std::uint64_t left = kUnlimited;

}  // namespace

EffortLimit::EffortLimit(std::uint64_t steps) : outer_(std::exchange(left, steps)) {}

EffortLimit::~EffortLimit() {
  left = outer_;
}

void spend(std::uint64_t steps) {
  if (left == kUnlimited) return;
  if (steps > left) throw TooHard();
  left -= steps;
}

}  // namespace callgate::policy
