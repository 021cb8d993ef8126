// SPDX-License-Identifier: Apache-2.0
#include "base/source.h"

#include <algorithm>

namespace callgate::base {

const std::vector<std::uint32_t>& SourceFile::line_starts() const {
  if (line_starts_.empty()) {
    line_starts_.push_back(0);
    for (std::size_t i = 0; i < text_.size(); ++i)
      if (text_[i] == '\n') line_starts_.push_back(static_cast<std::uint32_t>(i + 1));
  }
  return line_starts_;
}

std::size_t SourceFile::line_index(std::uint32_t offset) const {
  const auto& starts = line_starts();
  offset = std::min(offset, static_cast<std::uint32_t>(text_.size()));
  return static_cast<std::size_t>(std::upper_bound(starts.begin(), starts.end(), offset) - starts.begin() - 1);
}

Position SourceFile::position(std::uint32_t offset) const {
  offset = std::min(offset, static_cast<std::uint32_t>(text_.size()));
  const std::size_t line = line_index(offset);
  const std::uint32_t start = line_starts()[line];
  std::uint32_t chars = 0;
  for (std::uint32_t i = start; i < offset; ++i)
    if ((static_cast<unsigned char>(text_[i]) & 0xc0U) != 0x80U) ++chars;
  return {first_line_ + static_cast<std::uint32_t>(line), offset - start + 1, chars + 1};
}

std::string_view SourceFile::line_at(std::uint32_t offset) const {
  const auto& starts = line_starts();
  const std::size_t line = line_index(offset), begin = starts[line];
  std::size_t end = line + 1 < starts.size() ? starts[line + 1] - 1 : text_.size();
  if (end > begin && text_[end - 1] == '\r') --end;
  return std::string_view(text_).substr(begin, end - begin);
}

}  // namespace callgate::base
