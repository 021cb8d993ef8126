// SPDX-License-Identifier: Apache-2.0
#include "text/yaml_schema.h"

#include <algorithm>
#include <array>

#include "text/json_token.h"

namespace callgate::text {
namespace {

template <std::size_t N>
bool one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_null(std::string_view text) {
  static constexpr std::array<std::string_view, 5> kWords{"", "~", "null", "Null", "NULL"};
  return one_of(text, kWords);
}

bool is_boolean(std::string_view text) {
  static constexpr std::array<std::string_view, 6> kWords{"true", "True", "TRUE", "false", "False", "FALSE"};
  return one_of(text, kWords);
}

bool take_digits(std::string_view& text) {
  const std::size_t before = text.size();
  while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
  return text.size() != before;
}

bool take_sign(std::string_view& text) {
  if (!text.starts_with('-') && !text.starts_with('+')) return false;
  text.remove_prefix(1);
  return true;
}

bool is_integer(std::string_view text) {
  constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
  constexpr std::string_view kOctalDigits = kHexDigits.substr(0, 8);
  if (text.starts_with("0x")) return text.size() > 2 && text.find_first_not_of(kHexDigits, 2) == std::string_view::npos;
  if (text.starts_with("0o"))
    return text.size() > 2 && text.find_first_not_of(kOctalDigits, 2) == std::string_view::npos;
  take_sign(text);
  return take_digits(text) && text.empty();
}

bool is_float(std::string_view text) {
  static constexpr std::array<std::string_view, 3> kNan{".nan", ".NaN", ".NAN"};
  static constexpr std::array<std::string_view, 3> kInfinity{".inf", ".Inf", ".INF"};
  if (one_of(text, kNan)) return true;
  take_sign(text);
  if (one_of(text, kInfinity)) return true;
  bool has_digits = take_digits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    has_digits = take_digits(text) || has_digits;
  }
  if (!has_digits) return false;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    take_sign(text);
    if (!take_digits(text)) return false;
  }
  return text.empty();
}

}  // namespace

Kind resolve_plain(std::string_view text) {
  if (is_null(text)) return Kind::null;
  if (is_boolean(text)) return Kind::boolean;
  return is_integer(text) || is_float(text) ? Kind::number : Kind::string;
}

std::optional<Kind> resolve_tagged(std::string_view tag, Kind written, std::string_view text) {
  const auto only_if = [](bool fits, Kind kind) { return fits ? std::optional(kind) : std::nullopt; };
  const bool is_scalar = written != Kind::array && written != Kind::object;
  if (tag == "!") return is_scalar ? Kind::string : written;
  if (!tag.starts_with(kYamlTagPrefix)) return written;
  tag.remove_prefix(kYamlTagPrefix.size());
  if (tag == "str") return only_if(is_scalar, Kind::string);
  if (tag == "map") return only_if(written == Kind::object, written);
  if (tag == "seq") return only_if(written == Kind::array, written);
  if (tag == "null") return only_if(is_scalar && is_null(text), Kind::null);
  if (tag == "bool") return only_if(is_scalar && is_boolean(text), Kind::boolean);
  if (tag == "int") return only_if(is_scalar && is_integer(text), Kind::number);
  if (tag == "float") return only_if(is_scalar && (is_float(text) || is_integer(text)), Kind::number);
  return written;
}

}  // namespace callgate::text
