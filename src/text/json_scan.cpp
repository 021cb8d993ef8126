// A strict scanner that stops at the first error and says it in the user's terms: it recognises what people write by
// mistake (trailing commas, comments, single quotes, Python's True) and otherwise names the offending text.
// SPDX-License-Identifier: Apache-2.0
#include "text/json_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "text/diagnostic_ids.h"
#include "text/json_token.h"

namespace callgate::text {
namespace {

std::string quoted(std::string_view text) {
  return fmt::format("'{}'", base::printable(text, 40));
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_word(char c) {
  return is_letter(c) || is_digit(c) || c == '-';
}

class Scanner {
 public:
  Scanner(const base::SourceFile& file, base::Diagnostics& diagnostics, const ReadLimits& limits)
      : file_(file), text_(file.text()), diagnostics_(diagnostics), limits_(limits) {}
  bool run();

 private:
  struct Open {
    std::size_t at;
    char bracket;
  };

  // Each returns false once it has reported an error.
  bool value();
  bool after_value();
  bool key();
  bool string();
  bool bad_escape();
  bool control_character(std::size_t start);
  bool number();
  bool word();
  bool unexpected(std::string_view wanted);
  bool misplaced(char c);
  bool missing_between();
  bool extra_comma(std::size_t comma);
  bool end_of_text(std::string_view wanted);
  bool trailing();

  bool fail(const base::DiagnosticId& id, std::size_t begin, std::size_t end, std::string message,
            std::string help = {});
  base::Span span(std::size_t begin, std::size_t end) const;
  void skip_space();
  bool at_end() const { return at_ >= text_.size(); }
  char here() const { return text_[at_]; }
  std::size_t word_end(std::size_t from) const;
  bool in_object() const { return !open_.empty() && open_.back().bracket == '{'; }

  const base::SourceFile& file_;
  std::string_view text_;
  base::Diagnostics& diagnostics_;
  const ReadLimits& limits_;
  std::size_t at_ = 0;
  std::size_t nodes_ = 0;
  std::size_t last_end_ = 0;  // where the last complete token ended
  std::vector<Open> open_;
};

base::Span Scanner::span(std::size_t begin, std::size_t end) const {
  return {&file_, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
}

bool Scanner::fail(const base::DiagnosticId& id, std::size_t begin, std::size_t end, std::string message,
                   std::string help) {
  diagnostics_.add(id, span(begin, end), std::move(message), std::move(help));
  return false;
}

void Scanner::skip_space() {
  while (!at_end() && is_json_space(here())) ++at_;
}

std::size_t Scanner::word_end(std::size_t from) const {
  std::size_t end = from;
  while (end < text_.size() && is_word(text_[end])) ++end;
  return end;
}

bool Scanner::end_of_text(std::string_view wanted) {
  const std::size_t end = text_.size();
  if (open_.empty())
    return fail(kJsonUnexpected, end, end, "the file ends where " + std::string(wanted) + " should be");
  const Open& open = open_.back();
  const std::string closer = open.bracket == '{' ? "}" : "]";
  diagnostics_
      .add(kJsonUnclosed, span(end, end),
           std::string("the file ends inside ") + (open.bracket == '{' ? "an object" : "an array"),
           "add '" + closer + "', or see whether the file was cut off")
      .notes.push_back({span(open.at, open.at + 1), std::string("'") + open.bracket + "' opened here"});
  return false;
}

bool Scanner::extra_comma(std::size_t comma) {
  return fail(kJsonExtraComma, comma, comma + 1, "extra ','", "remove the comma");
}

bool Scanner::misplaced(char c) {
  const bool matches = in_object() ? c == '}' : c == ']';
  if (open_.empty() || matches)
    return fail(kJsonUnexpected, at_, at_ + 1, std::string("unexpected '") + c + "', expected a value");
  const Open& open = open_.back();
  diagnostics_
      .add(kJsonMismatch, span(at_, at_ + 1), std::string("'") + c + "' closes nothing here",
           std::string("close with '") + (open.bracket == '{' ? '}' : ']') + "'")
      .notes.push_back({span(open.at, open.at + 1), std::string("'") + open.bracket + "' opened here"});
  return false;
}

// Something that begins no JSON value, key or separator.
bool Scanner::unexpected(std::string_view wanted) {
  if (at_end()) return end_of_text(wanted);
  const char c = here();
  const std::string_view rest = text_.substr(at_);
  if (rest.starts_with("//") || rest.starts_with("/*") || c == '#') {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    return fail(kJsonComment, at_, end, "comment " + quoted(text_.substr(at_, end - at_)),
                "remove it: JSON has no comments");
  }
  if (c == '\'') {
    const std::size_t close = std::min(text_.find_first_of("'\n", at_ + 1), text_.size());
    const std::size_t end = close < text_.size() && text_[close] == '\'' ? close + 1 : close;
    return fail(kJsonSingleQuotes, at_, end, "single quotes in " + base::printable(text_.substr(at_, end - at_)),
                "use double quotes");
  }
  if (c == '}' || c == ']') return misplaced(c);
  const std::size_t length = utf8_sequence_length(rest);
  if (length == 0)
    return fail(kJsonUtf8, at_, at_ + 1, "byte " + quoted(rest.substr(0, 1)) + " is not valid UTF-8",
                "save the file as UTF-8");
  return fail(kJsonUnexpected, at_, at_ + length,
              "unexpected " + quoted(rest.substr(0, length)) + ", expected " + std::string(wanted));
}

bool Scanner::control_character(std::size_t start) {
  const char c = here();
  // A line break almost always means that the closing quote is missing.
  if (c == '\n' || c == '\r')
    return fail(kJsonUnclosedString, start, at_,
                "string " + quoted(text_.substr(start, at_ - start)) + " has no closing quote",
                "add '\"', or write a line break inside a string as \\n");
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto code = static_cast<unsigned char>(c);
  const std::string escape = c == '\t' ? "\\t" : std::string("\\u00") + kHex[code >> 4U] + kHex[code & 15U];
  return fail(kJsonControl, at_, at_ + 1, "raw control character in a string", "write it as " + escape);
}

bool Scanner::string() {
  const std::size_t start = at_++;
  std::string scratch;
  while (!at_end()) {
    const char c = here();
    if (c == '"') {
      last_end_ = ++at_;
      return true;
    }
    if (static_cast<unsigned char>(c) < 0x20) return control_character(start);
    if (c != '\\') {
      const std::size_t length = utf8_sequence_length(text_.substr(at_));
      if (length == 0)
        return fail(kJsonUtf8, at_, at_ + 1, "byte " + quoted(text_.substr(at_, 1)) + " is not valid UTF-8",
                    "save the file as UTF-8");
      at_ += length;
      continue;
    }
    scratch.clear();
    const std::size_t length = decode_json_escape(text_.substr(at_, 12), scratch);
    if (length == 0) {
      if (at_ + 1 == text_.size()) break;
      return bad_escape();
    }
    at_ += length;
  }
  return fail(kJsonUnclosedString, start, text_.size(),
              "string " + quoted(text_.substr(start)) + " has no closing quote", "add '\"'");
}

bool Scanner::bad_escape() {
  const std::string_view rest = text_.substr(at_);
  if (rest[1] != 'u') {
    const std::size_t length = 1 + std::max<std::size_t>(1, utf8_sequence_length(rest.substr(1)));
    return fail(kJsonEscape, at_, at_ + length, "invalid escape " + quoted(rest.substr(0, length)),
                "write a backslash itself as \\\\");
  }
  std::size_t length = 2;
  while (length < 6 && length < rest.size() && is_hex(rest[length])) ++length;
  const std::string escape = quoted(rest.substr(0, length));
  if (length < 6)
    return fail(kJsonEscape, at_, at_ + length, "invalid escape " + escape, "\\u takes four hexadecimal digits");
  return fail(kJsonEscape, at_, at_ + length, escape + " is half a surrogate pair",
              "write characters above U+FFFF as a pair, \\ud83d\\ude00, or as themselves");
}

bool Scanner::number() {
  const std::size_t good = json_number_length(text_.substr(at_));
  std::size_t end = at_;
  while (end < text_.size() && (is_word(text_[end]) || text_[end] == '.' || text_[end] == '+')) ++end;
  if (good != 0 && at_ + good == end) {
    last_end_ = at_ = end;
    return true;
  }
  const std::string_view whole = text_.substr(at_, end - at_);
  std::string_view digits = whole;
  if (digits.starts_with('-')) digits.remove_prefix(1);
  std::string help = "JSON numbers are decimal: 12, -3.5, 1e9";
  if (whole.starts_with('+'))
    help = "remove the '+'";
  else if (digits.starts_with("0x") || digits.starts_with("0X"))
    help = "write it in decimal: JSON has no hexadecimal numbers";
  else if (digits.size() > 1 && digits[0] == '0' && is_digit(digits[1]))
    help = "remove the leading zero; JSON has no octal numbers";
  else if (digits.starts_with('.'))
    help = "write a 0 before the point";
  else if (whole.ends_with('.'))
    help = "write a digit after the point";
  return fail(kJsonNumber, at_, end, "invalid number " + quoted(whole), std::move(help));
}

bool Scanner::word() {
  const std::size_t end = word_end(at_);
  const std::string_view whole = text_.substr(at_, end - at_);
  if (whole == "true" || whole == "false" || whole == "null") {
    last_end_ = at_ = end;
    return true;
  }
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kForeign{
      {{"none", "null"}, {"nil", "null"}, {"undefined", "null"}, {"nan", "null"}}};
  std::string help = "strings need double quotes";
  const std::string lower = base::to_lower(whole);
  if (lower == "true" || lower == "false" || lower == "null") help = "write " + lower;
  for (const auto& [name, meaning] : kForeign)
    if (lower == name) help = "write " + std::string(meaning);
  return fail(kJsonWord, at_, end, "unknown word " + quoted(whole), std::move(help));
}

bool Scanner::value() {
  if (at_end()) return end_of_text("a value");
  if (++nodes_ > limits_.max_nodes)
    return fail(kJsonNodes, at_, at_ + 1, "more than " + std::to_string(limits_.max_nodes) + " values");
  const char c = here();
  if (c == '{' || c == '[') {
    if (open_.size() >= limits_.max_depth)
      return fail(kJsonDepth, at_, at_ + 1, "nested more than " + std::to_string(limits_.max_depth) + " levels deep");
    open_.push_back({at_++, c});
    skip_space();
    const char closer = c == '{' ? '}' : ']';
    if (!at_end() && here() == closer) return after_value();
    return c == '{' ? key() : true;
  }
  if (c == '"') return string() && after_value();
  if (is_digit(c) || c == '-' || c == '+' || c == '.') return number() && after_value();
  if (is_letter(c)) return word() && after_value();
  if (c == ',') return extra_comma(at_);
  return unexpected("a value");
}

bool Scanner::key() {
  if (at_end()) return end_of_text("a key");
  const char c = here();
  if (c == ',') return extra_comma(at_);
  if (is_word(c)) {
    const std::size_t end = word_end(at_);
    const std::string_view word = text_.substr(at_, end - at_);
    return fail(kJsonUnquotedKey, at_, end, "key " + quoted(word) + " without quotes",
                "write \"" + base::printable(word) + "\"");
  }
  if (c != '"') return unexpected("a key in double quotes");
  const std::size_t key_at = at_;
  if (!string()) return false;
  const std::size_t key_end = at_;
  skip_space();
  if (at_end()) return end_of_text("':'");
  if (here() != ':') {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with('#') || rest.starts_with('/')) return unexpected("':'");
    const std::string help = here() == '=' ? "write ':' instead of '='" : "write ':' between the key and its value";
    return fail(kJsonMissingColon, key_end, key_end,
                "no ':' after the key " + quoted(text_.substr(key_at + 1, key_end - key_at - 2)), help);
  }
  ++at_;
  skip_space();
  return true;
}

// Where a separator or closing bracket should be and something else is.
bool Scanner::missing_between() {
  const char c = here();
  const bool begins_value = c == '"' || c == '{' || c == '[' || c == '-' || is_word(c);
  if (!begins_value) return unexpected(in_object() ? "',' or '}'" : "',' or ']'");
  return fail(kJsonMissingComma, last_end_, last_end_,
              std::string("no ',' before the next ") + (in_object() ? "member" : "value"), "add a comma");
}

bool Scanner::trailing() {
  const std::string_view rest = text_.substr(at_);
  if (rest.starts_with('#') || rest.starts_with("//") || rest.starts_with("/*")) return unexpected("nothing");
  const std::size_t end = std::min(text_.find_first_of(" \t\r\n", at_), text_.size());
  return fail(kJsonTrailing, at_, end, quoted(text_.substr(at_, end - at_)) + " after the end of the value",
              "a JSON file holds one value");
}

// Closes what ends here; stops at the start of the next value or after the outermost one.
bool Scanner::after_value() {
  for (;;) {
    skip_space();
    if (open_.empty()) return at_end() || trailing();
    if (at_end()) return end_of_text("',' or a closing bracket");
    const char c = here();
    const char closer = in_object() ? '}' : ']';
    if (c == closer) {
      open_.pop_back();
      last_end_ = ++at_;
      continue;
    }
    if (c != ',') return missing_between();
    const std::size_t comma = at_++;
    skip_space();
    if (!at_end() && here() == closer) return extra_comma(comma);
    return in_object() ? key() : true;
  }
}

bool Scanner::run() {
  if (text_.size() > limits_.max_bytes)
    return fail(
        kJsonSize, 0, 0,
        "the file has " + std::to_string(text_.size()) + " bytes, the limit is " + std::to_string(limits_.max_bytes));
  if (text_.starts_with("\xef\xbb\xbf"))
    return fail(kJsonBom, 0, 3, "the file begins with a byte order mark", "save it as UTF-8 without one");
  if (text_.starts_with("\xff\xfe") || text_.starts_with("\xfe\xff"))
    return fail(kJsonBom, 0, 2, "the file begins with a UTF-16 byte order mark", "save it as UTF-8");
  skip_space();
  if (at_end()) return fail(kJsonEmpty, 0, 0, "the file is empty", "an empty object is written {}");
  do {
    if (!value()) return false;
  } while (!open_.empty());
  return true;
}

}  // namespace

bool scan_json(const base::SourceFile& file, base::Diagnostics& diagnostics, const ReadLimits& limits) {
  return Scanner(file, diagnostics, limits).run();
}

}  // namespace callgate::text
