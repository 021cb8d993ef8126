// Bytes as a filter file: reading, checking, and for what the checks accept, running, listing, the cache probe.
// Invariants: bytes and text give the same program back; a run ends within the program's length (there are no loops);
// what the kernel would cache is allowed whatever the arguments are.
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <string>

#include "bpf/assembly.h"
#include "bpf/check.h"
#include "bpf/simulate.h"

namespace {

using namespace callgate;

void require(bool holds) {
  if (!holds) std::abort();
}

void exercise(const bpf::Program& program) {
  constexpr std::uint32_t kArchitectures[]{0xc000003e, 0x40000003, 0x80000016};
  constexpr std::uint32_t kNumbers[]{0, 1, 59, 335, 0x40000001, 0xffffffff};
  std::vector<bool> covered(program.size());
  for (const std::uint32_t arch : kArchitectures) {
    for (const std::uint32_t nr : kNumbers) {
      const bpf::SeccompData none{.nr = nr, .arch = arch};
      const bpf::SeccompData all{
          .nr = nr, .arch = arch, .instruction_pointer = ~0ULL, .args = {~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL}};
      const bpf::Run with_none = bpf::run(program, none, covered), with_all = bpf::run(program, all, covered);
      require(with_none.executed <= program.size() && with_all.executed <= program.size());
      require(bpf::run(program, all).value == with_all.value);
      const bpf::CacheProbe probe = bpf::probe_cache(program, arch, nr);
      require(probe.steps <= program.size());
      if (!probe.always_allowed || bpf::bypasses_filters(arch, nr)) continue;
      require(with_none.value == bpf::kRetAllow && with_all.value == bpf::kRetAllow);
    }
  }
  const bpf::Cost cost = bpf::cost(program, kArchitectures[0], kNumbers);
  require(cost.executed_avg <= cost.executed_max && cost.executed_max <= program.size());
  require(bpf::translated_size(program) > program.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const base::SourceFile file("filter", bytes);
  base::Diagnostics diagnostics;
  const auto program = bpf::from_bytes(file, false, diagnostics);
  require(program.has_value() != diagnostics.has_errors());
  if (!program) return 0;
  require(bpf::to_bytes(*program, false) == bytes);
  for (const bool little_endian : {true, false}) {
    const base::SourceFile text("text", bpf::disassemble(*program, {}, {.little_endian = little_endian}));
    require(bpf::assemble(text, diagnostics, little_endian) == program);
  }
  require(!bpf::to_c(*program, {}, "filter").empty() && !bpf::to_dot(*program, {}).empty());
  require(!bpf::to_json(*program, {}).empty());
  const auto failure = bpf::check(*program);
  if (failure) {
    require(failure->insn <= program->size() && !failure->message.empty());
  } else {
    exercise(*program);
  }
  return 0;
}
