// One HTTP request to an engine's unix socket; the only file that knows libcurl is http.cpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace callgate::container {

struct HttpLimits {
  long timeout_ms = 10'000;  // for the whole exchange
  std::size_t max_bytes = std::size_t{16} << 20;
};

struct HttpAnswer {
  long status = 0;
  std::string body;
};

// GET `path` ("/info") of the server behind `socket`. No redirections, no proxies. Errors: unsupported (libcurl is not
// installed), io (no socket, nobody listens, no answer in time, no HTTP), limit (a longer answer).
base::Result<HttpAnswer> http_get(const std::string& socket, const std::string& path, const HttpLimits& limits = {});

}  // namespace callgate::container
