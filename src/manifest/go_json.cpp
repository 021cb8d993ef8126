// Source: Go's encoding/json/scanner.go and indent.go. A state for each place in the grammar; the context that an error
// names is the state's.
// SPDX-License-Identifier: Apache-2.0
#include "manifest/go_json.h"

#include <fmt/format.h>

#include <cctype>
#include <cstdint>
#include <vector>

#include "manifest/go_text.h"

namespace callgate::manifest {

namespace {

constexpr std::size_t kMaxDepth = 10000;

enum class State : std::uint8_t {
  value,          // a value must come
  value_or_end,   // after '['
  key_or_end,     // after '{'
  key,            // after ',' in an object
  after_key,      //
  after_member,   //
  after_element,  //
  string,
  escape,
  hexadecimal,  // `count_` digits are to come
  minus,
  zero,
  digits,
  point,
  fraction,
  exponent,
  exponent_sign,
  exponent_digits,
  word,  // true, false, null: `word_`, `count_` letters seen
  end,
};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Scanner {
 public:
  // False: `error` says what is wrong with c.
  bool step(char c);
  bool at_end() const { return state_ == State::end; }
  // Whether the last byte was white space between tokens.
  bool skipped() const { return skipped_; }
  const std::string& error() const { return error_; }

 private:
  bool fail(char c, std::string_view context) {
    error_ = fmt::format("invalid character {} {}", go_quote_byte(c), context);
    return false;
  }
  bool to(State state) {
    state_ = state;
    return true;
  }
  bool begin_value(char c);
  bool begin_string(State back) {
    after_string_ = back;
    return to(State::string);
  }
  bool begin_word(std::string_view word) {
    word_ = word;
    count_ = 1;
    return to(State::word);
  }
  bool open(char c);
  bool close() {
    nesting_.pop_back();
    return end_value();
  }
  bool end_value() {
    return to(nesting_.empty() ? State::end : nesting_.back() == '{' ? State::after_member : State::after_element);
  }
  bool after_value(char c);
  bool in_string(char c);
  bool in_number(char c);
  bool in_word(char c);
  bool number_ends(char c) {
    end_value();
    return step(c);
  }

  State state_ = State::value, after_string_ = State::end;
  std::vector<char> nesting_;
  std::string_view word_;
  std::size_t count_ = 0;
  bool skipped_ = false;
  std::string error_;
};

bool Scanner::open(char c) {
  nesting_.push_back(c);
  if (nesting_.size() > kMaxDepth) return fail(c, "exceeded max depth");
  return to(c == '{' ? State::key_or_end : State::value_or_end);
}

bool Scanner::begin_value(char c) {
  switch (c) {
    case '{':
    case '[':
      return open(c);
    case '"':
      return begin_string(State::end);
    case '-':
      return to(State::minus);
    case '0':
      return to(State::zero);
    case 't':
      return begin_word("true");
    case 'f':
      return begin_word("false");
    case 'n':
      return begin_word("null");
    default:
      return is_digit(c) ? to(State::digits) : fail(c, "looking for beginning of value");
  }
}

bool Scanner::in_string(char c) {
  if (state_ == State::escape) {
    count_ = 4;
    if (c == 'u') return to(State::hexadecimal);
    constexpr std::string_view kEscapes = "bfnrt\\/\"";
    return kEscapes.find(c) != std::string_view::npos ? to(State::string) : fail(c, "in string escape code");
  }
  if (state_ == State::hexadecimal) {
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return fail(c, "in \\u hexadecimal character escape");
    return --count_ == 0 ? to(State::string) : true;
  }
  if (c == '"') return after_string_ == State::after_key ? to(State::after_key) : end_value();
  if (c == '\\') return to(State::escape);
  return static_cast<unsigned char>(c) < 0x20 ? fail(c, "in string literal") : true;
}

bool Scanner::in_number(char c) {
  const bool digit = is_digit(c);
  switch (state_) {
    case State::minus:
      if (c == '0') return to(State::zero);
      return digit ? to(State::digits) : fail(c, "in numeric literal");
    case State::point:
      return digit ? to(State::fraction) : fail(c, "after decimal point in numeric literal");
    case State::exponent:
      if (c == '+' || c == '-') return to(State::exponent_sign);
      [[fallthrough]];
    case State::exponent_sign:
      return digit ? to(State::exponent_digits) : fail(c, "in exponent of numeric literal");
    case State::zero:
    case State::digits:
      if (digit && state_ == State::digits) return true;
      if (c == '.') return to(State::point);
      return c == 'e' || c == 'E' ? to(State::exponent) : number_ends(c);
    case State::fraction:
      if (digit) return true;
      return c == 'e' || c == 'E' ? to(State::exponent) : number_ends(c);
    default:
      return digit ? true : number_ends(c);
  }
}

bool Scanner::in_word(char c) {
  if (c != word_[count_])
    return fail(c, fmt::format("in literal {} (expecting {})", word_, go_quote_byte(word_[count_])));
  return ++count_ == word_.size() ? end_value() : true;
}

bool Scanner::after_value(char c) {
  switch (state_) {
    case State::after_key:
      return c == ':' ? to(State::value) : fail(c, "after object key");
    case State::after_member:
      if (c == ',') return to(State::key);
      return c == '}' ? close() : fail(c, "after object key:value pair");
    case State::after_element:
      if (c == ',') return to(State::value);
      return c == ']' ? close() : fail(c, "after array element");
    default:
      return fail(c, "after top-level value");
  }
}

bool Scanner::step(char c) {
  skipped_ = false;
  if (state_ >= State::string && state_ <= State::hexadecimal) return in_string(c);
  if (state_ >= State::minus && state_ <= State::exponent_digits) return in_number(c);
  if (state_ == State::word) return in_word(c);
  skipped_ = is_space(c);
  if (skipped_) return true;
  switch (state_) {
    case State::value:
      return begin_value(c);
    case State::value_or_end:
      return c == ']' ? close() : begin_value(c);
    case State::key_or_end:
      if (c == '}') return close();
      [[fallthrough]];
    case State::key:
      return c == '"' ? begin_string(State::after_key) : fail(c, "looking for beginning of object key string");
    default:
      return after_value(c);
  }
}

}  // namespace

tl::expected<std::string, GoJsonError> go_compact(std::string_view text) {
  Scanner scanner;
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!scanner.step(text[i])) return tl::unexpected(GoJsonError{scanner.error(), i});
    if (!scanner.skipped()) out.push_back(text[i]);
  }
  // At its end Go feeds a space: it ends a number, and shows where a word or number breaks off.
  if (scanner.at_end()) return out;
  if (!scanner.step(' ')) return tl::unexpected(GoJsonError{scanner.error(), text.size()});
  if (scanner.at_end()) return out;
  return tl::unexpected(GoJsonError{"unexpected end of JSON input", text.size()});
}

}  // namespace callgate::manifest
