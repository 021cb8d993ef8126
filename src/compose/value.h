// A Compose model while it is loaded: a tree that is merged, replaced and completed, in which every value still knows
// the file it came from. text::Node cannot be changed; this can. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/source.h"

namespace callgate::compose {

// What Go's YAML reader makes of a value; integers and reals differ in messages and in the schema.
enum class Kind : std::uint8_t { null, boolean, integer, real, timestamp, string, list, map };

struct Value {
  Kind kind = Kind::null;
  base::Span place;          // empty for a value that Compose adds
  base::Span key_place;      // of a mapping's member
  std::string key;           // of a mapping's member
  std::string text;          // scalars, as Go prints them: "true", "5", "1.5", a string's content
  std::vector<Value> items;  // of a list, or the members of a mapping in the order they were first seen

  bool is_map() const { return kind == Kind::map; }
  bool is_list() const { return kind == Kind::list; }
  bool is_string() const { return kind == Kind::string; }
  bool is_true() const { return kind == Kind::boolean && text == "true"; }
  // A mapping's member; null where there is none.
  Value* find(std::string_view name);
  const Value* find(std::string_view name) const;
  // The member of that name, added as null where there is none.
  Value& member(std::string_view name);
  void erase(std::string_view name);
};

Value make_string(std::string text, base::Span place = {});
Value make_boolean(bool value);
Value make_map();

// reflect.DeepEqual: places do not count, nor does the order of members.
bool same(const Value& a, const Value& b);
// The value and all that lies in it.
std::size_t count(const Value& value);

// Where a value stands: keys from the root down, list items as "[]" or their number.
using Path = std::vector<std::string_view>;
// `pattern`: keys joined by dots, "*" for any one.
bool matches(const Path& path, std::string_view pattern);
std::string join(const Path& path);

// Compose's own words for what it will not do, and what they are about.
struct Refusal {
  std::string message;
  base::Span place;
  bool is_limit = false;  // callgate's refusal, not Compose's
};
// Members of one mapping and items of a list that stands for one; they are looked for one by one.
inline constexpr std::size_t kMaxMembers = 2000;
// Values of a project, extended services and included files counted each time; bytes that variables expand to.
inline constexpr std::size_t kMaxValues = 1'000'000;
inline constexpr std::size_t kMaxExpanded = std::size_t{64} << 20;

template <class T>
using Loaded = tl::expected<T, Refusal>;

// `visit` of each member or item of the value, `path` being its own meanwhile; stops at the first refusal.
template <class Visit>
Loaded<bool> each_below(Value& value, Path& path, Visit visit) {
  for (Value& item : value.items) {
    path.push_back(value.is_map() ? std::string_view(item.key) : std::string_view("[]"));
    if (auto ok = visit(item); !ok) return ok;
    path.pop_back();
  }
  return true;
}

// callgate's own refusal.
inline tl::unexpected<Refusal> refuse_limit(std::string message, base::Span place = {}) {
  return tl::unexpected<Refusal>(Refusal{std::move(message), place, true});
}
inline tl::unexpected<Refusal> refuse(std::string message, base::Span place = {}) {
  return tl::unexpected<Refusal>(Refusal{std::move(message), place});
}

}  // namespace callgate::compose
