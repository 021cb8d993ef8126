// SPDX-License-Identifier: Apache-2.0
#include "compose/interpolate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "compose/diagnostic_ids.h"
#include "manifest/go_text.h"

namespace callgate::compose {
namespace {

enum class Cast { boolean, integer, integer64, real };

struct CastRule {
  std::string_view pattern;
  Cast cast;
};

// loader/interpolate.go's table.
constexpr std::array<CastRule, 40> kCasts{{
    {"services.*.cpu_count", Cast::integer64},
    {"services.*.cpu_percent", Cast::real},
    {"services.*.cpu_period", Cast::integer64},
    {"services.*.cpu_quota", Cast::integer64},
    {"services.*.cpu_rt_period", Cast::integer64},
    {"services.*.cpu_rt_runtime", Cast::integer64},
    {"services.*.cpus", Cast::real},
    {"services.*.cpu_shares", Cast::integer64},
    {"services.*.init", Cast::boolean},
    {"services.*.deploy.replicas", Cast::integer},
    {"services.*.deploy.update_config.parallelism", Cast::integer},
    {"services.*.deploy.update_config.max_failure_ratio", Cast::real},
    {"services.*.deploy.rollback_config.parallelism", Cast::integer},
    {"services.*.deploy.rollback_config.max_failure_ratio", Cast::real},
    {"services.*.deploy.restart_policy.max_attempts", Cast::integer},
    {"services.*.deploy.placement.max_replicas_per_node", Cast::integer},
    {"services.*.healthcheck.retries", Cast::integer},
    {"services.*.healthcheck.disable", Cast::boolean},
    {"services.*.oom_kill_disable", Cast::boolean},
    {"services.*.oom_score_adj", Cast::integer64},
    {"services.*.pids_limit", Cast::integer64},
    {"services.*.ports.[].target", Cast::integer},
    {"services.*.privileged", Cast::boolean},
    {"services.*.read_only", Cast::boolean},
    {"services.*.scale", Cast::integer},
    {"services.*.stdin_open", Cast::boolean},
    {"services.*.tty", Cast::boolean},
    {"services.*.ulimits.*", Cast::integer},
    {"services.*.ulimits.*.hard", Cast::integer},
    {"services.*.ulimits.*.soft", Cast::integer},
    {"services.*.volumes.[].read_only", Cast::boolean},
    {"services.*.volumes.[].volume.nocopy", Cast::boolean},
    {"networks.*.external", Cast::boolean},
    {"networks.*.internal", Cast::boolean},
    {"networks.*.attachable", Cast::boolean},
    {"networks.*.enable_ipv4", Cast::boolean},
    {"networks.*.enable_ipv6", Cast::boolean},
    {"volumes.*.external", Cast::boolean},
    {"secrets.*.external", Cast::boolean},
    {"configs.*.external", Cast::boolean},
}};

const CastRule* cast_rule(const Path& path) {
  if (path.size() < 3) return nullptr;
  for (const CastRule& rule : kCasts)
    if ((rule.pattern.ends_with(path.back()) || rule.pattern.ends_with('*')) && matches(path, rule.pattern))
      return &rule;
  return nullptr;
}

Loaded<Value> as_integer(const Value& text, std::string_view function) {
  std::string_view digits = text.text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool is_whole = !digits.empty() && end == digits.data() + digits.size();
  if (is_whole && error == std::errc() && (digits.size() == text.text.size() || digits.front() != '-')) {
    Value value = text;
    value.kind = Kind::integer;
    value.text = std::to_string(number);
    return value;
  }
  return refuse(
      fmt::format("strconv.{}: parsing {}: {}", function, manifest::go_quote(text.text),
                  is_whole && error == std::errc::result_out_of_range ? "value out of range" : "invalid syntax"),
      text.place);
}

Loaded<Value> as_real(const Value& text) {
  double number = 0;
  std::string_view digits = text.text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
    return refuse(fmt::format("strconv.ParseFloat: parsing {}: invalid syntax", manifest::go_quote(text.text)),
                  text.place);
  Value value = text;
  value.kind = Kind::real;
  value.text = fmt::format("{}", number);
  return value;
}

class Interpolator {
 public:
  Interpolator(const Lookup& lookup, std::size_t& budget, base::Diagnostics& diagnostics)
      : lookup_(lookup), budget_(budget), diagnostics_(diagnostics) {}
  Loaded<bool> run(Value& value);

