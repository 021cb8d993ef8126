// SPDX-License-Identifier: Apache-2.0
#include "kube/selector.h"

#include <fmt/format.h>

#include <algorithm>

#include "kube/pod.h"
#include "kube/struct_json.h"
#include "kube/validate_values.h"

namespace callgate::kube {

namespace {

using text::Node;

bool fits(Node rule, const Labels& labels) {
  const auto found = labels.find(string_field(rule, "key"));
  const std::string_view how = string_field(rule, "operator");
  const bool there = found != labels.end();
  if (how == "Exists") return there;
  if (how == "DoesNotExist") return !there;
  const auto values = elements(rule, "values");
  const bool among =
      there && std::any_of(values.begin(), values.end(), [&](Node each) { return each.text() == found->second; });
  return how == "In" ? among : !among;
}

}  // namespace

Labels read_labels(Node map) {
  Labels out;
  if (map && map.is_object())
    for (const Node each : map) out.insert_or_assign(std::string(each.key()), std::string(each.text()));
  return out;
}

std::string labels_json(const Labels& labels) {
  if (labels.empty()) return "null";
  std::string out;
  for (const auto& [key, value] : labels)
    out += fmt::format("{}{}:{}", out.empty() ? "" : ",", json::text(key), json::text(value));
  return "{" + out + "}";
}

bool matches(Node selector, const Labels& labels) {
  if (!selector) return false;
  const Labels wanted = read_labels(field(selector, "matchLabels"));
  const auto rules = elements(selector, "matchExpressions");
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const auto& each) {
                       const auto found = labels.find(each.first);
                       return found != labels.end() && found->second == each.second;
                     }) &&
         std::all_of(rules.begin(), rules.end(), [&](Node each) { return fits(each, labels); });
}

bool is_empty_selector(Node selector) {
  const Node labels = field(selector, "matchLabels"), rules = field(selector, "matchExpressions");
  return (!labels || labels.size() == 0) && (!rules || rules.size() == 0);
}

bool check_selector(const Value& selector) {
  const std::size_t before = selector.errors().errors().size();
  values::label_selector(selector);
  return selector.errors().errors().size() == before;
}

}  // namespace callgate::kube
