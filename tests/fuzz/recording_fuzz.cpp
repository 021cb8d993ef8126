// Any text as a recording: read without a fault, and what is read without an error comes back from what is written.
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "recording/file.h"

namespace {

using namespace callgate;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::SourceFile file("fuzz", std::string(reinterpret_cast<const char*>(data), size));
  recording::KeptLines kept;
  base::Diagnostics diagnostics;
  const recording::Recording first = recording::read(file, kept, diagnostics);
  static_cast<void>(base::render_text(diagnostics, false));
  for (const recording::Run& run : first.runs) require(!run.complete || run.finished || run.attached);
  static_cast<void>(recording::merge_calls(first));
  if (diagnostics.error_count() + diagnostics.warning_count() != 0) return 0;
  std::string text;
  for (const recording::Run& run : first.runs) text += recording::to_lines(run);
  const base::SourceFile again("again", std::move(text));
  const recording::Recording second = recording::read(again, kept, diagnostics);
  require(!diagnostics.has_errors() && second.runs == first.runs);
  return 0;
}
