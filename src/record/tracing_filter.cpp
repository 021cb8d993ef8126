// SPDX-License-Identifier: Apache-2.0
#include "record/tracing_filter.h"

#include <algorithm>
#include <map>
#include <vector>

namespace callgate::record {

bpf::Program tracing_filter(std::span<const std::pair<arch::AuditArch, arch::SyscallNr>> known) {
  using namespace bpf;
  std::map<arch::AuditArch, std::vector<arch::SyscallNr>> by_arch;
  for (const auto& [audit, nr] : known) by_arch[audit].push_back(nr);
  Program out;
  for (auto& [audit, numbers] : by_arch) {
    constexpr std::size_t kMost = 500;  // of one architecture; more than any has
    numbers.resize(std::min(numbers.size(), kMost));
    // if arch == audit: one pair of instructions a number, so that no jump is far but the one over all of them.
    const auto size = static_cast<std::uint32_t>(2 * numbers.size() + 1);
    out.push_back({op::kLdAbs, 0, 0, kOffsetArch});
    out.push_back({op::kJeqK, 1, 0, audit});
    out.push_back({op::kJa, 0, 0, size});
    out.push_back({op::kLdAbs, 0, 0, kOffsetNr});
    for (const arch::SyscallNr nr : numbers) {
      out.push_back({op::kJeqK, 0, 1, nr});
      out.push_back({op::kRetK, 0, 0, kRetAllow});
    }
  }
  out.push_back({op::kRetK, 0, 0, kRetTrace});
  return out;
}

}  // namespace callgate::record
