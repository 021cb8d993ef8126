// Text as assembly: either errors with places inside the text, or a program that its own listing gives back.
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <string>

#include "bpf/assembly.h"

namespace {

using namespace callgate;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::SourceFile file("fuzz.bpf", std::string(reinterpret_cast<const char*>(data), size));
  for (const bool little_endian : {true, false}) {
    base::Diagnostics diagnostics;
    const auto program = bpf::assemble(file, diagnostics, little_endian);
    require(program.has_value() != diagnostics.has_errors());
    for (const base::Diagnostic& d : diagnostics.items()) {
      require(d.span.begin <= d.span.end && d.span.end <= size && !d.message.empty());
      require(!base::render_text(d, false).empty());
    }
    if (!program) continue;
    for (const bool addresses : {true, false}) {
      const bpf::DisasmOptions options{.little_endian = little_endian, .addresses = addresses};
      const base::SourceFile again("again", bpf::disassemble(*program, {}, options));
      require(bpf::assemble(again, diagnostics, little_endian) == program);
    }
  }
  return 0;
}
