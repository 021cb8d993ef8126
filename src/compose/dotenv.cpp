// SPDX-License-Identifier: Apache-2.0
#include "compose/dotenv.h"

#include <fmt/format.h>

#include <algorithm>

#include "manifest/go_text.h"
#include "text/json_token.h"

namespace callgate::compose {
namespace {

constexpr std::string_view kSpace = "\t\v\f\r ";
constexpr std::string_view kSpaceOrBreak = "\t\v\f\r \n";

bool is_letter_or_digit(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80;
}

class Reader {
 public:
  Reader(const base::SourceFile& file, const Lookup& lookup, Environment& variables)
      : file_(file), text_(file.text()), lookup_(lookup), variables_(variables) {}
  Loaded<bool> run();

 private:
  bool next_statement();
  Loaded<std::string> key(bool& inherited);
  Loaded<std::string> value();
  Loaded<std::string> quoted(char quote);
  Loaded<std::string> expand(std::string_view text, std::size_t begin);
  void skip(std::string_view characters) { at_ = std::min(text_.find_first_not_of(characters, at_), text_.size()); }
  base::Span span(std::size_t begin) const {
    return {&file_, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(std::max(begin, at_))};
  }
  std::string_view first_line(std::size_t begin) const {
    return text_.substr(begin, std::min(text_.find('\n', begin), text_.size()) - begin);
  }

  const base::SourceFile& file_;
  std::string_view text_;
  const Lookup& lookup_;
  Environment& variables_;
  std::size_t at_ = 0, expanded_ = 0;
  int line_ = 1;
};

// To the next line that is neither blank nor a comment.
bool Reader::next_statement() {
  for (;;) {
    while (at_ < text_.size() && kSpaceOrBreak.find(text_[at_]) != std::string_view::npos)
      if (text_[at_++] == '\n') ++line_;
    if (at_ >= text_.size()) return false;
    if (text_[at_] != '#') return true;
    at_ = std::min(text_.find('\n', at_), text_.size());
  }
}

// Up to '=' or ':'; a name alone on its line takes its value from the environment.
Loaded<std::string> Reader::key(bool& inherited) {
  constexpr std::string_view kExport = "export";
  const std::string_view rest = text_.substr(at_);
  if (rest.starts_with(kExport) && rest.size() > kExport.size() &&
      kSpaceOrBreak.find(rest[kExport.size()]) != std::string_view::npos) {
    at_ += kExport.size();
    skip(kSpace);
  }
  const std::size_t begin = at_;
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '=' || c == ':' || c == '\n') break;
    if (kSpace.find(c) != std::string_view::npos || std::string_view("_.-[]").find(c) != std::string_view::npos)
      continue;
    if (is_letter_or_digit(static_cast<unsigned char>(c))) continue;
    const std::string shown =
        manifest::go_quote(text_.substr(at_, std::max<std::size_t>(1, text::utf8_sequence_length(text_.substr(at_)))));
    return refuse(fmt::format("line {}: unexpected character {} in variable name {}", line_, shown,
                              manifest::go_quote(first_line(begin))),
                  span(begin));
  }
  if (begin >= text_.size()) return refuse("zero length string", span(begin));
  // A name that the end of the file follows has no key at all; the parser then takes an empty one.
  std::string name = at_ < text_.size() ? std::string(text_.substr(begin, at_ - begin)) : "";
  inherited = at_ < text_.size() && text_[at_] == '\n';
  if (at_ >= text_.size())
    at_ = begin;
  else
    ++at_;
  if (inherited && name.find(' ') == std::string::npos) ++line_;
  const std::size_t last = name.find_last_not_of(kSpaceOrBreak);
  name.erase(last == std::string::npos ? 0 : last + 1);
  skip(kSpace);
  if (name.find(' ') != std::string::npos)
    return refuse(fmt::format("line {}: key cannot contain a space", line_), span(begin));
  return name;
}

