// SPDX-License-Identifier: Apache-2.0
#include "compose/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace callgate::compose {
namespace {

enum class Rule { replace, sequence, hosts, names, depends_on, build, logging, ulimit, address_pools };

struct MergeRule {
  std::string_view pattern;
  Rule rule;
};

constexpr std::array<MergeRule, 29> kRules{{
    {"networks.*.ipam.config", Rule::address_pools},
    {"networks.*.labels", Rule::sequence},
    {"volumes.*.labels", Rule::sequence},
    {"services.*.annotations", Rule::sequence},
    {"services.*.build", Rule::build},
    {"services.*.build.args", Rule::sequence},
    {"services.*.build.additional_contexts", Rule::sequence},
    {"services.*.build.extra_hosts", Rule::hosts},
    {"services.*.build.labels", Rule::sequence},
    {"services.*.command", Rule::replace},
    {"services.*.depends_on", Rule::depends_on},
    {"services.*.deploy.labels", Rule::sequence},
    {"services.*.dns", Rule::sequence},
    {"services.*.dns_opt", Rule::sequence},
    {"services.*.dns_search", Rule::sequence},
    {"services.*.entrypoint", Rule::replace},
    {"services.*.env_file", Rule::sequence},
    {"services.*.label_file", Rule::sequence},
    {"services.*.environment", Rule::sequence},
    {"services.*.extra_hosts", Rule::hosts},
    {"services.*.healthcheck.test", Rule::replace},
    {"services.*.labels", Rule::sequence},
    {"services.*.volumes.*.volume.labels", Rule::sequence},
    {"services.*.logging", Rule::logging},
    {"services.*.models", Rule::names},
    {"services.*.networks", Rule::names},
    {"services.*.sysctls", Rule::sequence},
    {"services.*.tmpfs", Rule::sequence},
    {"services.*.ulimits.*", Rule::ulimit},
}};

const MergeRule* rule_for(const Path& path) {
  if (path.size() < 3) return nullptr;
  const auto found = std::find_if(kRules.begin(), kRules.end(), [&path](const MergeRule& rule) {
    return (rule.pattern.ends_with(path.back()) || rule.pattern.ends_with('*')) && matches(path, rule.pattern);
  });
  return found == kRules.end() ? nullptr : found;
}

// Lists of KEY=VALUE are the common form of what may be written as a mapping too.
std::vector<Value> as_sequence(Value value) {
  if (value.is_list()) return std::move(value.items);
  std::vector<Value> out;
  if (value.is_string()) {
    out.push_back(std::move(value));
    return out;
  }
  if (!value.is_map()) return out;
  for (Value& member : value.items) {
    const base::Span place = member.key_place;
    if (member.kind == Kind::null) {
      out.push_back(make_string(member.key, place));
    } else if (member.is_list()) {
      for (const Value& item : member.items)
        out.push_back(make_string(fmt::format("{}={}", member.key, item.text), place));
    } else {
      out.push_back(make_string(fmt::format("{}={}", member.key, member.text), place));
    }
  }
  std::sort(out.begin(), out.end(), [](const Value& a, const Value& b) { return a.text < b.text; });
  return out;
}

// A list of names is a mapping from them to `each`.
Value as_mapping(Value value, const Value& each) {
  if (!value.is_list()) return value.is_map() ? std::move(value) : make_map();
  Value map = make_map();
  map.place = value.place;
  for (const Value& name : value.items) {
    Value& member = map.member(name.text);
    const std::string key = member.key;
    member = each;
    member.key = key;
    member.key_place = name.place;
  }
  return map;
}

Value default_dependency() {
  Value each = make_map();
  each.items.push_back(make_string("service_started"));
  each.items.back().key = "condition";
  each.items.push_back(make_boolean(true));
  each.items.back().key = "required";
  return each;
}

class Merger {
 public:
  explicit Merger(Path path) : path_(std::move(path)) {}
  Loaded<Value> merge(Value base, Value over);

