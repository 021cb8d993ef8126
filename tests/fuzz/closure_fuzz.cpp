// Any text as a closure: read without a fault; what is read comes back from what is written, and makes a policy that
// allows each call of the core in some way.
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "closure/file.h"
#include "closure/need.h"
#include "closure/print.h"
#include "closure/scan.h"
#include "policy/algebra.h"

namespace {

using namespace callgate;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::SourceFile file("fuzz", std::string(reinterpret_cast<const char*>(data), size));
  base::Diagnostics diagnostics;
  closure::KeptLines kept;
  static_cast<void>(closure::read_scan(file, kept, diagnostics));
  base::Diagnostics found;
  const auto first = closure::read(file, found);
  static_cast<void>(base::render_text(found, false));
  require(first.has_value() != found.has_errors());
  if (!first) return 0;
  const base::SourceFile again("again", closure::to_json(*first));
  const auto second = closure::read(again, found);
  require(second && *second == *first);
  static_cast<void>(closure::to_text(*first));
  const policy::Policy core = closure::need_of_core(*first, closure::Phase::serving);
  require(first->of(closure::Phase::serving).empty() || policy::first_granted(core).has_value());
  return 0;
}
