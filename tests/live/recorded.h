// Runs of record_workload under a recorder, and what to look for in them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "arch/calls.h"
#include "record/record.h"

namespace callgate::record {

constexpr arch::AuditArch kNative = 0xc000003e, kCompat = 0x40000003;

struct Wanted {
  Keep keep;
  Method method = Method::ebpf;
};

inline recording::Run recorded_program(const std::string& program, const std::vector<std::string>& words,
                                       const Wanted& wanted) {
  Request request;
  request.plan.program = program;
  request.plan.argv = {program};
  request.plan.argv.insert(request.plan.argv.end(), words.begin(), words.end());
  request.plan.environment = {"PATH=/usr/bin:/bin"};
  request.keep = wanted.keep;
  request.method = wanted.method;
  const auto outcome = record(request, sandbox::real_kernel());
  if (!outcome) {
    ADD_FAILURE() << outcome.error().message;
    return {};
  }
  EXPECT_TRUE(outcome->run.complete);
  return outcome->run;
}

inline recording::Run recorded(const std::vector<std::string>& words, const Wanted& wanted = {}) {
  return recorded_program(CALLGATE_RECORD_WORKLOAD, words, wanted);
}

inline const recording::Call* find(const recording::Run& run, arch::AuditArch audit, arch::SyscallNr nr) {
  const auto found = std::ranges::find_if(run.calls, [&](const auto& c) { return c.audit == audit && c.nr == nr; });
  return found == run.calls.end() ? nullptr : &*found;
}

inline const recording::Call* find(const recording::Run& run, std::string_view name) {
  return find(run, kNative, arch::number(arch::Arch::x86_64, name).value());
}

inline bool has(const recording::Run& run, std::string_view name) {
  return find(run, name) != nullptr;
}

}  // namespace callgate::record
