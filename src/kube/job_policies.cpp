// Source: pkg/apis/batch/validation (validatePodFailurePolicy, validateSuccessPolicy, validateIndexesFormat).
// SPDX-License-Identifier: Apache-2.0
#include "kube/job_policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.h"
#include "kube/names.h"
#include "kube/pod.h"
#include "kube/struct_json.h"
#include "manifest/go_text.h"

namespace callgate::kube {

namespace {

using manifest::go_quote;
using Words = std::initializer_list<std::string_view>;

void needed(const Value& found, Words good) {
  if (!found.text().empty()) return found.one_needed_of(good);
  std::string all;
  for (const std::string_view each : good) all += (all.empty() ? "" : " ") + go_quote(each);
  found.required(fmt::format("valid values: [{}]", all));
}

void exit_codes(const Value& codes, const std::set<std::string_view>& containers) {
  constexpr std::size_t kMost = 255;
  const Value how = codes.at("operator"), name = codes.at("containerName"), values = codes.at("values");
  needed(how, {"In", "NotIn"});
  if (name && !containers.contains(name.text()))
    name.invalid("must be one of the container or initContainer names in the pod template");
  const auto each_of = codes.items("values");
  if (each_of.empty())
    values.invalid_as(json::list(values.node()), "at least one value is required");
  else if (each_of.size() > kMost)
    values.too_many(each_of.size(), kMost);
  std::set<std::int64_t> seen;
  for (const Value& each : each_of) {
    if (how.text() == "In" && each.number() == 0) each.invalid("must not be 0 for the In operator");
    if (!seen.insert(each.number()).second) each.duplicate_as(fmt::format("{}", each.number()));
  }
  const bool ordered = std::is_sorted(each_of.begin(), each_of.end(),
                                      [](const Value& a, const Value& b) { return a.number() < b.number(); });
  if (!ordered) values.invalid_as(json::list(values.node()), "must be ordered");
}

void conditions(const Value& rule) {
  constexpr std::size_t kMost = 20;
  const auto patterns = rule.items("onPodConditions");
  if (patterns.size() > kMost) rule.at("onPodConditions").too_many(patterns.size(), kMost);
  for (const Value& each : patterns) {
    const Value type = each.at("type");
    for (const std::string& fault : qualified_name_faults(type.text())) type.invalid_as(go_quote(type.text()), fault);
    each.at("status").one_of({"False", "True", "Unknown"});
  }
}

void failure_rule(const Value& rule, const Value& spec, const std::set<std::string_view>& containers) {
  const Value action = rule.at("action"), codes = rule.at("onExitCodes");
  if (action.text() != "FailIndex")
    needed(action, {"Count", "FailIndex", "FailJob", "Ignore"});
  else if (!spec.has("backoffLimitPerIndex"))
    action.invalid("requires the backoffLimitPerIndex to be set");
  const bool by_condition = rule.size("onPodConditions") > 0;
  if (codes) exit_codes(codes, containers);
  conditions(rule);
  const auto refuse = [&](std::string_view why) { rule.errors().wrong(rule.path(), why, rule.place()); };
  if (codes && by_condition) refuse("specifying both OnExitCodes and OnPodConditions is not supported");
  if (!codes && !by_condition) refuse("specifying one of OnExitCodes and OnPodConditions is required");
}

std::optional<std::int64_t> read_index(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? std::optional(out) : std::nullopt;
}

// "1,3-5" has four; or what is wrong with it.
struct Indexes {
  std::int64_t count = 0;
  std::string fault;
};
Indexes read_indexes(std::string_view text, std::int64_t completions) {
  Indexes out;
  if (text.empty()) return out;
  std::optional<std::int64_t> last;
  for (const std::string_view interval : base::split(text, ',')) {
    const auto ends = base::split(interval, '-');
    if (ends.size() > 2)
      return {0, fmt::format("the fragment {} violates the requirement that an index interval can have at most two "
                             "parts separated by '-'",
                             go_quote(interval))};
    std::vector<std::int64_t> numbers;
    for (const std::string_view end : ends) {
      const auto number = read_index(end);
      if (!number) return {0, fmt::format("cannot convert string to integer for index: {}", go_quote(end))};
      if (*number >= completions) return {0, fmt::format("too large index: {}", go_quote(end))};
      numbers.push_back(*number);
    }
    const auto wrong_order = [](std::int64_t a, std::int64_t b) {
      return Indexes{0, fmt::format("non-increasing order, previous: {}, current: {}", a, b)};
    };
    if (numbers.size() == 2 && numbers[0] >= numbers[1]) return wrong_order(numbers[0], numbers[1]);
    if (last && *last >= numbers.front()) return wrong_order(*last, numbers.front());
    out.count += numbers.back() - numbers.front() + 1;
    last = numbers.back();
  }
  return out;
}

void success_rule(const Value& rule, std::int64_t completions) {
  constexpr std::size_t kLongest = std::size_t{64} * 1024;
  const Value count = rule.at("succeededCount"), indexes = rule.at("succeededIndexes");
  if (!count && !indexes) rule.required("at least one of succeededCount or succeededIndexes must be specified");
  Indexes read;
  if (indexes) {
    if (indexes.text().size() > kLongest) indexes.too_long(kLongest);
    read = read_indexes(indexes.text(), completions);
    if (!read.fault.empty()) indexes.invalid("error parsing succeededIndexes: " + read.fault);
  }
  if (!count) return;
  count.not_negative();
  const auto at_most = [&](std::int64_t most, std::string_view what) {
    if (count.number() > most)
      count.invalid(fmt::format("must be less than or equal to {} (the number of {})", most, what));
  };
  at_most(completions, "specified completions");
  if (indexes) at_most(read.count, "indexes in the specified succeededIndexes field");
}

std::string success_json(const Value& policy) {
  std::string rules;
  for (const text::Node each : elements(policy.node(), "rules"))
    rules += (rules.empty() ? "" : ",") +
             json::pointers(each, {{"SucceededIndexes", "succeededIndexes"}, {"SucceededCount", "succeededCount"}});
  return fmt::format("{{\"Rules\":{}}}", policy.has("rules") ? "[" + rules + "]" : "null");
}

}  // namespace

void job_failure_policy(const Value& spec) {
  constexpr std::size_t kMost = 20;
  const Value policy = spec.at("podFailurePolicy"), pod = spec.at("template").at("spec");
  if (!policy) return;
  const auto rules = policy.items("rules");
  if (rules.size() > kMost) policy.at("rules").too_many(rules.size(), kMost);
  std::set<std::string_view> containers;
  for (const std::string_view list : {"containers", "initContainers"})
    for (const text::Node each : elements(pod.node(), list)) containers.insert(string_field(each, "name"));
  for (const Value& each : rules) failure_rule(each, spec, containers);
}

void job_success_policy(const Value& spec, std::optional<std::int64_t> completions) {
  constexpr std::size_t kMost = 20;
  const Value policy = spec.at("successPolicy");
  if (!policy) return;
  if (spec.text("completionMode") != "Indexed")
    return policy.invalid_as(success_json(policy), "requires indexed completion mode");
  const auto rules = policy.items("rules");
  if (rules.empty())
    policy.at("rules").required("at least one rules must be specified when the successPolicy is specified");
  if (rules.size() > kMost) policy.at("rules").too_many(rules.size(), kMost);
  if (!completions) return;  // refused for that
  for (const Value& each : rules) success_rule(each, *completions);
}

void job_replacement_policy(const Value& spec) {
  const Value policy = spec.at("podReplacementPolicy");
  if (spec.has("podFailurePolicy"))
    policy.one_set_of({"Failed"});
  else
    policy.one_set_of({"Failed", "TerminatingOrFailed"});
}

}  // namespace callgate::kube
