// Looking things up in a Document.
// SPDX-License-Identifier: Apache-2.0
#include "text/node.h"

#include <algorithm>
#include <charconv>

namespace callgate::text {
namespace {

// YAML's core schema also writes integers as +1, 0x1f and 0o17; JSON's numbers never look so.
template <class T>
std::optional<T> as_integer(std::string_view text) {
  int radix = 10;
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.starts_with("0x")) radix = 16;
  if (text.starts_with("0o")) radix = 8;
  if (radix != 10) text.remove_prefix(2);
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, radix);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string_view Document::tag(std::uint32_t index) const {
  const auto found = std::lower_bound(tags_.begin(), tags_.end(), index,
                                      [](const auto& entry, std::uint32_t wanted) { return entry.first < wanted; });
  return found != tags_.end() && found->first == index ? found->second : std::string_view();
}

Node Node::find(std::string_view name) const {
  Node found;
  if (!*this || !is_object()) return found;
  for (const Node member : *this)
    if (member.key() == name) found = member;
  return found;
}

std::optional<bool> Node::as_bool() const {
  if (kind() != Kind::boolean) return std::nullopt;
  return text().front() == 't' || text().front() == 'T';
}

std::optional<std::uint64_t> Node::as_u64() const {
  return is_number() ? as_integer<std::uint64_t>(text()) : std::nullopt;
}

std::optional<std::int64_t> Node::as_i64() const {
  return is_number() ? as_integer<std::int64_t>(text()) : std::nullopt;
}

}  // namespace callgate::text
