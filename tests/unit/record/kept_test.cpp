// SPDX-License-Identifier: Apache-2.0
#include "record/kept.h"

#include <gtest/gtest.h>

#include "bpf/recorder.h"

namespace callgate::record {
namespace {

using arch::Arch;

std::uint32_t kept(std::string_view name, Arch arch = Arch::x86_64) {
  return kept_arguments(arch, arch::number(arch, name).value());
}
unsigned how(std::uint32_t kept, unsigned place) {
  return kept >> (2 * place) & 3;
}
bool narrow(std::uint32_t kept, unsigned place) {
  return (kept >> (RECORDER_NARROW_SHIFT + place) & 1) != 0;
}

TEST(Kept, ArgumentsWithNamedConstants) {
  const auto socket = kept("socket");
  EXPECT_EQ(how(socket, 0), RECORDER_KEEP_VALUES);
  EXPECT_TRUE(narrow(socket, 0));
  for (unsigned place = 3; place < 6; ++place) EXPECT_EQ(how(socket, place), 0U) << "registers that are no arguments";
  const auto openat = kept("openat");
  EXPECT_EQ(how(openat, 0), 0U) << "a descriptor";
  EXPECT_EQ(how(openat, 1), 0U) << "a pointer";
  EXPECT_EQ(how(openat, 2), RECORDER_KEEP_VALUES | RECORDER_KEEP_MASKS);
  EXPECT_EQ(how(openat, 3), 0U) << "a mode";
  const auto ioctl = kept("ioctl");
  EXPECT_EQ(how(ioctl, 1), RECORDER_KEEP_VALUES);
  EXPECT_EQ(kept("getpid"), 0U);
}

TEST(Kept, WideArgumentsStayWide) {
  EXPECT_FALSE(narrow(kept("mmap"), 2));
  EXPECT_NE(how(kept("mmap"), 2), 0U);
  EXPECT_TRUE(narrow(kept("clone"), 0)) << "of a long the kernel looks at half";
}

TEST(Kept, ServingBeginsWithListenAndAccept) {
  for (const Arch arch : {Arch::x86_64, Arch::x86}) {
    EXPECT_EQ(kept("listen", arch) & RECORDER_COMES, RECORDER_LISTENS);
    EXPECT_EQ(kept("accept4", arch) & RECORDER_COMES, RECORDER_ACCEPTS);
    EXPECT_EQ(kept("epoll_wait", arch) & RECORDER_COMES, RECORDER_WAITS);
  }
  EXPECT_EQ(kept("accept") & RECORDER_COMES, RECORDER_ACCEPTS);
  EXPECT_EQ(kept("ppoll_time64", Arch::x86) & RECORDER_COMES, RECORDER_WAITS);
  EXPECT_EQ(kept("connect") & RECORDER_COMES, 0U);
}

TEST(Kept, OtherCallsOfI386OfTheSameName) {
  EXPECT_NE(how(kept("mmap"), 2), 0U);
  EXPECT_EQ(kept("mmap", Arch::x86), 0U) << "its one argument points to six";
  EXPECT_EQ(how(kept("socket", Arch::x86), 0), RECORDER_KEEP_VALUES);
}

TEST(Kept, NumbersWithoutACall) {
  EXPECT_EQ(kept_arguments(Arch::x86_64, 400), 0U);
  EXPECT_EQ(kept_arguments(Arch::x86, 511), 0U);
}

}  // namespace
}  // namespace callgate::record