 private:
  Loaded<Value> mappings(Value base, Value over);
  Loaded<Value> special(Rule rule, Value base, Value over);
  Loaded<Value> address_pools(Value base, const Value& over);
  Path path_;
};

// Keeps the key that the value is a member under.
Value with_items(Value form, std::vector<Value> items) {
  form.kind = Kind::list;
  form.text.clear();
  form.items = std::move(items);
  return form;
}

Value joined(Value base, Value over, bool only_new) {
  Value form = base;
  form.items.clear();
  std::vector<Value> items = as_sequence(std::move(base));
  const std::size_t own = items.size();
  for (Value& item : as_sequence(std::move(over))) {
    const auto equal = [&item](const Value& known) { return same(known, item); };
    const auto end = items.begin() + static_cast<std::ptrdiff_t>(own);
    if (!only_new || std::none_of(items.begin(), end, equal)) items.push_back(std::move(item));
  }
  return with_items(std::move(form), std::move(items));
}

Loaded<Value> Merger::mappings(Value base, Value over) {
  if (base.items.size() + over.items.size() > 2 * kMaxMembers)
    return refuse_limit(fmt::format("{} has more than {} members", join(path_), kMaxMembers), over.place);
  for (Value& member : over.items) {
    Value* known = base.find(member.key);
    if (!known) {
      base.items.push_back(std::move(member));
      continue;
    }
    const std::string key = member.key;
    const base::Span key_place = member.key_place;
    path_.push_back(key);
    auto merged = merge(std::move(*known), std::move(member));
    path_.pop_back();
    if (!merged) return merged;
    *known = std::move(*merged);
    known->key = key;
    if (!known->key_place.file) known->key_place = key_place;
  }
  return base;
}

// The pools of both, by subnet; the later's attributes count.
Loaded<Value> Merger::address_pools(Value base, const Value& over) {
  if (!base.is_list() || !over.is_list()) return refuse(join(path_) + ": unexpected type", over.place);
  constexpr std::size_t kMaxPairs = 10'000;
  if (base.items.size() * over.items.size() > kMaxPairs)
    return refuse_limit(fmt::format("{} has too many address pools", join(path_)), over.place);
  const auto subnet = [](const Value& pool) {
    const Value* found = pool.find("subnet");
    return found ? found->text : std::string();
  };
  std::vector<Value> out;
  const auto known = [&out, &subnet](const Value& pool) {
    return std::find_if(out.begin(), out.end(), [&](const Value& other) { return subnet(other) == subnet(pool); });
  };
  for (const Value& original : base.items)
    for (const Value& change : over.items) {
      if (subnet(original) != subnet(change) && known(change) == out.end()) {
        out.push_back(change);
        continue;
      }
      auto merged = mappings(original, change);
      if (!merged) return merged;
      if (const auto place = known(*merged); place != out.end())
        *place = std::move(*merged);
      else
        out.push_back(std::move(*merged));
    }
  return with_items(std::move(base), std::move(out));
}

Loaded<Value> Merger::special(Rule rule, Value base, Value over) {
  if (rule != Rule::sequence && base.items.size() + over.items.size() > kMaxMembers)
    return refuse_limit(fmt::format("{} has more than {} entries", join(path_), kMaxMembers), over.place);
  const Value none;
  switch (rule) {
    case Rule::replace:
      return over;
    case Rule::sequence:
      return joined(std::move(base), std::move(over), false);
    case Rule::hosts:
      return joined(std::move(base), std::move(over), true);
    case Rule::names:
      return mappings(as_mapping(std::move(base), none), as_mapping(std::move(over), none));
    case Rule::depends_on:
      return mappings(as_mapping(std::move(base), default_dependency()),
                      as_mapping(std::move(over), default_dependency()));
    case Rule::build: {
      const auto long_form = [](const Value& value) {
        if (!value.is_string()) return value.is_map() ? value : make_map();
        Value map = make_map();
        map.place = value.place;
        map.member("context") = make_string(value.text, value.place);
        map.items.back().key = "context";
        return map;
      };
      return mappings(long_form(base), long_form(over));
    }
    case Rule::logging: {
      if (!base.is_map() || !over.is_map()) return over;
      const Value* driver = base.find("driver");
      const Value* other = over.find("driver");
      return !driver || !other || same(*driver, *other) ? mappings(std::move(base), std::move(over)) : over;
    }
    case Rule::ulimit:
      return over;
    case Rule::address_pools:
      return address_pools(std::move(base), over);
  }
  return over;
}

Loaded<Value> Merger::merge(Value base, Value over) {
  if (const MergeRule* rule = rule_for(path_)) return special(rule->rule, std::move(base), std::move(over));
  if (over.kind == Kind::null) return base;
  if ((base.is_map() && !over.is_map()) || (base.is_list() && !over.is_list()))
    return refuse("cannot override " + join(path_), over.place);
  if (base.is_map()) return mappings(std::move(base), std::move(over));
  if (!base.is_list()) return over;
  base.items.insert(base.items.end(), std::make_move_iterator(over.items.begin()),
                    std::make_move_iterator(over.items.end()));
  return base;
}

}  // namespace

Loaded<Value> merge_models(Value base, Value over) {
  return Merger({}).merge(std::move(base), std::move(over));
}

Loaded<Value> merge_services(Value base, Value over) {
  return Merger({"services", "x"}).merge(std::move(base), std::move(over));
}

}  // namespace callgate::compose
