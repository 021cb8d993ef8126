// SPDX-License-Identifier: Apache-2.0
#include "format/fields.h"

#include <fmt/format.h>

#include "base/text.h"
#include "format/diagnostic_ids.h"

namespace callgate::format {

namespace {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view kind_name(text::Kind kind) {
  switch (kind) {
    case text::Kind::null:
      return "null";
    case text::Kind::boolean:
      return "a truth value";
    case text::Kind::number:
      return "a number";
    case text::Kind::string:
      return "a string";
    case text::Kind::array:
      return "a list";
    case text::Kind::object:
      return "an object";
  }
  return "something else";
}

void wrong_type(text::Node node, std::string_view what, std::string_view wanted, Reporter& report) {
  report.add(kWrongType, node.span(), fmt::format("'{}' takes {}, not {}", what, wanted, kind_name(node.kind())));
}

}  // namespace

bool folds_to(std::string_view key, std::string_view name) {
  std::size_t at = 0;
  for (const char wanted : name) {
    if (at == key.size()) return false;
    const char w = lower(wanted);
    if (lower(key[at]) == w) {
      ++at;
    } else if (w == 's' && key.substr(at, 2) == "\xc5\xbf") {
      at += 2;
    } else if (w == 'k' && key.substr(at, 3) == "\xe2\x84\xaa") {
      at += 3;
    } else {
      return false;
    }
  }
  return at == key.size();
}

int Fields::match(text::Node member) {
  const std::string_view key = member.key();
  std::size_t found = 0;
  while (found < fields_.size() && key != fields_[found]) ++found;
  if (found == fields_.size()) {
    if (!fold_case_) return kUnknown;
    found = 0;
    while (found < fields_.size() && !folds_to(key, fields_[found])) ++found;
    if (found == fields_.size()) return kUnknown;
  }
  const std::uint32_t bit = std::uint32_t{1} << found;
  if ((seen_ & bit) != 0 && first_[found].key() != key) {
    auto& d = report_.add(kDuplicateKey, member.key_span(),
                          fmt::format("'{}' is the same field as '{}' here; this later one counts",
                                      base::printable(key), base::printable(first_[found].key())));
    d.notes.push_back({first_[found].key_span(), "first given here"});
  }
  seen_ |= bit;
  first_[found] = member;
  return static_cast<int>(found);
}

bool expect_object(text::Node node, std::string_view what, Reporter& report) {
  if (node.is_object()) return true;
  wrong_type(node, what, "an object", report);
  return false;
}

bool expect_array(text::Node node, std::string_view what, Reporter& report) {
  if (node.is_array()) return true;
  wrong_type(node, what, "a list", report);
  return false;
}

std::optional<Word> expect_string(text::Node node, std::string_view what, Reporter& report) {
  if (node.is_string()) return word(node);
  wrong_type(node, what, "a string", report);
  return std::nullopt;
}

std::optional<std::uint64_t> expect_unsigned(text::Node node, std::string_view what, std::uint64_t max,
                                             Reporter& report) {
  if (!node.is_number()) {
    wrong_type(node, what, "an integer", report);
    return std::nullopt;
  }
  const auto value = node.as_u64();
  if (value && *value <= max) return value;
  std::string help;
  if (const auto negative = node.as_i64(); negative && *negative < 0 && max > 0xffffffff)
    help = fmt::format("write a negative argument as the 64-bit value the register holds: {}",
                       static_cast<std::uint64_t>(*negative));
  report.add(kBadInteger, node.span(),
             fmt::format("'{}' is {}; it takes an integer from 0 to {}", what, base::printable(node.text()), max),
             std::move(help));
  return std::nullopt;
}

void read_strings(text::Node node, std::string_view what, Reporter& report, std::vector<Word>& words) {
  words.clear();
  if (!expect_array(node, what, report)) return;
  words.reserve(node.size());
  for (const text::Node element : node) {
    if (element.is_null()) {
      words.push_back({{}, element.span()});
    } else if (const auto one = expect_string(element, what, report)) {
      words.push_back(*one);
    }
  }
}

std::vector<Word> expect_strings(text::Node node, std::string_view what, Reporter& report) {
  std::vector<Word> words;
  read_strings(node, what, report, words);
  return words;
}

}  // namespace callgate::format