 private:
  Loaded<bool> string(Value& value);
  const Lookup& lookup_;
  std::size_t& budget_;
  base::Diagnostics& diagnostics_;
  Path path_;
  std::vector<std::string> unset_;
};

Loaded<bool> Interpolator::string(Value& value) {
  if (value.text.find('$') != std::string::npos) {
    auto text = substitute(value.text, lookup_, unset_);
    for (const std::string& name : unset_)
      diagnostics_.add(
          kUnsetVariable, value.place,
          fmt::format("The {} variable is not set. Defaulting to a blank string.", manifest::go_quote(name)),
          fmt::format("set it, or write ${{{}:-}} if it may be empty, or ${{{}:?}} if it must not", name, name));
    unset_.clear();
    if (!text) {
      const SubstitutionFailure& failure = text.error();
      if (failure.kind == SubstitutionFailure::Kind::invalid_template)
        return refuse(
            fmt::format("invalid interpolation format for {}.\nYou may need to escape any $ with another $.\n{}",
                        join(path_), failure.text),
            value.place);
      auto refusal = refuse(fmt::format("error while interpolating {}: {}", join(path_), failure.text), value.place);
      refusal.value().is_limit = failure.kind == SubstitutionFailure::Kind::limit;
      return refusal;
    }
    if (text->size() > budget_)
      return refuse_limit(fmt::format("variables expand to more than {} bytes", kMaxExpanded), value.place);
    budget_ -= text->size();
    value.text = std::move(*text);
  }
  const CastRule* rule = cast_rule(path_);
  if (!rule) return true;
  auto cast = rule->cast == Cast::boolean   ? as_boolean(value, diagnostics_)
              : rule->cast == Cast::real    ? as_real(value)
              : rule->cast == Cast::integer ? as_integer(value, "Atoi")
                                            : as_integer(value, "ParseInt");
  if (!cast)
    return refuse(fmt::format("error while interpolating {}: failed to cast to expected type: {}", join(path_),
                              cast.error().message),
                  value.place);
  value.kind = cast->kind;
  value.text = std::move(cast->text);
  return true;
}

Loaded<bool> Interpolator::run(Value& value) {
  if (value.is_string()) return string(value);
  return each_below(value, path_, [this](Value& item) { return run(item); });
}

}  // namespace

Loaded<Value> as_boolean(const Value& text, base::Diagnostics& diagnostics) {
  const std::string word = base::to_lower(text.text);
  constexpr std::array<std::string_view, 3> kYes{"y", "yes", "on"}, kNo{"n", "no", "off"};
  const bool is_old_yes = std::find(kYes.begin(), kYes.end(), word) != kYes.end();
  const bool is_old_no = std::find(kNo.begin(), kNo.end(), word) != kNo.end();
  const bool truth = is_old_yes || word == "true";
  if (!truth && !is_old_no && word != "false") return refuse("invalid boolean: " + text.text, text.place);
  if (is_old_yes || is_old_no)
    diagnostics.add(kOldBoolean, text.place,
                    fmt::format("{} for boolean is not supported by YAML 1.2, please use `{}`",
                                manifest::go_quote(text.text), truth ? "true" : "false"));
  Value value = text;
  value.kind = Kind::boolean;
  value.text = truth ? "true" : "false";
  return value;
}

Loaded<bool> interpolate(Value& model, const Lookup& lookup, std::size_t& budget, base::Diagnostics& diagnostics) {
  return Interpolator(lookup, budget, diagnostics).run(model);
}

}  // namespace callgate::compose
