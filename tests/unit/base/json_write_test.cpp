// SPDX-License-Identifier: Apache-2.0
#include "base/json_write.h"

#include <gtest/gtest.h>

#include <limits>

namespace callgate::base {
namespace {

TEST(JsonWriter, WritesNestedValuesWithStableCommas) {
  JsonWriter json(0);
  json.begin_object().member("a", 1).key("b").begin_array().value("x").value(true).null().end_array();
  json.key("c").begin_object().end_object().member("d", 1.5).member("e", std::numeric_limits<std::uint64_t>::max());
  json.end_object();
  EXPECT_EQ(json.take(), "{\"a\":1,\"b\":[\"x\",true,null],\"c\":{},\"d\":1.5,\"e\":18446744073709551615}\n");
}

TEST(JsonWriter, IndentsEmptyAndFullContainers) {
  JsonWriter json;
  json.begin_array().begin_object().member("a", -1).end_object().begin_array().end_array().end_array();
  EXPECT_EQ(json.take(), "[\n  {\n    \"a\": -1\n  },\n  []\n]\n");
}

TEST(JsonQuote, EscapesControlsAndReplacesBadUtf8) {
  EXPECT_EQ(json_quote("a\"\\\n\t\r\x01\x7f"), "\"a\\\"\\\\\\n\\t\\r\\u0001\\u007f\"");
  EXPECT_EQ(json_quote("ä€😀"), "\"ä€😀\"");
  EXPECT_EQ(json_quote("\xff\xc0\x80\xed\xa0\x80"),
            "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_EQ(json_quote("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace callgate::base
