// A validator for the keywords that the Compose schema uses. jsonschema v6 collects every finding as a tree, and
// compose-go (schema/schema.go) reports one leaf of it: the deepest, the first where several are as deep. Which is
// first depends there on Go's random order of maps; here it is the order of the file.
// SPDX-License-Identifier: Apache-2.0
#include "compose/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <span>

#include "manifest/go_text.h"

namespace callgate::compose {
namespace {

enum class NameClass : std::uint8_t { extension, name, not_empty, lower_case };

struct Slice {
  std::int16_t first, count;
};
struct Property {
  std::string_view name;
  std::int16_t schema;
};
struct AnyProperty {
  NameClass names;
  std::int16_t schema;
};
struct Schema {
  std::uint8_t types;  // bits in the order of kTypeNames; 0: any
  bool has_minimum;
  int minimum;
  bool has_maximum;
  int maximum;
  std::string_view pattern;
  bool unique, closed;
  std::int16_t items;  // -1: none
  Slice enumeration, required, one_of, properties, any_properties;
};

#include "compose/schema_table.inc"

constexpr std::array<std::string_view, 7> kTypeNames{"null",   "boolean", "integer", "number",
                                                     "string", "array",   "mapping"};

template <class T, std::size_t N>
auto slice(const std::array<T, N>& all, Slice part) {
  return std::span(all).subspan(static_cast<std::size_t>(part.first), static_cast<std::size_t>(part.count));
}

const Schema& schema_at(std::int16_t index) {
  return kSchemas[static_cast<std::size_t>(index)];
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool belongs(std::string_view name, NameClass names) {
  switch (names) {
    case NameClass::extension:
      return name.starts_with("x-");
    case NameClass::name:
      return !name.empty() && std::all_of(name.begin(), name.end(), is_name_char);
    case NameClass::not_empty:
      return !name.empty();
    case NameClass::lower_case:
      return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  }
  return false;
}

// container_name: [a-zA-Z0-9][a-zA-Z0-9_.-]+ anywhere.
bool has_container_name(std::string_view text) {
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    const char c = text[at];
    if (is_name_char(c) && c != '_' && c != '.' && c != '-' && is_name_char(text[at + 1])) return true;
  }
  return false;
}

// pull_policy: one of the words, or every_ with a duration, anywhere.
bool has_pull_policy(std::string_view text) {
  constexpr std::array<std::string_view, 8> kWords8{"always",  "never",   "build", "if_not_present",
                                                    "missing", "refresh", "daily", "weekly"};
  const auto holds = [text](std::string_view word) { return text.find(word) != std::string_view::npos; };
  if (std::any_of(kWords8.begin(), kWords8.end(), holds)) return true;
  constexpr std::string_view kEvery = "every_";
  for (std::size_t at = text.find(kEvery); at != std::string_view::npos; at = text.find(kEvery, at + 1)) {
    const std::size_t digits = at + kEvery.size();
    const std::size_t end = std::min(text.find_first_not_of("0123456789", digits), text.size());
    if (end > digits && end < text.size() && std::string_view("wdhms").find(text[end]) != std::string_view::npos)
      return true;
  }
  return false;
}

bool fits_pattern(std::string_view text, std::string_view pattern) {
  return pattern.starts_with('[') ? has_container_name(text) : has_pull_policy(text);
}

double number_of(const Value& value) {
  double number = 0;
  std::from_chars(value.text.data(), value.text.data() + value.text.size(), number);
  return number;
}

bool is_number(const Value& value) {
  return value.kind == Kind::integer || value.kind == Kind::real;
}

// The schema library compares numbers by value and mappings without regard to order.
bool equals(const Value& a, const Value& b) {
  if (is_number(a) && is_number(b)) return number_of(a) == number_of(b);
  return same(a, b);
}

// jsonschema's quote(): single quotes outside, Go's escapes inside.
std::string in_quotes(std::string_view text) {
  const std::string go = manifest::go_quote(text);
  std::string out = "'";
  for (std::size_t i = 1; i + 1 < go.size(); ++i) {
    if (go[i] == '\\' && go[i + 1] == '"') continue;
    if (go[i] == '\'') out += '\\';
    out += go[i];
  }
  return out + "'";
}

std::string quoted_list(const std::vector<std::string_view>& words) {
  std::string out;
  for (const std::string_view word : words) out.append(out.empty() ? "" : ", ").append(in_quotes(word));
  return out;
}

class Checker {
 public:
  // False if `value` breaks the schema; what is found is only kept while `quiet_` is 0.
  bool check(std::int16_t index, const Value& value);
  std::optional<Refusal> take() { return std::move(best_); }

