// SPDX-License-Identifier: Apache-2.0
#include "format/rule_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "format/diagnostic_ids.h"

namespace callgate::format {

namespace {
enum FilterField : int { kCaps, kArches, kMinKernel };
constexpr std::array<std::string_view, 3> kFilterFields{"caps", "arches", "minKernel"};
constexpr std::span<const std::string_view> kWithoutMinKernel{kFilterFields.data(), 2};
}  // namespace

// "X.Y", each at most 255 and not both 0; an empty string is no condition but 0.0 (KernelVersion.UnmarshalJSON).
std::optional<arch::KernelVersion> RuleFilter::read_min_kernel(text::Node node) {
  const auto text = expect_string(node, "minKernel", report_);
  if (!text) return std::nullopt;
  if (text->text.empty()) return arch::KernelVersion{0, 0};
  const auto parts = base::split(text->text, '.');
  const auto number = [](std::string_view part) -> std::optional<std::uint16_t> {
    unsigned value = 0;
    if (part.empty()) return std::nullopt;
    for (const char c : part) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + static_cast<unsigned>(c - '0');
      if (value > 255) return std::nullopt;
    }
    return static_cast<std::uint16_t>(value);
  };
  if (parts.size() == 2) {
    const auto major = number(parts[0]), minor = number(parts[1]);
    if (major && minor && (*major != 0 || *minor != 0)) return arch::KernelVersion{*major, *minor};
  }
  report_.add(kBadMinKernel, text->span,
              fmt::format("minKernel '{}' is not a kernel version", base::printable(text->text)),
              "write two numbers up to 255, as in \"5.10\"");
  return std::nullopt;
}

const RuleFilter::Condition& RuleFilter::read(text::Node node, std::string_view what) {
  Condition& condition = condition_;
  condition.caps.clear();
  condition.arches.clear();
  condition.min_kernel.reset();
  if (!expect_object(node, what, report_)) return condition;
  Fields fields(dialect_.min_kernel ? std::span<const std::string_view>(kFilterFields) : kWithoutMinKernel, true,
                report_);
  for (const text::Node member : node) {
    const int field = fields.match(member);
    if (field == Fields::kUnknown) {
      if (folds_to(member.key(), "minKernel")) {
        report_.skipped(kMinKernelIgnored, member.key_span(),
                        "Podman ignores 'minKernel': the rule counts whatever the kernel");
      } else {
        report_.add(kUnknownKey, member.key_span(),
                    fmt::format("unknown key '{}' in '{}'", base::printable(member.key()), what));
      }
      continue;
    }
    if (member.is_null()) continue;
    switch (field) {
      case kCaps:
        read_strings(member, "caps", report_, condition.caps);
        break;
      case kArches:
        read_strings(member, "arches", report_, condition.arches);
        break;
      case kMinKernel:
        condition.min_kernel = read_min_kernel(member);
        break;
      default:
        break;
    }
  }
  warn_unknown(condition);
  return condition;
}

void RuleFilter::warn_unknown(const Condition& condition) {
  for (const Word& cap : condition.caps)
    if (!known_capability(cap.text))
      report_.skipped(kUnknownCapability, cap.span,
                      fmt::format("no container ever holds '{}'", base::printable(cap.text)),
                      "capabilities are written CAP_SYS_ADMIN, in capitals and with CAP_");
  for (const Word& arch : condition.arches)
    if (!known_arches_name(options_.as, arch.text))
      report_.skipped(kUnknownArches, arch.span,
                      fmt::format("no machine is called '{}' here", base::printable(arch.text)),
                      "these lists use names such as amd64, arm64, s390x");
}

bool RuleFilter::holds_capability(std::string_view name) const {
  return std::find(options_.capabilities.begin(), options_.capabilities.end(), name) != options_.capabilities.end();
}

bool RuleFilter::included(text::Node includes) {
  const Condition& c = read(includes, "includes");
  if (!c.arches.empty() &&
      std::none_of(c.arches.begin(), c.arches.end(), [&](const Word& w) { return w.text == arches_name_; }))
    return false;
  if (!std::all_of(c.caps.begin(), c.caps.end(), [&](const Word& w) { return holds_capability(w.text); })) return false;
  return !c.min_kernel || options_.kernel >= *c.min_kernel;
}

bool RuleFilter::excluded(text::Node excludes) {
  const Condition& c = read(excludes, "excludes");
  if (std::any_of(c.arches.begin(), c.arches.end(), [&](const Word& w) { return w.text == arches_name_; })) return true;
  if (std::any_of(c.caps.begin(), c.caps.end(), [&](const Word& w) { return holds_capability(w.text); })) return true;
  return c.min_kernel && options_.kernel >= *c.min_kernel;
}

}  // namespace callgate::format
