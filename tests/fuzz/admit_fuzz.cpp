// Any text as a profile, and a call: whatever change is proposed, the changed text reads, lets the call through, and,
// if it is said to be exact, grants nothing but the call's cube. The first bytes choose engine, call and arguments.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string>

#include "arch/calls.h"
#include "policy/algebra.h"
#include "why/admit.h"
#include "why/pins.h"

namespace {

using namespace callgate;

constexpr std::size_t kHead = 4;
constexpr std::string_view kCalls[]{"pread64", "socket", "clone3", "openat2", "personality", "ptrace", "mount", "read"};
constexpr std::uint64_t kArguments[]{0, 1, 2, 16, 0x40000, 0x7fffffff, 0xffffff9c, ~std::uint64_t{0}};

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kHead) return 0;
  constexpr format::Engine kEngines[]{format::Engine::docker, format::Engine::podman, format::Engine::runc,
                                      format::Engine::crun,   format::Engine::oci,    format::Engine::containerd};
  format::ReadOptions options;
  options.as = kEngines[data[0] % std::size(kEngines)];
  options.native = arch::Arch::x86_64;
  options.origins = true;
  const arch::Arch which = (data[0] & 0x80U) != 0 ? arch::Arch::x86 : arch::Arch::x86_64;
  policy::Call call{arch::info(which).audit, arch::number(which, kCalls[data[1] % std::size(kCalls)]).value_or(0), {}};
  for (std::size_t i = 0; i < call.args.size(); ++i) call.args[i] = kArguments[(data[2] + i * data[3]) % 8];
  const base::SourceFile file("p.json", std::string(reinterpret_cast<const char*>(data) + kHead, size - kHead));
  base::Diagnostics diagnostics;
  const auto profile = format::read_profile(file, options, diagnostics);
  if (!profile || diagnostics.has_errors() || policy::grants(policy::evaluate(profile->policy, call))) return 0;
  const std::uint8_t known = data[3] & 0x3fU;
  const why::Admission change = why::admit(&file, *profile, options, call, known);
  require(change.edits.empty() == change.text.empty());
  if (change.edits.empty()) {
    require(!change.why_not.empty());
    return 0;
  }
  const base::SourceFile mended("p.json", change.text);
  const auto after = format::read_profile(mended, options, diagnostics);
  require(after && policy::grants(policy::evaluate(after->policy, call)));
  if (!change.exact) return 0;
  const auto limit = policy::join(profile->policy, why::cube(call, change.pinned, profile->architectures).policy);
  require(limit && !policy::first_excess(after->policy, *limit));
  return 0;
}
