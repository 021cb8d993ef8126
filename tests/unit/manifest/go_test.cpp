// Go's words for texts that are no JSON, and its quotes.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "manifest/go_json.h"
#include "manifest/go_text.h"

namespace callgate::manifest {
namespace {

struct Row {
  std::string_view text, says;
};

TEST(GoJsonTest, CompactsOrSaysWhatIsWrong) {
  // Each as encoding/json answers it; what it takes begins with '=' here.
  const Row rows[] = {
      {"{}", "={}"},
      {" { \"a\" : [ 1 , 2.5e+3 , true ] } \n", R"(={"a":[1,2.5e+3,true]})"},
      {"{\"a\":\"b c\\u00e9\\n\"}", R"(={"a":"b c\u00e9\n"})"},
      {"-0", "=-0"},
      {"1e5 ", "=1e5"},
      {"null", "=null"},
      {"[1]", "=[1]"},
      {"\"\xff\"", "=\"\xff\""},
      {"", "unexpected end of JSON input"},
      {" ", "unexpected end of JSON input"},
      {"{", "unexpected end of JSON input"},
      {"[1,", "unexpected end of JSON input"},
      {"\"abc", "unexpected end of JSON input"},
      {"\"ab\\", "invalid character ' ' in string escape code"},
      {"\"\\u12", "invalid character ' ' in \\u hexadecimal character escape"},
      {"tru", "invalid character ' ' in literal true (expecting 'e')"},
      {"-", "invalid character ' ' in numeric literal"},
      {"1.", "invalid character ' ' after decimal point in numeric literal"},
      {"1e", "invalid character ' ' in exponent of numeric literal"},
      {"\xef\xbb\xbf{}", "invalid character 'ï' looking for beginning of value"},
      {"// x", "invalid character '/' looking for beginning of value"},
      {"'a'", "invalid character '\\'' looking for beginning of value"},
      {"{'a':1}", "invalid character '\\'' looking for beginning of object key string"},
      {"{\"a\" 1}", "invalid character '1' after object key"},
      {"{\"a\":1 \"b\"", "invalid character '\"' after object key:value pair"},
      {"{\"a\":1,}", "invalid character '}' looking for beginning of object key string"},
      {"[1,]", "invalid character ']' looking for beginning of value"},
      {"[1 2]", "invalid character '2' after array element"},
      {"{} {}", "invalid character '{' after top-level value"},
      {"01", "invalid character '1' after top-level value"},
      {"1.x", "invalid character 'x' after decimal point in numeric literal"},
      {"-x", "invalid character 'x' in numeric literal"},
      {"nul1", "invalid character '1' in literal null (expecting 'l')"},
      {"False", "invalid character 'F' looking for beginning of value"},
      {"\"a\nb\"", "invalid character '\\n' in string literal"},
      {std::string_view("\"\0\"", 3), "invalid character '\\x00' in string literal"},
      {"\"\\q\"", "invalid character 'q' in string escape code"},
      {"\"\\uXY\"", "invalid character 'X' in \\u hexadecimal character escape"},
      {"\xa0", "invalid character '\\u00a0' looking for beginning of value"},
      {"\x7f", "invalid character '\\x7f' looking for beginning of value"},
      {"\\", "invalid character '\\\\' looking for beginning of value"},
  };
  for (const Row& row : rows) {
    const auto got = go_compact(row.text);
    EXPECT_EQ(got ? "=" + *got : got.error().message, row.says) << row.text;
  }
}

TEST(GoJsonTest, DepthHasALimit) {
  EXPECT_TRUE(go_compact(std::string(10'000, '[') + std::string(10'000, ']')));
  const auto got = go_compact(std::string(10'001, '['));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().message, "invalid character '[' exceeded max depth");
  EXPECT_EQ(got.error().offset, 10'000U);
}

TEST(GoTextTest, Quotes) {
  EXPECT_EQ(go_quote("a\"b\\c'"), R"("a\"b\\c'")");
  EXPECT_EQ(go_quote("a\t\n\x01\x7f"), R"("a\t\n\x01\x7f")");
  EXPECT_EQ(go_quote("é世\U0001F600"), "\"é世\U0001F600\"");
  EXPECT_EQ(go_quote("\xff\xc3"), R"("\xff\xc3")");
  EXPECT_EQ(go_quote("\u200b\ufeff\u00a0"), R"("\u200b\ufeff\u00a0")");
  EXPECT_EQ(go_quote("a'", '\''), R"('a\'')");
}

TEST(GoTextTest, QuotesAsJson) {
  EXPECT_EQ(go_json_quote("a b"), R"("a b")");
  EXPECT_EQ(go_json_quote("\"\\\b\t\n\v\f\r\x7f"), "\"\\\"\\\\\\b\\t\\n\\u000b\\f\\r\x7f\"");
  EXPECT_EQ(go_json_quote("<&>"), R"("\u003c\u0026\u003e")");
  EXPECT_EQ(go_json_quote("\xff\u2028é"), "\"\\ufffd\\u2028é\"");
}

TEST(GoTextTest, Booleans) {
  for (const char* each : {"1", "t", "T", "true", "TRUE", "True"}) EXPECT_EQ(go_parse_bool(each), true);
  for (const char* each : {"0", "f", "F", "false", "FALSE", "False"}) EXPECT_EQ(go_parse_bool(each), false);
  for (const char* each : {"", "yes", "tRUE", "2", " true"}) EXPECT_EQ(go_parse_bool(each), std::nullopt);
}

}  // namespace
}  // namespace callgate::manifest
