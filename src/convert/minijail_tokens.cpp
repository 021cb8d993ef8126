// SPDX-License-Identifier: Apache-2.0
#include "convert/minijail_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "convert/diagnostic_ids.h"

namespace callgate::convert::minijail {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_word(char c) {
  return is_letter(c) || is_digit(c);
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

constexpr std::array<std::string_view, 8> kActions{"kill-process", "kill-thread", "user-notify", "allow",
                                                   "kill",         "trap",        "trace",       "log"};

class Scanner {
 public:
  Scanner(const base::SourceFile& file, base::Diagnostics& diagnostics)
      : file_(file), text_(file.text()), diagnostics_(diagnostics) {}

  Text run() {
    while (at_ < text_.size()) physical_line();
    finish_line();
    out_.head.insert(out_.head.end(), pending_.begin(), pending_.end());
    return std::move(out_);
  }

 private:
  void physical_line() {
    const std::size_t first_token = line_.tokens.size();
    bool comment = false, goes_on = false;
    while (at_ < text_.size() && text_[at_] != '\n') {
      const char c = text_[at_];
      if (is_blank(c)) {
        ++at_;
      } else if (c == '#') {
        goes_on = take_comment();
        comment = true;
      } else if (c == '\\' && ends_line(at_ + 1)) {
        goes_on = true;
        ++at_;
      } else {
        token();
      }
    }
    if (at_ < text_.size()) ++at_;
    const bool empty = !comment && line_.tokens.size() == first_token;
    if (goes_on) return;
    if (line_.tokens.empty() && empty && out_.lines.empty() && out_.head.empty()) out_.head.swap(pending_);
    finish_line();
  }

  bool ends_line(std::size_t at) const {
    while (at < text_.size() && text_[at] == '\r') ++at;
    return at >= text_.size() || text_[at] == '\n';
  }

  // True if the line goes on all the same.
  bool take_comment() {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    std::string_view words = text_.substr(at_, end - at_);
    at_ = end;
    while (!words.empty() && words.front() == '#') words.remove_prefix(1);
    words = base::trim(words);
    const bool goes_on = !words.empty() && words.back() == '\\';
    if (goes_on) words = base::trim(words.substr(0, words.size() - 1));
    if (line_.tokens.empty()) {
      pending_.emplace_back(words);
    } else {
      if (!line_.beside.empty() && !words.empty()) line_.beside += ' ';
      line_.beside += words;
      out_.inline_comments = true;
    }
    return goes_on;
  }

  void finish_line() {
    if (line_.tokens.empty()) return;
    line_.above = std::move(pending_);
    pending_.clear();
    out_.lines.push_back(std::move(line_));
    line_ = {};
  }

  std::string_view rest() const { return text_.substr(at_); }
  std::size_t word_length(std::size_t from) const {
    std::size_t end = from;
    while (end < text_.size() && is_word(text_[end])) ++end;
    return end - from;
  }

  void add(Kind kind, std::size_t length) {
    line_.tokens.push_back(
        {kind, text_.substr(at_, length), static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(at_ + length)});
    at_ += length;
  }

  void token() {
    const char c = text_[at_];
    if (c == '@') return directive();
    if (c == '/' || (c == '.' && rest().size() > 1 && rest()[1] == '/')) return path();
    if (is_digit(c) || (c == '-' && rest().size() > 1 && is_digit(rest()[1]))) return number();
    if (is_letter(c)) return word();
    for (const std::string_view two : {"||", "&&", "==", "!=", "<=", ">="})
      if (rest().starts_with(two)) return add(two == "||" || two == "&&" ? Kind::punctuation : Kind::op, 2);
    if (c == '&' || c == '<' || c == '>') return add(Kind::op, 1);
    if (std::string_view(":;,~(){}[]|=").find(c) != std::string_view::npos) return add(Kind::punctuation, 1);
    std::size_t end = at_ + 1;
    while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xc0U) == 0x80U) ++end;
    diagnostics_.add(kTextSyntax, {&file_, static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(end)},
                     fmt::format("unexpected '{}'", base::printable(text_.substr(at_, end - at_))));
    at_ = end;
  }

  void directive() {
    const std::size_t length = 1 + word_length(at_ + 1);
    const std::string_view word = text_.substr(at_, length);
    if (word != "@default" && word != "@include" && word != "@frequency" && word != "@denylist")
      diagnostics_.add(kTextSyntax, {&file_, static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(at_ + length)},
                       fmt::format("unknown directive '{}'", base::printable(word)),
                       "minijail has @default, @include, @frequency and @denylist");
    add(Kind::directive, length);
  }

  void path() {
    std::size_t end = at_;
    while (end < text_.size() && text_[end] != '\n' && !is_blank(text_[end])) ++end;
    add(Kind::path, end - at_);
  }

  void number() {
    std::size_t end = at_ + (text_[at_] == '-' ? 1 : 0);
    const bool hex = text_[end] == '0' && end + 2 < text_.size() && (text_[end + 1] == 'x' || text_[end + 1] == 'X') &&
                     is_hex(text_[end + 2]);
    if (hex) end += 2;
    while (end < text_.size() && (hex ? is_hex(text_[end]) : is_digit(text_[end]))) ++end;
    add(Kind::number, end - at_);
  }

  void word() {
    const std::size_t plain = word_length(at_);
    const std::string_view text = text_.substr(at_, plain);
    if (text == "in") return add(Kind::op, plain);
    if (text == "return") return add(Kind::return_, plain);
    if (text.starts_with("arg") && plain > 3 && std::all_of(text.begin() + 3, text.end(), is_digit))
      return add(Kind::argument, plain);
    for (const std::string_view action : kActions) {
      if (!rest().starts_with(action)) continue;
      if (action.size() < rest().size() && is_word(rest()[action.size()])) continue;
      return add(Kind::action, action.size());
    }
    std::size_t end = at_ + plain;
    while (end < text_.size() && (is_word(text_[end]) || text_[end] == '-' || text_[end] == '@')) ++end;
    add(Kind::identifier, end - at_);
  }

  const base::SourceFile& file_;
  std::string_view text_;
  base::Diagnostics& diagnostics_;
  std::size_t at_ = 0;
  Line line_;
  std::vector<std::string> pending_;
  Text out_;
};

}  // namespace

Text tokenize(const base::SourceFile& file, base::Diagnostics& diagnostics) {
  return Scanner(file, diagnostics).run();
}

}  // namespace callgate::convert::minijail
