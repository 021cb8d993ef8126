// SPDX-License-Identifier: Apache-2.0
#include "convert/kafel_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "convert/diagnostic_ids.h"

namespace callgate::convert::kafel {

namespace {

constexpr std::size_t kIncludeDepth = 16;
constexpr std::array<std::string_view, 16> kKeywords{
    "SYSCALL", "ALLOW", "LOG",   "USER_NOTIF", "ERRNO",  "KILL_PROCESS", "KILL_THREAD", "KILL",
    "DENY",    "TRAP",  "TRACE", "USE",        "POLICY", "DEFAULT",      "ON",          "define"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_word(char c) {
  return is_letter(c) || is_digit(c) || c == '_';
}

// A number of that radix, and how many characters it is long. Nothing if it has more than 64 bits. Octal numbers end at
// the first 8 or 9, as strtoull has it.
std::optional<std::uint64_t> number_of(std::string_view digits, unsigned radix) {
  std::uint64_t value = 0;
  for (const char c : digits) {
    const unsigned digit = is_digit(c) ? static_cast<unsigned>(c - '0')
                           : c >= 'a'  ? static_cast<unsigned>(c - 'a') + 10
                                       : static_cast<unsigned>(c - 'A') + 10;
    if (digit >= radix) break;
    if (value > (~std::uint64_t{0} - digit) / radix) return std::nullopt;
    value = value * radix + digit;
  }
  return value;
}

class Scanner {
 public:
  Scanner(const ReadContext& context, base::Diagnostics& diagnostics, Text& out, std::vector<std::size_t>& pending)
      : context_(context), diagnostics_(diagnostics), out_(out), pending_(pending) {}

  // False: nothing after the fault is worth reading.
  bool run(const base::SourceFile& file, std::size_t depth) {
    const base::SourceFile* const outer_file = file_;
    const std::size_t outer_at = at_;
    file_ = &file;
    text_ = file.text();
    at_ = 0;
    bool good = true;
    bool token_on_line = false;
    while (good && at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') {
        token_on_line = false;
        ++at_;
      } else if (c == ' ' || c == '\t') {
        ++at_;
      } else if (rest().starts_with("//") || rest().starts_with("/*")) {
        good = comment(token_on_line);
      } else if (rest().starts_with("#include")) {
        good = include(depth);
      } else {
        good = token();
        token_on_line = good;
      }
    }
    file_ = outer_file;
    at_ = outer_at;
    if (file_ != nullptr) text_ = file_->text();
    return good;
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }
  base::Span span(std::size_t begin, std::size_t end) const {
    return {file_, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
  }

  void keep_comment(std::string_view words, bool behind) {
    std::string kept;
    for (std::string_view line : base::split(words, '\n')) {
      line = base::trim(line);
      while (line.starts_with('*')) line = base::trim(line.substr(1));
      if (line.empty()) continue;
      if (!kept.empty()) kept += ' ';
      kept += line;
    }
    out_.comments.push_back(std::move(kept));
    const std::size_t index = out_.comments.size() - 1;
    if (behind) {
      out_.tokens.back().behind.push_back(index);
    } else {
      pending_.push_back(index);
    }
  }

  bool comment(bool behind) {
    const std::size_t begin = at_;
    if (rest().starts_with("//")) {
      const std::size_t end = std::min(text_.find('\n', at_), text_.size());
      keep_comment(text_.substr(at_ + 2, end - at_ - 2), behind);
      at_ = end;
      return true;
    }
    // A star takes the character after it with it, so that "**/" does not end a comment.
    for (std::size_t i = at_ + 2; i < text_.size(); ++i) {
      if (text_[i] != '*') continue;
      if (i + 1 < text_.size() && text_[i + 1] == '/') {
        keep_comment(text_.substr(at_ + 2, i - at_ - 2), behind);
        at_ = i + 2;
        return true;
      }
      ++i;
    }
    diagnostics_.add(kTextSyntax, span(begin, begin + 2), "comment without an end");
    return false;
  }

  // #include "a" "b" up to the end of the line or a semicolon.
  bool include(std::size_t depth) {
    const std::size_t begin = at_;
    at_ += std::string_view("#include").size();
    bool space = false;
    while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != ';') {
      if (text_[at_] == ' ' || text_[at_] == '\t') {
        space = true;
        ++at_;
        continue;
      }
      const std::size_t quote = text_[at_] == '"' ? text_.find('"', at_ + 1) : std::string_view::npos;
      if (quote == std::string_view::npos || quote == at_ + 1 || !space) {
        diagnostics_.add(kTextSyntax, span(at_, at_ + 1), "file name in double quotes wanted");
        return false;
      }
      const std::string name(text_.substr(at_ + 1, quote - at_ - 1));
      const base::SourceFile* file = context_.open ? context_.open(name) : nullptr;
      if (file == nullptr || depth >= kIncludeDepth) {
        diagnostics_.add(kTextInclude, span(at_, quote + 1),
                         file == nullptr ? fmt::format("cannot open included file '{}'", base::printable(name))
                                         : fmt::format("'{}' is included too deep", base::printable(name)),
                         file == nullptr ? "" : "kafel follows 16 levels");
        return false;
      }
      at_ = quote + 1;
      space = false;
      if (!run(*file, depth + 1)) return false;
    }
    if (at_ >= text_.size()) {
      diagnostics_.add(kTextSyntax, span(begin, at_), "#include without an end",
                       "an include ends with the line or a semicolon");
      return false;
    }
    if (text_[at_] == ';') ++at_;
    return true;
  }

  void add(Kind kind, std::size_t length, std::uint64_t value = 0) {
    Token token;
    token.kind = kind;
    token.text = text_.substr(at_, length);
    token.value = value;
    token.span = span(at_, at_ + length);
    token.before = std::move(pending_);
    pending_.clear();
    out_.tokens.push_back(std::move(token));
    at_ += length;
  }

  bool token() {
    const char c = text_[at_];
    if (is_digit(c) || (c == '-' && rest().size() > 1 && rest()[1] >= '1' && rest()[1] <= '9')) return number();
    if (is_letter(c)) {
      std::size_t end = at_;
      while (end < text_.size() && is_word(text_[end])) ++end;
      const std::string_view word = text_.substr(at_, end - at_);
      const bool keyword = std::find(kKeywords.begin(), kKeywords.end(), word) != kKeywords.end();
      add(keyword ? Kind::keyword : Kind::identifier, word.size());
      return true;
    }
    for (const std::string_view two : {"==", "!=", "<=", ">=", "||", "&&"})
      if (rest().starts_with(two)) {
        add(Kind::symbol, 2);
        return true;
      }
    if (std::string_view("<>|&[](){},!#").find(c) != std::string_view::npos) {
      add(Kind::symbol, 1);
      return true;
    }
    std::size_t end = at_ + 1;
    while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xc0U) == 0x80U) ++end;
    diagnostics_.add(kTextSyntax, span(at_, end),
                     fmt::format("unexpected '{}'", base::printable(text_.substr(at_, end - at_))));
    return false;
  }

