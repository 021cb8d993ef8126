// SPDX-License-Identifier: Apache-2.0
#include "compose/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace callgate::compose {

Value* Value::find(std::string_view name) {
  return const_cast<Value*>(std::as_const(*this).find(name));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

const Value* Value::find(std::string_view name) const {
  if (!is_map()) return nullptr;
  const auto found = std::find_if(items.begin(), items.end(), [name](const Value& item) { return item.key == name; });
  return found == items.end() ? nullptr : &*found;
}

Value& Value::member(std::string_view name) {
  if (Value* known = find(name)) return *known;
  Value added;
  added.key = name;
  return items.emplace_back(std::move(added));
}

void Value::erase(std::string_view name) {
  std::erase_if(items, [name](const Value& item) { return item.key == name; });
}

Value make_string(std::string text, base::Span place) {
  Value value;
  value.kind = Kind::string;
  value.text = std::move(text);
  value.place = place;
  return value;
}

Value make_boolean(bool truth) {
  Value value;
  value.kind = Kind::boolean;
  value.text = truth ? "true" : "false";
  return value;
}

Value make_map() {
  Value value;
  value.kind = Kind::map;
  return value;
}

bool same(const Value& a, const Value& b) {
  if (a.kind != b.kind || a.items.size() != b.items.size()) return false;
  if (a.kind == Kind::list) return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same);
  if (a.kind != Kind::map) return a.text == b.text;
  return std::all_of(a.items.begin(), a.items.end(), [&b](const Value& item) {
    const Value* other = b.find(item.key);
    return other && same(item, *other);
  });
}

std::size_t count(const Value& value) {
  std::size_t values = 1;
  for (const Value& item : value.items) values += count(item);
  return values;
}

bool matches(const Path& path, std::string_view pattern) {
  if (static_cast<std::size_t>(std::count(pattern.begin(), pattern.end(), '.')) + 1 != path.size()) return false;
  for (const std::string_view key : path) {
    const std::size_t dot = std::min(pattern.find('.'), pattern.size());
    const std::string_view part = pattern.substr(0, dot);
    if (part != "*" && part != key) return false;
    pattern.remove_prefix(std::min(dot + 1, pattern.size()));
  }
  return true;
}

std::string join(const Path& path) {
  return fmt::format("{}", fmt::join(path, "."));
}

}  // namespace callgate::compose
