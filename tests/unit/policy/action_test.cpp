// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "policy/policy.h"

namespace callgate::policy {
namespace {

struct Row {
  Action action;
  std::string_view text;
  std::uint32_t value;
};
constexpr Row kRows[] = {
    {kAllow, "ALLOW", 0x7fff0000},
    {kKillProcess, "KILL_PROCESS", 0x80000000},
    {kKillThread, "KILL_THREAD", 0},
    {make_errno(38), "ERRNO(38)", 0x00050026},
    {make_errno(0), "ERRNO(0)", 0x00050000},
    {make_errno(4095), "ERRNO(4095)", 0x00050fff},
    {{ActionKind::trap, 0}, "TRAP", 0x00030000},
    {{ActionKind::trap, 7}, "TRAP(7)", 0x00030007},
    {{ActionKind::trace, 0}, "TRACE(0)", 0x7ff00000},
    {{ActionKind::trace, 65535}, "TRACE(65535)", 0x7ff0ffff},
    {{ActionKind::log, 0}, "LOG", 0x7ffc0000},
    {{ActionKind::notify, 0}, "NOTIFY", 0x7fc00000},
};

TEST(Action, TextAndReturnValuesRoundTrip) {
  for (const Row& row : kRows) {
    EXPECT_EQ(to_string(row.action), row.text);
    EXPECT_EQ(parse_action(row.text), row.action) << row.text;
    EXPECT_EQ(to_return_value(row.action), row.value) << row.text;
    EXPECT_EQ(from_return_value(row.value), row.action) << row.text;
  }
}

TEST(Action, RefusesTextThatIsNoAction) {
  for (const char* text : {"", "allow", "ALLOW(1)", "ERRNO", "ERRNO()", "ERRNO(4096)", "ERRNO(-1)", "ERRNO(1",
                           "ERRNO(1)x", "TRACE", "KILL", "LOG(0)"})
    EXPECT_FALSE(parse_action(text).has_value()) << text;
}

TEST(Action, ReadsReturnValuesAsTheKernelDoes) {
  EXPECT_EQ(from_return_value(0x7fff0001), kAllow);            // data of ALLOW means nothing
  EXPECT_EQ(from_return_value(0x0005ffff), make_errno(4095));  // MAX_ERRNO
  EXPECT_EQ(from_return_value(0x12340000), kKillProcess);      // unknown action
  EXPECT_EQ(from_return_value(0x00000005), kKillThread);
}

TEST(Action, OrderIsTheKernelsPrecedence) {
  const auto signed_action = [](const Row& r) { return static_cast<std::int32_t>(r.value & 0xffff0000U); };
  for (const Row& a : kRows)
    for (const Row& b : kRows) {
      if (a.action.kind == b.action.kind) continue;
      EXPECT_EQ(a.action.kind < b.action.kind, signed_action(a) < signed_action(b)) << a.text << ' ' << b.text;
    }
}

}  // namespace
}  // namespace callgate::policy
