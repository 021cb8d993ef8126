// Plans of seals for machines that never were, and live runs of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/io.h"
#include "sandbox/diagnostic_ids.h"
#include "sandbox/host_facts.h"
#include "sandbox/supervise.h"
#include "unit/sandbox/filters.h"

namespace callgate::sandbox {

using testing::HasSubstr;

constexpr std::uint64_t kAll = (std::uint64_t{1} << 41) - 1;

inline HostFacts root() {
  HostFacts host;
  host.capabilities = kAll;
  return host;
}

inline HostFacts somebody() {
  HostFacts host;
  host.uid = 1000;
  host.gid = 100;
  return host;
}

inline SealRequest process() {
  SealRequest request;
  request.seals = {"process"};
  return request;
}

// Why there is no plan; empty if there is one.
inline Refusal refusal_of(const SealRequest& request, const HostFacts& host) {
  Refusal refusal;
  EXPECT_FALSE(plan_seals(request, host, refusal));
  EXPECT_EQ(refusal.exit_status, kExitOwnFailure);
  return refusal;
}

inline Seals planned(const SealRequest& request, const HostFacts& host) {
  Refusal refusal;
  auto seals = plan_seals(request, host, refusal);
  EXPECT_TRUE(seals) << refusal.message;
  return seals.value_or(Seals{});
}

inline std::string text(const Seals& seals) {
  std::string out;
  for (std::size_t i = 0; seals.step(i) != nullptr; ++i) out += describe(*seals.step(i)) + "\n";
  return out;
}

// Live.

inline Plan sealed_words(std::vector<std::string> argv, const SealRequest& request) {
  Plan plan;
  plan.program = argv[0];
  plan.argv = std::move(argv);
  plan.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C"};
  plan.filter = deny("mount", bpf::kRetErrno | EPERM);
  HostFacts host = read_host_facts();
  read_cgroups(host);
  plan.seals = planned(request, host);
  return plan;
}

inline Plan sealed(const std::string& script, const SealRequest& request = process()) {
  return sealed_words({"/bin/sh", "-c", script}, request);
}

inline int status_of(const Plan& plan, const Kernel& kernel = real_kernel()) {
  const SignalBlock signals;
  const auto launched = launch(plan, signals, false, kernel);
  if (!launched) return -static_cast<int>(launched.error().stage);
  return supervise(*launched).exit_status;
}

// Runs `body` as root (or whoever runs the tests) and as a user without any right; it answers a status of its own.
inline void as_both(const std::function<void()>& body) {
  body();
  if (geteuid() != 0) return;  // it was without any right already
  const pid_t pid = fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(100);
    prctl(PR_SET_DUMPABLE, 1);  // as after an exec: a process owns its files in /proc
    body();
    _exit(testing::Test::HasFailure() ? 1 : 42);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(WEXITSTATUS(status), 42) << "as user 65534";
}

// One step after the other fails; the program must never run, and nothing may be left.
inline int g_calls_until_failure = 0;

inline int failing_step(const Step& step, Slots& slots) {
  return --g_calls_until_failure == 0 ? -EXDEV : run_step(step, slots);
}

// How often the plan's targets are mounted on, here; others may mount elsewhere meanwhile.
inline std::size_t mounts_on_targets(const Seals& seals) {
  std::set<std::string> targets;
  for (std::size_t i = 0; seals.step(i) != nullptr; ++i) targets.insert(seals.step(i)->path);
  std::ifstream mounts("/proc/self/mountinfo");
  std::size_t count = 0;
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string id, parent, device, root, target;
    words >> id >> parent >> device >> root >> target;
    if (targets.contains(target)) ++count;
  }
  return count;
}

inline void fail_each_step(const SealRequest& request) {
  char mark[] = "/tmp/callgate-seal-XXXXXX";
  close(mkstemp(mark));
  const Plan plan = sealed("rm -f " + std::string(mark), request);
  const std::size_t before = mounts_on_targets(plan.seals);
  Kernel kernel = real_kernel();
  kernel.step = failing_step;
  std::size_t steps = 0;
  while (plan.seals.step(steps) != nullptr) ++steps;
  ASSERT_GT(steps, 4U);
  for (std::size_t i = 0; i < steps; ++i) {
    SCOPED_TRACE(describe(*plan.seals.step(i)));
    // Steps of the program's process count from where setup ended: each process has its own copy of the counter.
    g_calls_until_failure = static_cast<int>(i) + 1;
    const SignalBlock signals;
    const auto launched = launch(plan, signals, false, kernel);
    ASSERT_FALSE(launched);
    EXPECT_EQ(launched.error(), (Failure{Stage::seal, EXDEV, i}));
    const Refusal refusal = describe(launched.error(), plan.program, plan.seals);
    EXPECT_EQ(refusal.id.number, kCannotSeal.number);
    EXPECT_THAT(refusal.message, HasSubstr(describe(*plan.seals.step(i))));
    EXPECT_EQ(access(mark, F_OK), 0) << "the program ran";
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(mounts_on_targets(plan.seals), before);
  }
  unlink(mark);
}

}  // namespace callgate::sandbox
