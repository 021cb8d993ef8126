// SPDX-License-Identifier: Apache-2.0
#include "samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace callgate::bench {

namespace {

// Characters of UTF-8 text: bytes that continue none.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

// A field of RFC 4180: names hold commas, and those of peers whatever the command line said.
std::string csv_field(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

// Small limits need their decimals, large ones do not.
int decimals_of(double limit) {
  return limit < 20 ? 2 : 0;
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

void Samples::add(const std::string& job, const std::string& competitor, const std::string& quantity, double value) {
  samples_[{job, competitor, quantity}].push_back({round_, value});
}

double Samples::median(const std::string& job, const std::string& competitor, const std::string& quantity) const {
  std::vector<double> values;
  if (const auto found = samples_.find({job, competitor, quantity}); found != samples_.end())
    for (const Sample& sample : found->second) values.push_back(sample.value);
  return bench::median(std::move(values));
}

bool Samples::write_csv(const std::string& path) const {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return false;
  fmt::print(file, "round,job,competitor,quantity,value\n");
  for (const auto& [key, samples] : samples_) {
    const std::string names = csv_field(std::get<0>(key)) + "," + csv_field(std::get<1>(key)) + "," + std::get<2>(key);
    for (const Sample& sample : samples) fmt::print(file, "{},{},{}\n", sample.round, names, sample.value);
  }
  return std::fclose(file) == 0;
}

std::string figure(double value, int decimals) {
  return std::isnan(value) ? "–" : fmt::format("{:.{}f}", value, decimals);
}

std::string ratio(double peer, double own) {
  return std::isnan(peer) || std::isnan(own) || own == 0 ? "–" : fmt::format("{:.2f}×", peer / own);
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    if (widths.size() < row.size()) widths.resize(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - width(row[i]), ' ');
      out += i == 0 ? row[i] + space : "  " + space + row[i];
    }
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  }
  return out;
}

std::string targets_text(const std::vector<Target>& targets) {
  Table table({"target", "asked", "measured", ""});
  for (const Target& target : targets) {
    const int decimals = decimals_of(target.limit);
    std::string verdict = "not measured";
    if (!std::isnan(target.measured)) {
      const bool met = target.at_least ? target.measured >= target.limit : target.measured <= target.limit;
      const double off = 100 * std::abs(target.measured - target.limit) / target.limit;
      verdict = fmt::format("{} by {:.1f} %", met ? "met" : "missed", off);
    }
    table.add({target.title, fmt::format("{} {:.{}f}", target.at_least ? "≥" : "≤", target.limit, decimals),
               figure(target.measured, decimals), verdict});
  }
  return table.text();
}

}  // namespace callgate::bench
