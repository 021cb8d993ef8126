// SPDX-License-Identifier: Apache-2.0
#include "phases/switch_point.h"

#include <gtest/gtest.h>

#include "arch/calls.h"

namespace callgate::phases {
namespace {

TEST(SwitchPoint, IsReadByNameOrAsATime) {
  EXPECT_EQ(parse_switch_point("accept", "serving")->point, Point::accept);
  EXPECT_EQ(parse_switch_point("marker", "serving")->marker, "/callgate:serving");
  EXPECT_EQ(parse_switch_point("500ms", "b")->milliseconds, 500U);
  EXPECT_EQ(parse_switch_point("2m", "b")->milliseconds, 120000U);
  EXPECT_EQ(parse_switch_point("5s", "b")->point, Point::time);
  for (const char* wrong : {"", "5", "s", "5h", "-1s", "1.5s", "bind", "99999999999s"})
    EXPECT_FALSE(parse_switch_point(wrong, "b")) << wrong;
}

bpf::SeccompData call(arch::Arch arch, std::string_view name, std::uint64_t first = 0) {
  return {*arch::number(arch, name), arch::info(arch).audit, 0, {first}};
}

TEST(SwitchPoint, CallsMeanTheSameOnEveryArchitecture) {
  using arch::Arch;
  for (const Arch each : {Arch::x86_64, Arch::x86, Arch::aarch64}) {
    EXPECT_EQ(meaning_of(call(each, "listen")), Meaning::listen);
    EXPECT_EQ(meaning_of(call(each, "accept4")), Meaning::accept);
    EXPECT_EQ(meaning_of(call(each, "ppoll")), Meaning::wait);
    EXPECT_EQ(meaning_of(call(each, "faccessat")), Meaning::question);
    EXPECT_EQ(meaning_of(call(each, "bind")), Meaning::nothing);
    EXPECT_EQ(path_argument(call(each, "faccessat")), 1U);
  }
  EXPECT_EQ(path_argument(call(Arch::x86, "access")), 0U);
  EXPECT_EQ(meaning_of(call(Arch::x86, "socketcall", 4)), Meaning::listen);
  EXPECT_EQ(meaning_of(call(Arch::x86, "socketcall", 18)), Meaning::accept);
  EXPECT_EQ(meaning_of(call(Arch::x86, "socketcall", 1)), Meaning::nothing);
}

}  // namespace
}  // namespace callgate::phases
