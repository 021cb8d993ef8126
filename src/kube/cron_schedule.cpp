// SPDX-License-Identifier: Apache-2.0
#include "kube/cron_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>
#include <vector>

#include "base/text.h"
#include "manifest/go_text.h"

namespace callgate::kube {

namespace {

#include "kube/time_zones.inc"

using Refusal = std::optional<std::string>;
using manifest::go_quote;

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kDays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Bounds {
  std::uint64_t least, most;
  std::span<const std::string_view> names;  // of the least and on
};
constexpr std::array<Bounds, 5> kFields{{{0, 59, {}}, {0, 23, {}}, {1, 31, {}}, {1, 12, kMonths}, {0, 6, kDays}}};

// strconv.Atoi.
Refusal read_integer(std::string_view text, std::int64_t& out) {
  const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  const bool whole =
      read.ptr == digits.data() + digits.size() && !(text.size() > 1 && digits != text && digits[0] == '-');
  if (whole && read.ec == std::errc()) return std::nullopt;
  return fmt::format("failed to parse int from {}: strconv.Atoi: parsing {}: {}", text, go_quote(text),
                     whole && read.ec == std::errc::result_out_of_range ? "value out of range" : "invalid syntax");
}

Refusal read_number(std::string_view text, const Bounds& bounds, std::uint64_t& out) {
  const auto name = std::find(bounds.names.begin(), bounds.names.end(), base::to_lower(std::string(text)));
  if (name != bounds.names.end()) {
    out = bounds.least + static_cast<std::uint64_t>(name - bounds.names.begin());
    return std::nullopt;
  }
  std::int64_t number = 0;
  if (auto fault = read_integer(text, number)) return fault;
  if (number < 0) return fmt::format("negative number ({}) not allowed: {}", number, text);
  out = static_cast<std::uint64_t>(number);
  return std::nullopt;
}

// number | number "-" number [ "/" number ]
Refusal range_fault(std::string_view text, const Bounds& bounds) {
  const auto parts = base::split(text, '/'), ends = base::split(parts[0], '-');
  std::uint64_t first = bounds.least, last = bounds.most, step = 1;
  if (ends[0] != "*" && ends[0] != "?") {
    if (auto fault = read_number(ends[0], bounds, first)) return fault;
    last = first;
    if (ends.size() > 2) return fmt::format("too many hyphens: {}", text);
    if (ends.size() == 2)
      if (auto fault = read_number(ends[1], bounds, last)) return fault;
  }
  if (parts.size() > 2) return fmt::format("too many slashes: {}", text);
  if (parts.size() == 2) {
    if (auto fault = read_number(parts[1], {0, 0, {}}, step)) return fault;
    if (ends.size() == 1) last = bounds.most;
  }
  if (first < bounds.least)
    return fmt::format("beginning of range ({}) below minimum ({}): {}", first, bounds.least, text);
  if (last > bounds.most) return fmt::format("end of range ({}) above maximum ({}): {}", last, bounds.most, text);
  if (first > last) return fmt::format("beginning of range ({}) beyond end of range ({}): {}", first, last, text);
  if (step == 0) return fmt::format("step of range should be a positive number: {}", text);
  return std::nullopt;
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at < text.size();) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && !is_space(text[at])) ++at;
    out.push_back(text.substr(begin, at - begin));
  }
  return out;
}

// "1", "1.5", ".5", from the front.
std::optional<double> take_decimal(std::string_view& text) {
  double value = 0, place = 1;
  std::size_t at = 0, digits = 0;
  const auto take = [&](const auto& add) {
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) add(text[at] - '0');
  };
  take([&](int digit) { value = value * 10 + digit; });
  if (at < text.size() && text[at] == '.') {
    ++at;
    take([&](int digit) { value += digit * (place /= 10); });
  }
  text.remove_prefix(at);
  return digits == 0 ? std::nullopt : std::optional(value);
}

