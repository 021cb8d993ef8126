// SPDX-License-Identifier: Apache-2.0
#include "convert/hash_comments.h"

#include <fmt/format.h>

#include "base/text.h"

namespace callgate::convert {

namespace {

// Without the sign and one space.
std::string_view stripped(std::string_view line) {
  line = base::trim(line);
  line.remove_prefix(1);
  return base::trim(line);
}

bool is_comment(std::string_view line) {
  return base::trim(line).starts_with('#');
}

}  // namespace

std::vector<std::string> head_comments(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string_view line : base::split(text, '\n')) {
    if (is_comment(line)) {
      out.emplace_back(stripped(line));
    } else if (const auto bare = base::trim(line); !bare.empty() && bare != "---") {
      break;
    }
  }
  return out;
}

std::string comment_above(const base::Span& place) {
  if (place.file == nullptr) return {};
  const std::string_view text = place.file->text();
  std::string out;
  std::size_t line_begin = text.rfind('\n', place.begin);
  while (line_begin != std::string_view::npos && line_begin > 0) {
    const std::size_t before = text.rfind('\n', line_begin - 1);
    const std::size_t from = before == std::string_view::npos ? 0 : before + 1;
    const std::string_view line = text.substr(from, line_begin - from);
    if (!is_comment(line)) break;
    if (!out.empty()) out.insert(0, " ");
    out.insert(0, stripped(line));
    line_begin = before;
  }
  return out;
}

std::string comment_beside(const base::Span& place) {
  if (place.file == nullptr) return {};
  const std::string_view text = place.file->text();
  const std::string_view rest = text.substr(place.end, text.find('\n', place.end) - place.end);
  const std::string_view bare = base::trim(rest);
  return bare.starts_with('#') && !rest.starts_with('#') ? std::string(stripped(bare)) : std::string();
}

std::string paragraph_heading(const base::Span& place, std::string_view sign) {
  constexpr int kMostLines = 2000;
  if (place.file == nullptr) return {};
  const std::string_view text = place.file->text();
  std::vector<std::string_view> comment;  // the block met last, from below
  bool inside = false;                    // the line below the present one belongs to that block
  std::size_t end = text.rfind('\n', place.begin);
  for (int lines = 0; end != std::string_view::npos && lines < kMostLines; ++lines) {
    const std::size_t before = end == 0 ? std::string_view::npos : text.rfind('\n', end - 1);
    const std::size_t from = before == std::string_view::npos ? 0 : before + 1;
    const std::string_view line = base::trim(text.substr(from, end - from));
    if (line.empty() || line.ends_with('{')) break;
    if (line.starts_with(sign)) {
      if (!inside && !comment.empty()) return {};
      comment.push_back(base::trim(line.substr(sign.size())));
      inside = true;
    } else {
      if (!comment.empty()) return {};
      inside = false;
    }
    end = before;
    if (before == std::string_view::npos) break;
  }
  std::string out;
  for (auto each = comment.rbegin(); each != comment.rend(); ++each)
    out += (out.empty() ? "" : " ") + std::string(*each);
  return out;
}

std::string hash_lines(const std::vector<std::string>& lines, std::string_view indent) {
  std::string out;
  for (const std::string& each : lines)
    for (const std::string_view line : base::split(each, '\n')) {
      const auto bare = base::trim(line);
      out += bare.empty() ? fmt::format("{}#\n", indent) : fmt::format("{}# {}\n", indent, bare);
    }
  return out;
}

}  // namespace callgate::convert
