// compose-go finds variables by a regular expression whose braces are greedy to the last '}' of the line, then cuts the
// find at the brace that closes it; the rest of the line is looked at again. Walking the line brace by brace comes to
// the same. SPDX-License-Identifier: Apache-2.0
#include "compose/substitute.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace callgate::compose {
namespace {

constexpr std::size_t kMaxLength = std::size_t{1} << 20;  // of a value with its variables replaced
constexpr int kMaxDepth = 64;                             // of defaults inside defaults
constexpr std::size_t kMaxWork = std::size_t{16} << 20;   // bytes looked at, all defaults together

using Failure = SubstitutionFailure;
using Text = tl::expected<std::string, Failure>;

bool starts_name(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::size_t name_length(std::string_view text) {
  if (text.empty() || !starts_name(text.front())) return 0;
  const auto end =
      std::find_if(text.begin(), text.end(), [](char c) { return !starts_name(c) && (c < '0' || c > '9'); });
  return static_cast<std::size_t>(end - text.begin());
}

// The '}' that closes the first '{', but the character after each '{' is not looked at, as in
// getFirstBraceClosingIndex.
std::size_t closing_brace(std::string_view text) {
  int open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '}' && --open == 0) return i;
    if (text[i] == '{') {
      ++open;
      ++i;
    }
  }
  return std::string_view::npos;
}

class Substituter {
 public:
  Substituter(const Lookup& lookup, std::vector<std::string>& unset) : lookup_(lookup), unset_(unset) {}
  Text run(std::string_view text);

 private:
  Text braced(std::string_view inner);
  std::string plain(std::string_view name);
  // Length of the match at `text`, which begins with '$'; the replacement is appended to `out`.
  tl::expected<std::size_t, Failure> one(std::string_view text, std::string& out);

  const Lookup& lookup_;
  std::vector<std::string>& unset_;
  int depth_ = 0;
  std::size_t work_ = 0;
};

std::string Substituter::plain(std::string_view name) {
  auto value = lookup_(name);
  if (!value) unset_.emplace_back(name);
  return value.value_or("");
}

// NAME, then perhaps an operator and its operand.
Text Substituter::braced(std::string_view inner) {
  const std::size_t length = name_length(inner);
  const std::string_view name = inner.substr(0, length);
  std::string_view rest = inner.substr(length);
  if (rest.empty()) return plain(name);
  const bool counts_empty = rest.starts_with(':');
  if (counts_empty) rest.remove_prefix(1);
  const char operation = rest.front();
  Text operand = run(rest.substr(1));
  if (!operand) return operand;
  const auto value = lookup_(name);
  const bool is_there = value && !(counts_empty && value->empty());
  if (operation == '+') return is_there ? *operand : value.value_or("");
  if (is_there) return *value;
  if (operation == '-') return *operand;
  return tl::unexpected(Failure{Failure::Kind::required, fmt::format("required variable {} is missing a value{}{}",
                                                                     name, operand->empty() ? "" : ": ", *operand)});
}

tl::expected<std::size_t, Failure> Substituter::one(std::string_view text, std::string& out) {
  const std::string_view after = text.substr(1);
  if (after.starts_with('$')) {
    out += '$';
    return 2;
  }
  if (const std::size_t length = name_length(after); length > 0) {
    out += plain(after.substr(0, length));
    return length + 1;
  }
  if (!after.starts_with('{')) {
    out += '$';
    return 1;
  }
  const std::size_t name = name_length(after.substr(1));
  std::string_view tail = after.substr(1 + name);
  if (name > 0 && tail.starts_with('}')) {
    out += plain(after.substr(1, name));
    return name + 3;
  }
  if (tail.starts_with(':')) tail.remove_prefix(1);
  const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size()));
  const std::size_t last = line.rfind('}');
  const bool has_operator =
      name > 0 && !tail.empty() && std::string_view("-+?").find(tail.front()) != std::string_view::npos;
  const auto used = static_cast<std::size_t>(tail.data() - text.data()) + 1;
  if (!has_operator || last == std::string_view::npos || last < used)
    return tl::unexpected(Failure{Failure::Kind::invalid_template, {}});
  std::size_t close = closing_brace(line.substr(0, last + 1));
  if (close == std::string_view::npos || close < used) close = last;
  const Text value = braced(text.substr(2, close - 2));
  if (!value) return tl::unexpected(value.error());
  out += *value;
  return close + 1;
}

Text Substituter::run(std::string_view text) {
  if (text.find('$') == std::string_view::npos) return std::string(text);
  work_ += text.size();
  const std::string_view whole = text;
  if (++depth_ > kMaxDepth)
    return tl::unexpected(Failure{Failure::Kind::limit, fmt::format("defaults lie more than {} deep", kMaxDepth)});
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = std::min(text.find('$'), text.size());
    out.append(text.substr(0, dollar));
    text.remove_prefix(dollar);
    if (text.empty()) break;
    // What follows on the line is looked at again for each variable.
    work_ += text.find('\n') == std::string_view::npos ? text.size() : text.find('\n');
    if (out.size() > kMaxLength || work_ > kMaxWork)
      return tl::unexpected(Failure{Failure::Kind::limit, fmt::format("a value grows beyond {} bytes", kMaxLength)});
    const auto used = one(text, out);
    if (!used) {
      Failure failure = used.error();
      if (failure.kind == Failure::Kind::invalid_template && failure.text.empty()) failure.text = whole;
      return tl::unexpected(std::move(failure));
    }
    text.remove_prefix(*used);
  }
  --depth_;
  return out;
}

}  // namespace

Text substitute(std::string_view text, const Lookup& lookup, std::vector<std::string>& unset) {
  return Substituter(lookup, unset).run(text);
}

}  // namespace callgate::compose
