// SPDX-License-Identifier: Apache-2.0
#include "lint/fix.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "policy/algebra.h"

namespace callgate::lint {

namespace {

std::optional<format::Profile> read(const base::SourceFile& file, const Options& options) {
  base::Diagnostics ignored;
  auto profile = format::read_profile(file, options.reading, ignored);
  return ignored.has_errors() ? std::nullopt : std::move(profile);
}

// Whether the mended text may stand for the old one.
bool acceptable(const base::SourceFile& before, const base::SourceFile& after, const Options& options) {
  const auto old_profile = read(before, options), new_profile = read(after, options);
  if (!old_profile) return true;  // refused before: nothing to widen
  return new_profile && !policy::first_excess(new_profile->policy, old_profile->policy);
}

}  // namespace

std::string apply_edits(std::string_view text, std::vector<Edit> edits) {
  std::stable_sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
  std::string out;
  std::size_t at = 0;
  for (const Edit& edit : edits) {
    out += text.substr(at, edit.begin - at);
    out += edit.text;
    at = edit.end;
  }
  return out + std::string(text.substr(at));
}

Mended mend(const base::SourceFile& file, const Options& options) {
  constexpr std::size_t kMostFixes = 1000;
  Mended out{std::string(file.text()), {}};
  std::vector<std::string> refused;
  for (std::size_t round = 0; round < kMostFixes; ++round) {
    const base::SourceFile current(file.name(), out.text);
    base::Diagnostics ignored;
    const auto report = lint(current, options, ignored);
    if (!report) return out;
    const Finding* next = nullptr;
    for (const Finding& each : report->findings) {
      const bool tried = std::find(refused.begin(), refused.end(), each.message) != refused.end();
      if (next == nullptr && each.fix && !each.suppressed && !tried) next = &each;
    }
    if (next == nullptr) return out;
    std::string text = apply_edits(out.text, next->fix->edits);
    if (acceptable(current, base::SourceFile(file.name(), text), options)) {
      out.fixes.push_back(fmt::format("{}: {}", next->rule->id, next->fix->what));
      out.text = std::move(text);
    }
    // A finding that its fix does not end would be mended for ever.
    refused.push_back(next->message);
  }
  return out;
}

namespace {

struct Line {
  char kind;  // ' ', '-' or '+'
  std::string_view text;
};

// Edit script by the longest common subsequence of what is between the common head and tail.
std::vector<Line> script(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  std::size_t head = 0, tail = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  while (tail < a.size() - head && tail < b.size() - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  const std::size_t n = a.size() - head - tail, m = b.size() - head - tail;
  std::vector<Line> out;
  for (std::size_t i = 0; i < head; ++i) out.push_back({' ', a[i]});
  constexpr std::size_t kMostCells = 16'000'000;
  std::size_t i = 0, j = 0;
  if (n * m < kMostCells) {
    std::vector<std::uint32_t> best((n + 1) * (m + 1));
    const auto at = [&](std::size_t x, std::size_t y) -> std::uint32_t& { return best[x * (m + 1) + y]; };
    for (std::size_t x = n; x-- > 0;)
      for (std::size_t y = m; y-- > 0;)
        at(x, y) = a[head + x] == b[head + y] ? at(x + 1, y + 1) + 1 : std::max(at(x + 1, y), at(x, y + 1));
    while (i < n && j < m) {
      if (a[head + i] == b[head + j]) {
        out.push_back({' ', a[head + i]});
        ++i;
        ++j;
      } else if (at(i + 1, j) >= at(i, j + 1)) {
        out.push_back({'-', a[head + i++]});
      } else {
        out.push_back({'+', b[head + j++]});
      }
    }
  }
  for (; i < n; ++i) out.push_back({'-', a[head + i]});
  for (; j < m; ++j) out.push_back({'+', b[head + j]});
  for (std::size_t k = a.size() - tail; k < a.size(); ++k) out.push_back({' ', a[k]});
  return out;
}

}  // namespace

std::string unified_diff(std::string_view name, std::string_view before, std::string_view after) {
  if (before == after) return {};
  constexpr std::size_t kContext = 3;
  const auto lines_of = [](std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    return base::split(text, '\n');
  };
  const auto lines = script(lines_of(before), lines_of(after));
  std::string out = fmt::format("--- {}\n+++ {}\n", name, name);
  std::size_t old_line = 1, new_line = 1, done = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].kind == ' ') continue;
    const std::size_t begin = std::max(done, i > kContext ? i - kContext : 0);
    // The hunk ends where more than twice the context lies between two changes.
    std::size_t end = i + 1, last = i;
    for (; end < lines.size() && end <= last + 2 * kContext; ++end)
      if (lines[end].kind != ' ') last = end;
    end = std::min(lines.size(), last + 1 + kContext);
    const auto count = [&](std::size_t from, std::size_t to, char other) {
      return static_cast<std::size_t>(std::count_if(lines.begin() + static_cast<std::ptrdiff_t>(from),
                                                    lines.begin() + static_cast<std::ptrdiff_t>(to),
                                                    [&](const Line& l) { return l.kind != other; }));
    };
    old_line += count(done, begin, '+');
    new_line += count(done, begin, '-');
    const std::size_t old_count = count(begin, end, '+'), new_count = count(begin, end, '-');
    out += fmt::format("@@ -{},{} +{},{} @@\n", old_line, old_count, new_line, new_count);
    for (std::size_t k = begin; k < end; ++k) out += fmt::format("{}{}\n", lines[k].kind, lines[k].text);
    old_line += old_count;
    new_line += new_count;
    done = end;
    i = end - 1;
  }
  return out;
}

}  // namespace callgate::lint
