// SPDX-License-Identifier: Apache-2.0
#include "scan/unseen.h"

#include <algorithm>

namespace callgate::scan {

namespace {

// UPX writes its mark behind the program headers, and again before its packed blocks.
bool is_packed_by_upx(const Module& module) {
  constexpr std::size_t kSearched = 4096;
  return std::string_view(module.bytes).substr(0, kSearched).find("UPX!") != std::string_view::npos;
}

}  // namespace

std::vector<std::string_view> unseen_code(const Module& module, bool entered) {
  std::vector<std::string_view> out;
  if (is_packed_by_upx(module)) out.emplace_back("its code is packed by UPX, and unpacks itself when it runs");
  const auto& segments = module.file.segments;
  if (std::any_of(segments.begin(), segments.end(), [](const elf::Segment& s) { return s.writable && s.executable; }))
    out.emplace_back("a segment is both writable and executable, so its code may change while it runs");
  if (entered && !module.is_code(module.file.entry)) out.emplace_back("its entry point is not in its code");
  return out;
}

}  // namespace callgate::scan
