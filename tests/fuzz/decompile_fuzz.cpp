// Bytes as a filter, decompiled: what comes out answers as the program does, on calls at the borders of both. Nothing
// may be an internal error: those are proofs that failed.
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <string>

#include "bpf/check.h"
#include "bpf/simulate.h"
#include "policy/policy.h"
#include "prove/decompile.h"

namespace {

using namespace callgate;

void require(bool holds) {
  if (!holds) std::abort();
}

void compare(const policy::Policy& policy, const bpf::Program& program, const policy::Call& call) {
  const bpf::SeccompData data{call.nr, call.audit, 0, call.args};
  require(policy::evaluate(policy, call) == policy::from_return_value(bpf::run(program, data).value));
}

// Every constant of the program, and what is beside it, in each place.
void compare_constants(const policy::Policy& policy, const bpf::Program& program) {
  policy::Call call{0xc000003e, 0, {}};
  for (const bpf::Insn& insn : program)
    for (const std::uint32_t value : {insn.k, insn.k - 1, insn.k + 1}) {
      for (const policy::AuditArch audit : {0xc000003eU, 0x80000016U, value})
        compare(policy, program, {audit, value, {}});
      call.nr = value;
      for (std::uint64_t& arg : call.args) {
        arg = arg << 32 | value;
        compare(policy, program, call);
      }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostInsns = 64, kMostCalls = 2000;
  const base::SourceFile file("filter", std::string(reinterpret_cast<const char*>(data), size));
  base::Diagnostics diagnostics;
  const auto program = bpf::from_bytes(file, false, diagnostics);
  if (!program || program->size() > kMostInsns || bpf::check(*program)) return 0;
  const auto policy = prove::decompile(std::span<const bpf::Insn>(*program));
  if (!policy) {
    require(policy.error().code != base::ErrorCode::internal && !policy.error().message.empty());
    return 0;
  }
  compare_constants(*policy, *program);
  auto calls = policy::interesting_calls(*policy);
  if (calls.size() > kMostCalls) calls.resize(kMostCalls);
  for (const policy::Call& call : calls) compare(*policy, *program, call);
  return 0;
}
