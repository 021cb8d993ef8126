// Any text as a recording by strace. What is taken for a denial can be printed, is bounded, and carries no control
// character of the recording.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "policy/policy.h"
#include "why/evidence.h"
#include "why/print.h"

namespace {

using namespace callgate;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::SourceFile file("log", std::string(reinterpret_cast<const char*>(data), size));
  const preflight::Judge judge = [](const policy::Call& call, std::uint8_t known) {
    return preflight::judge(policy::constant(policy::make_errno(1)), call, known);
  };
  for (const bool judged : {false, true}) {
    why::Journal journal;
    preflight::KeptLines kept;
    base::Diagnostics diagnostics;
    why::read_recording(file, judged ? judge : preflight::Judge(), journal, kept, diagnostics);
    require(journal.denials().size() <= why::Journal::kMostKept);
    why::Report report;
    why::explain_all(journal, {}, report);
    const std::string text = why::to_text(report);
    require(std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < ' ' && c != '\n'; }));
    base::JsonWriter json;
    json.begin_object();
    why::to_json(report, json);
    json.end_object();
    require(!json.take().empty());
  }
  return 0;
}