Loaded<std::string> Reader::expand(std::string_view text, std::size_t begin) {
  const Lookup both = [this](std::string_view name) -> std::optional<std::string> {
    if (auto found = lookup_(name)) return found;
    const auto own = variables_.find(name);
    return own == variables_.end() ? std::nullopt : std::optional(own->second);
  };
  std::vector<std::string> unset;
  auto expanded = substitute(text, both, unset);
  if (expanded) return std::move(*expanded);
  const SubstitutionFailure& failure = expanded.error();
  auto refusal = refuse(failure.kind == SubstitutionFailure::Kind::invalid_template
                            ? "Invalid template: " + manifest::go_quote(failure.text)
                            : failure.text,
                        span(begin));
  refusal.value().is_limit = failure.kind == SubstitutionFailure::Kind::limit;
  return refusal;
}

// The escapes that a double-quoted value may hold; "\$" becomes the template's "$$".
std::string expand_escapes(std::string_view text) {
  constexpr std::string_view kFrom = "abcfnrtv\"\\", kTo = "\a\bc\f\n\r\t\v\"\\";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char next = text[i + 1];
    if (next == '$') {
      out += "$$";
      ++i;
    } else if (next == '0') {
      const std::size_t end = std::min(std::min(text.find_first_not_of("0123456789", i + 2), text.size()), i + 5);
      const std::string_view digits = text.substr(i + 2, end - i - 2);
      const bool is_octal =
          digits.size() == 3 && digits.find_first_not_of("01234567") == std::string_view::npos && digits.front() < '4';
      if (is_octal) {
        const auto code = static_cast<unsigned>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + (digits[2] - '0'));
        if (code < 0x80) {
          out += static_cast<char>(code);
        } else {
          out += static_cast<char>(0xc0U | code >> 6U);
          out += static_cast<char>(0x80U | (code & 0x3fU));
        }
      } else {
        out.append(text.substr(i, end - i));
      }
      i = end - 1;
    } else if (const std::size_t known = kFrom.find(next); known != std::string_view::npos && next != 'c') {
      out += kTo[known];
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

Loaded<std::string> Reader::quoted(char quote) {
  const std::size_t begin = at_;
  std::string text;
  bool is_escaped = false;
  for (++at_; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '\n') ++line_;
    if (c == quote && !is_escaped) {
      ++at_;
      return quote == '"' ? expand(expand_escapes(text), begin) : Loaded<std::string>(std::move(text));
    }
    if (c != quote && !is_escaped && c == '\\') {
      is_escaped = true;
      continue;
    }
    if (is_escaped && c != quote) text += '\\';
    is_escaped = false;
    text += c;
  }
  at_ = text_.size();
  return refuse(fmt::format("line {}: unterminated quoted value {}", line_, first_line(begin)), span(begin));
}

Loaded<std::string> Reader::value() {
  if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) return quoted(text_[at_]);
  const std::size_t begin = at_;
  std::string_view line = first_line(begin);
  at_ = std::min(begin + line.size() + 1, text_.size());
  ++line_;
  line = line.substr(0, line.find(" #"));
  const std::size_t last = line.find_last_not_of(kSpaceOrBreak);
  return expand(line.substr(0, last == std::string_view::npos ? 0 : last + 1), begin);
}

Loaded<bool> Reader::run() {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  while (next_statement()) {
    bool inherited = false;
    auto name = key(inherited);
    if (!name) return tl::unexpected(name.error());
    if (inherited) {
      if (auto found = lookup_(*name)) variables_[*name] = std::move(*found);
      continue;
    }
    auto text = value();
    if (!text) return tl::unexpected(text.error());
    expanded_ += text->size();
    if (expanded_ > kMaxExpanded)
      return refuse_limit(fmt::format("variables expand to more than {} bytes", kMaxExpanded), span(at_));
    variables_[*name] = std::move(*text);
  }
  return true;
}

}  // namespace

Loaded<bool> read_dotenv(const base::SourceFile& file, const Lookup& lookup, Environment& variables) {
  return Reader(file, lookup, variables).run();
}

}  // namespace callgate::compose