  bool number() {
    std::size_t end = at_;
    const bool negative = text_[end] == '-';
    if (negative) ++end;
    unsigned radix = 10;
    std::size_t digits = end;
    const auto is_hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
    if (!negative && text_[end] == '0' && end + 1 < text_.size()) {
      const char next = text_[end + 1];
      const bool more = end + 2 < text_.size();
      if (next == 'x' && more && is_hex(text_[end + 2])) radix = 16;
      if (next == 'b' && more && (text_[end + 2] == '0' || text_[end + 2] == '1')) radix = 2;
      if (is_digit(next)) radix = 8;
      digits = radix == 8 ? end + 1 : radix == 10 ? end : end + 2;
    }
    end = digits;
    if (radix == 16) {
      while (end < text_.size() && is_hex(text_[end])) ++end;
    } else if (radix == 2) {
      while (end < text_.size() && (text_[end] == '0' || text_[end] == '1')) ++end;
    } else if (radix == 10 && !negative && text_[end] == '0') {
      ++end;
    } else {
      while (end < text_.size() && is_digit(text_[end])) ++end;
    }
    const auto value = number_of(text_.substr(digits, end - digits), radix);
    if (!value) {
      diagnostics_.add(kTextBadNumber, span(at_, end),
                       fmt::format("'{}' does not fit into 64 bits", base::printable(text_.substr(at_, end - at_))));
      return false;
    }
    add(Kind::number, end - at_, negative ? std::uint64_t{0} - *value : *value);
    return true;
  }

  const ReadContext& context_;
  base::Diagnostics& diagnostics_;
  Text& out_;
  std::vector<std::size_t>& pending_;
  const base::SourceFile* file_ = nullptr;
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Text tokenize(const base::SourceFile& file, const ReadContext& context, base::Diagnostics& diagnostics) {
  Text out;
  std::vector<std::size_t> pending;
  Scanner(context, diagnostics, out, pending).run(file, 0);
  Token end;
  const auto size = static_cast<std::uint32_t>(file.text().size());
  end.span = {&file, size, size};
  end.before = std::move(pending);
  out.tokens.push_back(std::move(end));
  return out;
}

}  // namespace callgate::convert::kafel