 private:
  bool check_type(const Schema& schema, const Value& value);
  bool check_map(const Schema& schema, const Value& map);
  bool check_list(const Schema& schema, const Value& list);
  bool check_alternatives(const Schema& schema, const Value& value);
  bool check_number(const Schema& schema, const Value& value);
  bool inside(std::int16_t index, const Value& value, std::string_view step);
  bool report(base::Span place, std::string_view text, std::size_t extra = 0);

  Path path_;
  std::size_t depth_ = 0;  // of best_, plus one
  int quiet_ = 0;
  std::optional<Refusal> best_;
};

bool Checker::report(base::Span place, std::string_view text, std::size_t extra) {
  if (quiet_ > 0 || path_.size() + extra + 1 <= depth_) return false;
  depth_ = path_.size() + extra + 1;
  best_ = Refusal{fmt::format("{} {}", join(path_), text), place};
  return false;
}

std::string type_names(std::uint8_t types) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kTypeNames.size(); ++i)
    if ((types >> i & 1U) != 0) names.push_back(kTypeNames[i]);
  std::sort(names.begin(), names.end());
  if (names.size() == 1) return std::string(names.front());
  const std::string_view last = names.back();
  names.pop_back();
  return fmt::format("{} or {}", fmt::join(names, ", "), last);
}

bool Checker::check_type(const Schema& schema, const Value& value) {
  std::uint8_t fits = 0;
  switch (value.kind) {
    case Kind::null:
      fits = 1;
      break;
    case Kind::boolean:
      fits = 2;
      break;
    case Kind::integer:
      fits = 4 | 8;
      break;
    case Kind::real:
      fits = number_of(value) == std::floor(number_of(value)) ? 4 | 8 : 8;
      break;
    case Kind::string:
      fits = 16;
      break;
    case Kind::list:
      fits = 32;
      break;
    case Kind::map:
      fits = 64;
      break;
    case Kind::timestamp:
      return report(value.place, "invalid jsonType time.Time");
  }
  if (schema.types == 0 || (schema.types & fits) != 0) return true;
  return report(value.place, "must be a " + type_names(schema.types));
}

bool Checker::inside(std::int16_t index, const Value& value, std::string_view step) {
  path_.push_back(step);
  const bool ok = check(index, value);
  path_.pop_back();
  return ok;
}

bool Checker::check_map(const Schema& schema, const Value& map) {
  bool ok = true;
  std::vector<std::string_view> missing;
  for (const std::string_view name : slice(kWords, schema.required))
    if (!map.find(name)) missing.push_back(name);
  if (!missing.empty())
    ok = report(map.place, (missing.size() == 1 ? "missing property " : "missing properties ") + quoted_list(missing));
  const auto properties = slice(kProperties, schema.properties);
  std::vector<std::string_view> extra;
  base::Span extra_place;
  for (const Value& member : map.items) {
    bool known = false;
    const auto property = std::lower_bound(properties.begin(), properties.end(), member.key,
                                           [](const Property& p, std::string_view key) { return p.name < key; });
    if (property != properties.end() && property->name == member.key) {
      known = true;
      ok = inside(property->schema, member, member.key) && ok;
    }
    for (const AnyProperty& any : slice(kAnyProperties, schema.any_properties)) {
      if (!belongs(member.key, any.names)) continue;
      known = true;
      ok = inside(any.schema, member, member.key) && ok;
    }
    if (known || !schema.closed) continue;
    if (extra.empty()) extra_place = member.key_place;
    extra.push_back(member.key);
  }
  if (extra.empty()) return ok;
  return report(extra_place, fmt::format("additional properties {} not allowed", quoted_list(extra)), 1);
}

