// Bytes as a program, and as each library that it names: an answer or a refusal, in bounded time, with a chain for
// every call. Nothing of it is written in the file's own words without being printable. SPDX-License-Identifier:
// Apache-2.0
#include <cstdlib>

#include "scan/scan.h"

namespace {

using namespace callgate;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 65536) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  scan::Library library([&](const std::string& path) -> base::Result<std::string> {
    if (path.starts_with("/etc/")) return base::fail(base::ErrorCode::io, "absent");
    if (path == "/program" || path.find("lib") != std::string::npos || path.find("ld") != std::string::npos)
      return bytes;
    return base::fail(base::ErrorCode::io, "absent");
  });
  const auto answer = scan::scan(library, "/program", {});
  if (!answer) {
    require(!answer.error().message.empty());
    return 0;
  }
  for (const scan::Call& call : answer->calls) require(call.chain.size() >= 2);
  // The rest of its life has no call that the whole does not have.
  for (const scan::Point point : {scan::Point::main, scan::Point::listen}) {
    scan::Options options;
    options.after = point;
    const auto rest = scan::scan(library, "/program", options);
    require(rest.has_value() && rest->calls.size() <= answer->calls.size());
    for (const scan::Call& call : rest->calls) require(call.chain.size() >= 2);
  }
  for (const scan::Unresolved& u : answer->unresolved) require(!u.where.empty() && !u.why.empty());
  return 0;
}
