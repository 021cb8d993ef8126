// SPDX-License-Identifier: Apache-2.0
#include "record/tracing_filter.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "bpf/simulate.h"

namespace callgate::record {
namespace {

constexpr arch::AuditArch kNative = 0xc000003e, kCompat = 0x40000003;

TEST(TracingFilter, AllowsWhatIsKnownAndTracesTheRest) {
  std::vector<std::pair<arch::AuditArch, arch::SyscallNr>> known;
  for (arch::SyscallNr nr = 0; nr < 470; nr += 3) known.emplace_back(kNative, nr);
  for (arch::SyscallNr nr = 1; nr < 470; nr += 5) known.emplace_back(kCompat, nr);
  const bpf::Program filter = tracing_filter(known);
  for (const arch::AuditArch audit : {kNative, kCompat, 0xc00000b7U})
    for (arch::SyscallNr nr = 0; nr < 600; ++nr) {
      const bool in = std::ranges::find(known, std::pair(audit, nr)) != known.end();
      EXPECT_EQ(bpf::run(filter, {nr, audit, 0, {}}).value, in ? bpf::kRetAllow : bpf::kRetTrace) << audit << ' ' << nr;
    }
  EXPECT_EQ(bpf::run(filter, {0x40000000, kNative, 0, {}}).value, bpf::kRetTrace);
}

TEST(TracingFilter, WithoutKnownCallsTracesAll) {
  EXPECT_EQ(tracing_filter({}).size(), 1U);
  EXPECT_EQ(bpf::run(tracing_filter({}), {1, kNative, 0, {}}).value, bpf::kRetTrace);
}

}  // namespace
}  // namespace callgate::record
