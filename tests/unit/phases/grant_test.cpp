// What the start-up filter grants beyond its profile: exactly three calls, and nothing without the number.
// SPDX-License-Identifier: Apache-2.0
#include "phases/grant.h"

#include <gtest/gtest.h>

#include <sys/mman.h>

#include "arch/calls.h"
#include "policy/builder.h"

namespace callgate::phases {
namespace {

using arch::Arch;

policy::Call call(Arch arch, std::string_view name, const tracee::host::Arguments& arguments) {
  return {arch::info(arch).audit, *arch::number(arch, name), arguments};
}

class GrantTest : public testing::TestWithParam<Arch> {
 protected:
  void SetUp() override {
    if (arch::native() != Arch::x86_64)
      GTEST_SKIP() << "a grant names the calls of x86_64, where alone they are injected";
    auto made = with_grant(policy::Builder(policy::make_errno(1)).finish(), grant_);
    ASSERT_TRUE(made);
    policy_ = *made;
  }
  bool granted(std::string_view name, const tracee::host::Arguments& arguments) const {
    return policy::evaluate(policy_, call(GetParam(), name, arguments)) == policy::kAllow;
  }
  Grant grant_{0x1122334455667788, 2};
  policy::Policy policy_;
};

TEST_P(GrantTest, OnlyExactlyTheCallsOfTheTracer) {
  const std::uint32_t audit = arch::info(GetParam()).audit;
  const std::string_view map = map_call(audit);
  const auto mapping = grant_.map(audit, 4096);
  EXPECT_TRUE(granted(map, mapping));
  EXPECT_TRUE(granted("munmap", grant_.unmap(audit, 0x7000, 4096)));
  EXPECT_TRUE(granted("seccomp", grant_.load(audit, 0x7000)));
  // Every fixed argument, changed in one bit; the length and the addresses are free.
  for (std::size_t i = 0; i < mapping.size(); ++i) {
    auto other = mapping;
    other[i] ^= 4;
    EXPECT_EQ(granted(map, other), i == 1) << i;
  }
  for (const std::size_t i : {0U, 1U, 3U}) {
    auto other = grant_.load(audit, 0x7000);
    other[i] ^= 4;
    EXPECT_FALSE(granted("seccomp", other)) << i;
  }
  auto executable = mapping;
  executable[2] |= PROT_EXEC;
  EXPECT_FALSE(granted(map, executable));
  EXPECT_FALSE(granted("munmap", {0x7000, 4096}));
  EXPECT_FALSE(granted("read", {0}));
}

TEST_P(GrantTest, ADifferentNumberIsRefused) {
  const std::uint32_t audit = arch::info(GetParam()).audit;
  for (int bit = 0; bit < 64; ++bit) {
    Grant other = grant_;
    other.secret ^= std::uint64_t{1} << bit;
    EXPECT_FALSE(granted(map_call(audit), other.map(audit, 4096))) << bit;
    EXPECT_FALSE(granted("munmap", other.unmap(audit, 0, 4096))) << bit;
    EXPECT_FALSE(granted("seccomp", other.load(audit, 0))) << bit;
  }
}

INSTANTIATE_TEST_SUITE_P(Grants, GrantTest, testing::Values(Arch::x86_64, Arch::x86));

TEST(Grants, NumbersDiffer) {
  EXPECT_NE(random_grant(0)->secret, random_grant(0)->secret);
}

}  // namespace
}  // namespace callgate::phases
