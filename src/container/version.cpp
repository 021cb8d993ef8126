// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <limits>
#include <system_error>

#include "container/request.h"

namespace callgate::container {

std::optional<EngineVersion> read_version(std::string_view text) {
  constexpr int kNewest = std::numeric_limits<int>::max();
  EngineVersion out{kNewest, kNewest, kNewest};
  const char *at = text.data(), *const end = at + text.size();
  for (int* const part : {&out.major, &out.minor, &out.patch}) {
    const auto [rest, failure] = std::from_chars(at, end, *part);
    if (failure != std::errc() || *part < 0) return std::nullopt;
    at = rest;
    if (at == end) return out;
    // A distribution's or a development version's addition: 20.10.24+dfsg1, 29.0.0-rc.1.
    if (part == &out.patch && (*at == '+' || *at == '-' || *at == '~')) return out;
    if (*at != '.') return std::nullopt;
    ++at;
  }
  return std::nullopt;
}

}  // namespace callgate::container
