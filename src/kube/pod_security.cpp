// SPDX-License-Identifier: Apache-2.0
#include "kube/pod_security.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "kube/pod_security_checks.h"

namespace callgate::kube {

namespace {

constexpr int kNewest = 1000;  // the minor version that "latest" stands for
constexpr std::string_view kPrefix = "pod-security.kubernetes.io/";
constexpr std::string_view kWrongLevel = "must be one of privileged, baseline, restricted",
                           kWrongVersion = "must be \"latest\" or \"v1.x\"";

enum class Mode { enforce, audit, warn };
constexpr std::array<std::string_view, 3> kModes{"enforce", "audit", "warn"};

std::string label_of(Mode mode, std::string_view rest = {}) {
  return fmt::format("{}{}{}", kPrefix, kModes[static_cast<std::size_t>(mode)], rest);
}
LevelVersion& of(PodSecurity& levels, Mode mode) {
  return mode == Mode::enforce ? levels.enforce : mode == Mode::audit ? levels.audit : levels.warn;
}

// A member of a map of texts: null is the empty text there.
std::optional<std::string_view> entry(text::Node map, std::string_view key) {
  if (!map || !map.is_object()) return std::nullopt;
  const text::Node found = map.find(key);
  if (!found || !(found.is_string() || found.is_null())) return std::nullopt;
  return found.is_string() ? found.text() : std::string_view();
}

// "v1.<minor>" without leading zeros, in the range of an int.
std::optional<std::int64_t> minor_version(std::string_view version) {
  if (!version.starts_with("v1.")) return std::nullopt;
  const std::string_view digits = version.substr(3);
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::int64_t out = 0;
  return std::from_chars(digits.data(), digits.data() + digits.size(), out).ec == std::errc() ? std::optional(out)
                                                                                              : std::nullopt;
}

bool in(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}
bool equivalent(const LevelVersion& a, const LevelVersion& b) {
  return (a.level == Level::privileged && b.level == Level::privileged) || (a.level == b.level && a.minor == b.minor);
}

}  // namespace

std::string LevelVersion::text() const {
  constexpr std::array<std::string_view, 3> kNames{"privileged", "baseline", "restricted"};
  return fmt::format("{}:{}", kNames[static_cast<std::size_t>(level)], minor ? fmt::format("v1.{}", *minor) : "latest");
}

std::optional<Level> find_level(std::string_view text) {
  if (text == "privileged") return Level::privileged;
  if (text == "baseline") return Level::baseline;
  if (text == "restricted") return Level::restricted;
  return std::nullopt;
}

std::optional<LevelVersion> with_version(Level level, std::string_view version) {
  if (version == "latest") return LevelVersion{level, std::nullopt};
  const auto minor = minor_version(version);
  return minor ? std::optional(LevelVersion{level, minor}) : std::nullopt;
}

PodSecurity pod_security_of(text::Node labels, const PodSecurity& defaults) {
  PodSecurity out = defaults;
  bool enforced = false;
  for (const Mode mode : {Mode::enforce, Mode::audit, Mode::warn}) {
    LevelVersion& into = of(out, mode);
    if (const auto level = entry(labels, label_of(mode))) {
      const auto known = find_level(*level);
      into.level = known.value_or(mode == Mode::enforce ? Level::restricted : Level::privileged);
      if (mode == Mode::enforce) enforced = known.has_value();
    }
    if (const auto version = entry(labels, label_of(mode, "-version"))) into.minor = minor_version(*version);
  }
  // Warnings follow what is enforced where nothing is said of them.
  if (!entry(labels, label_of(Mode::warn)) && enforced && out.enforce.level > out.warn.level) {
    out.warn.level = out.enforce.level;
    if (!entry(labels, label_of(Mode::warn, "-version"))) out.warn.minor = out.enforce.minor;
  }
  return out;
}

std::vector<WrongLabel> wrong_labels(text::Node labels) {
  std::vector<WrongLabel> out;
  for (const Mode mode : {Mode::enforce, Mode::audit, Mode::warn}) {
    const std::string level_label = label_of(mode), version_label = label_of(mode, "-version");
    if (const auto level = entry(labels, level_label); level && !find_level(*level))
      out.push_back({level_label, std::string(*level), kWrongLevel, labels.find(level_label).span()});
    if (const auto version = entry(labels, version_label); version && *version != "latest" && !minor_version(*version))
      out.push_back({version_label, std::string(*version), kWrongVersion, labels.find(version_label).span()});
  }
  return out;
}

std::optional<PodSecurityConfiguration> read_configuration(text::Node object) {
  if (string_field(object, "kind") == "AdmissionConfiguration") {
    for (const text::Node plugin : elements(object, "plugins"))
      if (string_field(plugin, "name") == "PodSecurity") return read_configuration(field(plugin, "configuration"));
    return std::nullopt;
  }
  if (string_field(object, "kind") != "PodSecurityConfiguration") return std::nullopt;
  PodSecurityConfiguration out;
  const text::Node defaults = field(object, "defaults"), exemptions = field(object, "exemptions");
  for (const Mode mode : {Mode::enforce, Mode::audit, Mode::warn}) {
    const std::string_view name = kModes[static_cast<std::size_t>(mode)];
    LevelVersion& into = of(out.defaults, mode);
    into.level = find_level(string_field(defaults, name)).value_or(Level::privileged);
    into.minor = minor_version(string_field(defaults, fmt::format("{}-version", name)));
  }
  out.namespaces = string_list(exemptions, "namespaces");
  out.runtime_classes = string_list(exemptions, "runtimeClasses");
  return out;
}

std::optional<std::string> exemption_warning(std::string_view name_space, text::Node labels,
                                             const PodSecurityConfiguration& configuration) {
  if (!in(configuration.namespaces, name_space)) return std::nullopt;
  PodSecurity asked = pod_security_of(labels, configuration.defaults), defaults = configuration.defaults;
  bool privileged = true, same = true;
  std::string said;
  for (const Mode mode : {Mode::enforce, Mode::audit, Mode::warn}) {
    const LevelVersion& level = of(asked, mode);
    privileged = privileged && level.level == Level::privileged;
    same = same && equivalent(level, of(defaults, mode));
    if (level.level == Level::privileged) continue;
    if (!entry(labels, label_of(mode)) && !entry(labels, label_of(mode, "-version"))) continue;
    said += fmt::format("{}{}={}", said.empty() ? "" : ", ", kModes[static_cast<std::size_t>(mode)], level.text());
  }
  if (privileged || same) return std::nullopt;
  return fmt::format("namespace \"{}\" is exempt from Pod Security, and the policy ({}) will be ignored", name_space,
                     said);
}

std::vector<Violation> violations(const Pod& pod, const LevelVersion& level) {
  std::vector<Violation> out;
  if (level.level == Level::privileged) return out;
  const int minor = static_cast<int>(std::min<std::int64_t>(level.minor.value_or(kNewest), kNewest));
  const bool restricted = level.level == Level::restricted;
  const auto run = [&](const checks::Check& check) {
    if (minor < check.since) return;
    if (restricted && check.replaced_since >= 0 && minor >= check.replaced_since) return;
    if (auto found = check.run(pod, minor)) out.push_back(std::move(*found));
  };
  for (const checks::Check& check : checks::baseline()) run(check);
  if (restricted)
    for (const checks::Check& check : checks::restricted()) run(check);
  return out;
}

std::string describe(const std::vector<Violation>& violations) {
  std::string out;
  for (const Violation& each : violations)
    out += fmt::format("{}{}{}", out.empty() ? "" : ", ", each.reason,
                       each.detail.empty() ? "" : fmt::format(" ({})", each.detail));
  return out;
}

}  // namespace callgate::kube
