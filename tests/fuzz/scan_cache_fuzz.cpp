// Bytes as what the cache has kept: the summary of a module (this program's own) and an answer. Refused, or taken and
// then good for an analysis; what is taken is what would be written for it.
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "scan/files.h"
#include "scan/kept_answer.h"
#include "scan/link.h"
#include "scan/reach.h"
#include "scan/summary.h"

namespace {

using namespace callgate;

void require(bool holds) {
  if (!holds) std::abort();
}

// The file that all summaries are taken to be of.
const scan::Content& module_bytes() {
  static const scan::Content bytes = [] {
    auto out = scan::reader("/")(CALLGATE_SOURCE_DIR "/tests/fuzz/corpus/elf/jump-table");
    return out ? *out : scan::Content();
  }();
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto answer = scan::unpack_answer(bytes)) {
    const std::string again = scan::pack_answer(*answer);
    require(scan::pack_answer(*scan::unpack_answer(again)) == again);
  }
  auto module = scan::Module::read("/program", module_bytes());
  if (!module || !scan::unpack_summary(bytes, **module)) return 0;
  auto again = scan::Module::read("/program", module_bytes());
  require(scan::unpack_summary(scan::pack_summary(**module), **again));
  require(scan::pack_summary(**again) == scan::pack_summary(**module));
  scan::Program program;
  program.modules.push_back(*module);
  const scan::Link link(program);
  scan::Reach reach(link);
  reach.run();
  for (const scan::Node n : reach.nodes())
    for (const scan::Site& site : (*module)->sites_of(link.function(n))) require(site.address + 1 != 0);
  return 0;
}
