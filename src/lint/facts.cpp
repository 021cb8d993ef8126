// SPDX-License-Identifier: Apache-2.0
#include "lint/facts.h"

#include <array>
#include <vector>

namespace callgate::lint {

namespace {

struct Part {
  std::size_t first, count;
};
struct RiskRow {
  std::string_view rule;
  Level level;
  std::string_view capability;
  bool in_user_namespace;
  std::string_view title, why, fix;
  Part calls, cves;
};

#include "lint/facts.inc"

}  // namespace

std::span<const Risk> risks() {
  static const std::vector<Risk> all = [] {
    std::vector<Risk> out;
    out.reserve(kRiskRows.size());
    for (const RiskRow& row : kRiskRows)
      out.push_back({row.rule, row.level, row.capability, row.in_user_namespace, row.title, row.why, row.fix,
                     std::span(kRiskCalls).subspan(row.calls.first, row.calls.count),
                     std::span(kCves).subspan(row.cves.first, row.cves.count)});
    return out;
  }();
  return all;
}

std::span<const Need> needs() {
  return kNeeds;
}

std::span<const Twin> twins() {
  return kTwins;
}

std::span<const Fallback> fallbacks() {
  return kFallbacks;
}

}  // namespace callgate::lint
