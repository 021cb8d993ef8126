// libcurl is loaded when it is needed: linked in, it costs every start of callgate four milliseconds.
// SPDX-License-Identifier: Apache-2.0
#include "container/http.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <memory>

#include "base/io.h"
#include "base/on_demand.h"

namespace callgate::container {

namespace {

constexpr const char* kLibrary = "libcurl.so.4";

// The functions that are used, with the header's own types.
struct Curl {
  decltype(&::curl_easy_init) init = nullptr;
  decltype(&::curl_easy_setopt) setopt = nullptr;
  decltype(&::curl_easy_perform) perform = nullptr;
  decltype(&::curl_easy_getinfo) getinfo = nullptr;
  decltype(&::curl_easy_cleanup) cleanup = nullptr;
  decltype(&::curl_easy_strerror) strerror = nullptr;
};

bool load(const base::OnDemandLibrary& library, Curl& curl) {
  return library.find("curl_easy_init", curl.init) && library.find("curl_easy_setopt", curl.setopt) &&
         library.find("curl_easy_perform", curl.perform) && library.find("curl_easy_getinfo", curl.getinfo) &&
         library.find("curl_easy_cleanup", curl.cleanup) && library.find("curl_easy_strerror", curl.strerror);
}

struct Body {
  std::string text;
  std::size_t max_bytes = 0;
  bool too_long = false;
};

std::size_t receive(char* data, std::size_t, std::size_t count, void* into) {
  auto& body = *static_cast<Body*>(into);
  body.too_long = body.text.size() + count > body.max_bytes;
  if (body.too_long) return 0;
  body.text.append(data, count);
  return count;
}

base::Result<HttpAnswer> exchange(const Curl& curl, const std::string& socket, const std::string& path,
                                  const HttpLimits& limits) {
  const std::unique_ptr<CURL, decltype(curl.cleanup)> handle(curl.init(), curl.cleanup);
  if (!handle) return base::fail(base::ErrorCode::internal, "libcurl cannot be started");
  Body body{{}, limits.max_bytes, false};
  const std::string url = "http://engine" + path;
  const auto set = [&](CURLoption option, auto value) { return curl.setopt(handle.get(), option, value) == CURLE_OK; };
  const bool ready = set(CURLOPT_URL, url.c_str()) && set(CURLOPT_UNIX_SOCKET_PATH, socket.c_str()) &&
                     set(CURLOPT_PROTOCOLS_STR, "http") && set(CURLOPT_PROXY, "") && set(CURLOPT_FOLLOWLOCATION, 0L) &&
                     set(CURLOPT_NOSIGNAL, 1L) && set(CURLOPT_TIMEOUT_MS, limits.timeout_ms) &&
                     set(CURLOPT_WRITEFUNCTION, &receive) && set(CURLOPT_WRITEDATA, static_cast<void*>(&body));
  if (!ready) return base::fail(base::ErrorCode::unsupported, "this libcurl knows no unix sockets");
  const CURLcode result = curl.perform(handle.get());
  if (body.too_long)
    return base::fail(base::ErrorCode::limit,
                      fmt::format("GET {}: the answer is longer than {} bytes", path, limits.max_bytes));
  if (result != CURLE_OK)
    return base::fail(base::ErrorCode::io, fmt::format("GET {}: {}", path, curl.strerror(result)));
  HttpAnswer answer;
  if (curl.getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &answer.status) != CURLE_OK)
    return base::fail(base::ErrorCode::io, fmt::format("GET {}: no status", path));
  answer.body = std::move(body.text);
  return answer;
}

}  // namespace

base::Result<HttpAnswer> http_get(const std::string& socket, const std::string& path, const HttpLimits& limits) {
  struct stat status{};
  if (stat(socket.c_str(), &status) != 0)
    return base::fail(base::ErrorCode::io, fmt::format("{}: {}", socket, base::errno_text(errno)), errno);
  if (!S_ISSOCK(status.st_mode)) return base::fail(base::ErrorCode::io, fmt::format("{} is no socket", socket));
  const base::OnDemandLibrary library(kLibrary);
  Curl curl;
  if (!library || !load(library, curl))
    return base::fail(base::ErrorCode::unsupported,
                      fmt::format("{} is needed to ask an engine (Debian's package libcurl4)", kLibrary));
  return exchange(curl, socket, path, limits);
}

}  // namespace callgate::container
