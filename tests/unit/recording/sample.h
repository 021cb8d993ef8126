// A run with one of everything.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "recording/recording.h"

namespace callgate::recording {

inline constexpr arch::AuditArch kNative = 0xc000003e, kCompat = 0x40000003;

inline Call call(arch::SyscallNr nr, std::uint64_t start, std::uint64_t serving, arch::AuditArch audit = kNative) {
  Call out;
  out.audit = audit;
  out.nr = nr;
  out.counts = {start, serving};
  out.seen = {start != 0, serving != 0};
  out.images = {1};
  out.first = {17, 4000, 4001, 1, Phase::start, "web \"server\"\n"};
  return out;
}

inline Run sample_run() {
  Run run;
  run.id = "0123456789abcdef0123456789abcdef";
  run.tool = "0.1.0";
  run.command = {"/usr/bin/web", "--port", "80"};
  run.kernel = "6.18.0";
  run.host = "box";
  run.uid = 1000;
  run.started = "2026-01-31T23:59:59Z";
  run.with_arguments = true;
  run.known = 40;
  run.serving_at = ServingAt::accept;
  run.only_refused = true;
  run.images = {{1, "/usr/bin/web", "", "00ff", 5, 0}, {2, "/bin/sh", "./hook", "", 9, 1}};
  run.calls = {call(41, 2, 0), call(257, 7, ~std::uint64_t{0}), call(1, 1, 1, kCompat)};
  run.calls[1].seen[2] = true;
  run.calls[1].counts[2] = 9;
  run.calls[0].arguments = {{0, Phase::start, false, {1, 2, ~std::uint64_t{0}}, {}, {}},
                            {1, Phase::start, true, {}, 0x80001, 0xffffffff}};
  run.calls[1].denied = -1;
  run.calls[2].vsyscall = true;
  run.capabilities = {{21, false, std::pair{kNative, 41U}, run.calls[0].first}, {12, true, {}, run.calls[0].first}};
  run.uring = {{45, {false, true, true}}};
  run.container = Container{"docker", "12ab", "web", "nginx:1", "sha256:11", "sha256:22", "shop", "front", 0xa80425fb};
  run.runtime = {{kNative, 59, true}, {kNative, 317, false}};
  run.overflow = {{"images", 0}, {"values", 2}};
  run.convergence = Convergence{60, 1'000'000'000, 3, 1};
  run.finished = true;
  run.losses = {{"tasks", 0}, {"values", 0}};
  run.blind = {Blind::denied};
  run.tasks = 3;
  run.duration_ns = 123456789;
  run.exit_status = 137;
  run.signal = 9;
  settle(run);
  return run;
}

}  // namespace callgate::recording
