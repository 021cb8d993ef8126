// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <gtest/gtest.h>

namespace callgate::base {
namespace {

// The vectors of RFC 4648, section 10.
TEST(Base64, ReadsWhatItWrites) {
  const char* const pairs[][2] = {{"", ""},
                                  {"f", "Zg=="},
                                  {"fo", "Zm8="},
                                  {"foo", "Zm9v"},
                                  {"foob", "Zm9vYg=="},
                                  {"fooba", "Zm9vYmE="},
                                  {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : pairs) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(from_base64(to_base64(all)), all);
}

TEST(Base64, RefusesOtherSpellings) {
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Zh==", "Zm9v\n", " Zm9v", "Zm-_", "Zg==Zg==", "Z===="})
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
}

}  // namespace
}  // namespace callgate::base
