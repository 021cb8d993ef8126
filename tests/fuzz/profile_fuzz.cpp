// Any bytes, read under every engine: refused with findings, or a canonical policy that answers every call.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "format/profile.h"

using namespace callgate;

namespace {

void check(bool good) {
  if (!good) std::abort();
}

void check_runs(const policy::Policy& policy, const std::vector<policy::Run>& runs) {
  check(!runs.empty() && runs.front().first == 0 && runs.back().last == 0xffffffffU);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    check(runs[i].first <= runs[i].last && runs[i].decision < policy.decisions.size());
    if (i > 0) check(runs[i].first == runs[i - 1].last + 1 && runs[i].decision != runs[i - 1].decision);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const base::SourceFile file("input", std::string(reinterpret_cast<const char*>(data), size));
  for (const format::Engine engine : {format::Engine::docker, format::Engine::podman, format::Engine::containerd,
                                      format::Engine::runc, format::Engine::crun, format::Engine::oci}) {
    base::Diagnostics diagnostics;
    format::ReadOptions options;
    options.as = engine;
    options.native = arch::Arch::x86_64;
    options.origins = true;
    const auto profile = format::read_profile(file, options, diagnostics);
    check(profile.has_value() == !diagnostics.has_errors());
    if (!profile) continue;
    for (const auto& listed : profile->policy.archs) check_runs(profile->policy, listed.runs);
    check_runs(profile->policy, profile->policy.other);
    for (std::size_t i = 0; i < profile->policy.decisions.size(); ++i)
      for (std::size_t k = 0; k < i; ++k) check(profile->policy.decisions[i] != profile->policy.decisions[k]);
    for (const policy::Call& call : policy::interesting_calls(policy::constant(policy::kAllow)))
      static_cast<void>(policy::evaluate(profile->policy, call));
  }
  return 0;
}
