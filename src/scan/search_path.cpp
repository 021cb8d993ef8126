// SPDX-License-Identifier: Apache-2.0
#include "scan/search_path.h"

#include <algorithm>

namespace callgate::scan {

namespace {

constexpr std::size_t kMaxDirectory = 200;  // longer texts are none

// The directory that stands at `at` and ends in "/\0"; empty if none does.
std::string_view directory_at(std::string_view bytes, std::size_t at) {
  if (at >= bytes.size() || bytes[at] != '/') return {};
  const std::string_view rest = bytes.substr(at, kMaxDirectory);
  const auto end = rest.find('\0');
  if (end == std::string_view::npos || end < 2 || rest[end - 1] != '/') return {};
  const std::string_view text = rest.substr(0, end);
  const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
  return std::all_of(text.begin(), text.end(), printable) && text.find("lib") != std::string_view::npos
             ? text
             : std::string_view();
}

}  // namespace

SearchPath search_path_of_glibc(std::string_view loader) {
  std::vector<std::string_view> longest;
  for (std::size_t at = loader.find('/'); at != std::string_view::npos; at = loader.find('/', at + 1)) {
    if (at != 0 && loader[at - 1] != '\0') continue;
    std::vector<std::string_view> run;
    std::size_t next = at;
    for (std::string_view each = directory_at(loader, next); !each.empty(); each = directory_at(loader, next)) {
      run.push_back(each);
      next += each.size() + 1;
    }
    if (run.size() > longest.size()) longest = std::move(run);
    if (next > at) at = next - 1;
  }
  SearchPath out;
  for (const std::string_view each : longest) out.directories.emplace_back(each.substr(0, each.size() - 1));
  // The first is the system's own: $LIB is that, or what it is below /usr.
  if (!out.directories.empty()) {
    const std::string& first = out.directories.front();
    out.folder = first.substr(first.starts_with("/usr/") ? 5 : 1);
  }
  return out;
}

SearchPath search_path_of_musl(const std::string* text) {
  SearchPath out;
  std::string each;
  for (const char c : (text != nullptr ? *text : "/lib:/usr/local/lib:/usr/lib") + std::string("\n")) {
    if (c != ':' && c != '\n')
      each += c;
    else if (!each.empty())
      out.directories.push_back(std::move(each)), each.clear();
  }
  return out;
}

}  // namespace callgate::scan