// time.ParseDuration: "1h30m", "-1.5s".
Refusal duration_fault(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 8> kUnits{{{"ns", 1},
                                                                       {"us", 1e3},
                                                                       {"\u00b5s", 1e3},
                                                                       {"\u03bcs", 1e3},
                                                                       {"ms", 1e6},
                                                                       {"s", 1e9},
                                                                       {"m", 6e10},
                                                                       {"h", 3.6e12}}};
  constexpr double kMost = 9.3e18;
  Refusal invalid = fmt::format("time: invalid duration {}", go_quote(text));
  std::string_view rest = text;
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) rest.remove_prefix(1);
  if (rest == "0") return std::nullopt;
  if (rest.empty()) return invalid;
  double sum = 0;
  while (!rest.empty()) {
    const auto value = take_decimal(rest);
    if (!value) return invalid;
    const std::size_t end = std::min(rest.find_first_of("0123456789."), rest.size());
    const std::string_view unit = rest.substr(0, end);
    if (unit.empty()) return fmt::format("time: missing unit in duration {}", go_quote(text));
    const auto known = std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& row) { return row.first == unit; });
    if (known == kUnits.end())
      return fmt::format("time: unknown unit {} in duration {}", go_quote(unit), go_quote(text));
    sum += *value * known->second;
    if (sum > kMost) return invalid;
    rest.remove_prefix(end);
  }
  return std::nullopt;
}

Refusal descriptor_fault(std::string_view text) {
  constexpr std::array<std::string_view, 7> kNames{"@yearly", "@annually", "@monthly", "@weekly",
                                                   "@daily",  "@midnight", "@hourly"};
  constexpr std::string_view kEvery = "@every ";
  if (std::find(kNames.begin(), kNames.end(), text) != kNames.end()) return std::nullopt;
  if (!text.starts_with(kEvery)) return fmt::format("unrecognized descriptor: {}", text);
  const std::string_view duration = text.substr(kEvery.size());
  const auto fault = duration_fault(duration);
  return fault ? Refusal(fmt::format("failed to parse duration {}: {}", duration, *fault)) : std::nullopt;
}

// "TZ=Europe/Berlin 0 3 * * *": what is wrong with the zone; else it is taken from the front.
Refusal take_zone(std::string_view& schedule) {
  if (!schedule.starts_with("TZ=") && !schedule.starts_with("CRON_TZ=")) return std::nullopt;
  const std::size_t begin = schedule.find('=') + 1, end = schedule.find(' ');
  if (end == std::string_view::npos) return "invalid schedule format: runtime error: slice bounds out of range [:-1]";
  const std::string_view zone = schedule.substr(begin, end - begin);
  if (const auto fault = location_fault(zone)) return fmt::format("provided bad location {}: {}", zone, *fault);
  schedule = base::trim(schedule.substr(end));
  return std::nullopt;
}

}  // namespace

Refusal location_fault(std::string_view name) {
  if (name.empty() || name == "UTC" || name == "Local") return std::nullopt;
  if (name.find("..") != std::string_view::npos || name.front() == '/' || name.front() == '\\')
    return "time: invalid location name";
  if (name.starts_with("posix/") || name.starts_with("right/")) return std::nullopt;
  if (std::binary_search(kTimeZones.begin(), kTimeZones.end(), name)) return std::nullopt;
  return fmt::format("unknown time zone {}", name);
}

Refusal schedule_fault(std::string_view schedule) {
  if (auto fault = take_zone(schedule)) return fault;
  if (schedule.starts_with('@')) return descriptor_fault(schedule);
  const auto fields = words(schedule);
  if (fields.size() != kFields.size()) {
    std::string all;
    for (const std::string_view each : fields) all += (all.empty() ? "" : " ") + std::string(each);
    return fmt::format("expected exactly {} fields, found {}: [{}]", kFields.size(), fields.size(), all);
  }
  for (std::size_t i = 0; i < kFields.size(); ++i)
    for (const std::string_view range : base::split(fields[i], ','))
      if (!range.empty())
        if (auto fault = range_fault(range, kFields[i])) return fault;
  return std::nullopt;
}

}  // namespace callgate::kube
