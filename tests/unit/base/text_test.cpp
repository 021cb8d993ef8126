// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <gtest/gtest.h>

namespace callgate::base {
namespace {

TEST(ParseU64, TakesThreeRadixesAndNothingElse) {
  EXPECT_EQ(parse_u64("0"), 0U);
  EXPECT_EQ(parse_u64("18446744073709551615"), ~std::uint64_t{0});
  EXPECT_EQ(parse_u64("0xFFFFFFFFFFFFFFFF"), ~std::uint64_t{0});
  EXPECT_EQ(parse_u64("0755"), 493U);
  for (const char* bad : {"", "-1", "+1", "1 ", "0x", "18446744073709551616", "08", "1e3", "0x1g", "one"})
    EXPECT_FALSE(parse_u64(bad).has_value()) << bad;
}

TEST(Closest, SuggestsNearNamesOnly) {
  constexpr std::string_view kNames[] = {"open", "openat", "openat2", "close", "read"};
  EXPECT_EQ(closest("opnat", kNames), "openat");
  EXPECT_EQ(closest("raed", kNames), "read");
  EXPECT_EQ(closest("opennat2", kNames), "openat2");
  EXPECT_EQ(closest("zzzzzz", kNames), std::nullopt);
  EXPECT_EQ(closest("x", kNames), std::nullopt);
  EXPECT_EQ(closest(std::string(1000, 'a'), kNames), std::nullopt);
}

TEST(Printable, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(printable("a\033[1mb"), "a\\x1b[1mb");
  EXPECT_EQ(printable("ä\xff\xc2\x9b!"), "ä\\xff\\xc2\\x9b!");
  EXPECT_EQ(printable("abcdef", 3), "abc…");
  EXPECT_EQ(printable("abc", 3), "abc");
}

TEST(TextHelpers, SplitTrimAndCase) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_TRUE(equals_ignore_case("DefaultAction", "defaultaction"));
  EXPECT_FALSE(equals_ignore_case("a", "ab"));
  EXPECT_EQ(to_lower("AbÄ"), "abÄ");
}

}  // namespace
}  // namespace callgate::base
