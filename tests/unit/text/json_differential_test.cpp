// Random and damaged documents: read_json and simdjson's DOM accept the same ones, and whatever is accepted keeps the
// tree's promises. Texts on which the two differ by design (numbers that no double or 64-bit integer holds, depth) are
// not generated.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <simdjson.h>

#include <random>
#include <string>

#include "unit/text/tree_checks.h"

namespace callgate::text {
namespace {

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  std::string document() { return space() + value(5) + space(); }

  // A few bytes replaced, removed, doubled or inserted, mostly by bytes that mean something in JSON.
  std::string damage(std::string text) {
    static constexpr std::string_view kBytes = "{}[]:,\"\\ \n\t0123-+.eEtfnu/#'a\x01\x7f\xc3\xa4\xed\xf0\xff\x0c\x1a";
    for (std::uint32_t i = below(3) + 1; i > 0 && !text.empty(); --i) {
      const std::size_t at = below(static_cast<std::uint32_t>(text.size()));
      const char byte = kBytes[below(static_cast<std::uint32_t>(kBytes.size()))];
      switch (below(5)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.erase(at, 1);
          break;
        case 2:
          text.insert(at, 1, byte);
          break;
        case 3:
          text.insert(at, text.substr(at, below(8)));
          break;
        default:
          text.resize(at);
          break;
      }
    }
    return text;
  }

 private:
  std::uint32_t below(std::uint32_t end) { return std::uniform_int_distribution<std::uint32_t>(0, end - 1)(random_); }
  std::string space() { return std::string(below(4) == 0 ? below(3) : 0, " \n\t\r"[below(4)]); }

  std::string string() {
    static constexpr const char* kParts[] = {"a",    "read", "ä", "😀", "\\n", "\\u0041", "\\ud83d\\ude00",
                                             "\\\\", "\\\"", " ", "]"};
    std::string out = "\"";
    for (std::uint32_t i = below(5); i > 0; --i) out += kParts[below(std::size(kParts))];
    // Now and then long enough to cross simdjson's 64-byte blocks.
    if (below(10) == 0) out.append(below(100), 'x');
    return out + "\"";
  }

  std::string value(int depth) {
    static constexpr const char* kScalars[] = {"null", "true", "false", "0", "-1", "12.5", "1e3", "-0.25E-2", "4096"};
    const std::uint32_t what = below(depth > 0 ? 10 : 5);
    if (what < 3) return kScalars[below(std::size(kScalars))];
    if (what < 5) return string();
    const bool is_object = what < 8;
    std::string out = is_object ? "{" : "[";
    for (std::uint32_t i = below(5), n = 0; n < i; ++n) {
      if (n > 0) out += "," + space();
      if (is_object) out += string() + space() + ":" + space();
      out += value(depth - 1) + space();
    }
    return out + (is_object ? "}" : "]");
  }

  std::mt19937 random_;
};

TEST(JsonDifferential, AgreesWithSimdjsonDom) {
  Generator generator(20260506);
  simdjson::dom::parser parser;
  int accepted = 0, refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = generator.document();
    if (round % 4 != 0) text = generator.damage(std::move(text));
    const auto error = parser.parse(simdjson::padded_string(text)).error();
    if (error == simdjson::NUMBER_ERROR) continue;  // 1e9999 is JSON
    const auto read = checks::json(text);
    ASSERT_EQ(read.document.has_value(), error == simdjson::SUCCESS) << text << "\n"
                                                                     << simdjson::error_message(error) << "\n"
                                                                     << base::render_text(read.diagnostics, false);
    if (read.document) {
      ASSERT_EQ(checks::broken_promise(*read.document), "") << text;
      ++accepted;
    } else {
      ASSERT_EQ(read.diagnostics.error_count(), 1U) << text;
      ASSERT_NE(read.diagnostics.items()[0].help, "report this file") << text;
      ++refused;
    }
  }
  EXPECT_GT(accepted, 5'000);
  EXPECT_GT(refused, 5'000);
}

}  // namespace
}  // namespace callgate::text