// The first pair in the library's order.
std::optional<std::pair<std::size_t, std::size_t>> equal_items(const std::vector<Value>& items) {
  constexpr std::size_t kMany = 1000;
  if (items.size() > kMany && std::all_of(items.begin(), items.end(), [](const Value& v) { return v.is_string(); })) {
    std::vector<std::size_t> order(items.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&items](std::size_t a, std::size_t b) { return items[a].text < items[b].text; });
    std::optional<std::pair<std::size_t, std::size_t>> best;
    for (std::size_t i = 1; i < order.size(); ++i)
      if (items[order[i]].text == items[order[i - 1]].text && (!best || order[i] < best->second))
        best = {order[i - 1], order[i]};
    return best;
  }
  for (std::size_t i = 1; i < items.size() && i < 4 * kMany; ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (equals(items[i], items[j])) return std::pair(j, i);
  return std::nullopt;
}

bool Checker::check_list(const Schema& schema, const Value& list) {
  bool ok = true;
  if (schema.unique)
    if (const auto pair = equal_items(list.items))
      ok = report(list.items[pair->second].place,
                  fmt::format("items at {} and {} are equal", pair->first, pair->second));
  if (schema.items < 0) return ok;
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const std::string number = std::to_string(i);
    ok = inside(schema.items, list.items[i], number) && ok;
  }
  return ok;
}

bool Checker::check_alternatives(const Schema& schema, const Value& value) {
  const auto alternatives = slice(kAlternatives, schema.one_of);
  // Findings of alternatives count only if none fits.
  ++quiet_;
  std::vector<std::size_t> fitting;
  for (std::size_t i = 0; i < alternatives.size() && fitting.size() < 2; ++i)
    if (check(alternatives[i], value)) fitting.push_back(i);
  --quiet_;
  if (fitting.size() == 1) return true;
  if (fitting.size() == 2)
    return report(value.place, fmt::format("oneOf failed, subschemas {}, {} matched", fitting[0], fitting[1]));
  if (quiet_ == 0)
    for (const std::int16_t alternative : alternatives) check(alternative, value);
  return false;
}

bool Checker::check_number(const Schema& schema, const Value& value) {
  const double number = number_of(value);
  bool ok = true;
  if (schema.has_minimum && number < schema.minimum)
    ok = report(value.place, fmt::format("must be greater than or equal to {}", schema.minimum));
  if (schema.has_maximum && number > schema.maximum)
    ok = report(value.place, fmt::format("must be less than or equal to {}", schema.maximum));
  return ok;
}

bool Checker::check(std::int16_t index, const Value& value) {
  const Schema& schema = schema_at(index);
  if (!check_type(schema, value)) return false;
  const auto words = slice(kWords, schema.enumeration);
  if (!words.empty() && (!value.is_string() || std::find(words.begin(), words.end(), value.text) == words.end())) {
    const std::vector<std::string_view> list(words.begin(), words.end());
    return report(value.place, (list.size() == 1 ? "value must be " : "value must be one of ") + quoted_list(list));
  }
  bool ok = true;
  if (value.is_map()) ok = check_map(schema, value);
  if (value.is_list()) ok = check_list(schema, value);
  if (is_number(value)) ok = check_number(schema, value);
  if (value.is_string() && !schema.pattern.empty() && !fits_pattern(value.text, schema.pattern))
    ok = report(value.place,
                fmt::format("{} does not match pattern {}", in_quotes(value.text), in_quotes(schema.pattern)));
  if (schema.one_of.count > 0) ok = check_alternatives(schema, value) && ok;
  return ok;
}

}  // namespace

std::optional<Refusal> check_schema(const Value& file) {
  Checker checker;
  if (checker.check(kFileSchema, file)) return std::nullopt;
  return checker.take();
}

}  // namespace callgate::compose
