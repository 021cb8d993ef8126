// `--seal memory`: cgroup layouts told apart, plans, and limits that hold.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>

#include "policy/policy.h"
#include "sandbox/guard.h"
#include "unit/sandbox/seal_runs.h"

namespace callgate::sandbox {
namespace {

constexpr const char* kHybridGroups = "8:pids:/\n4:memory:/jobs/a\n2:cpu,cpuacct:/\n0::/\n";
constexpr const char* kHybridMounts =
    "30 1 0:20 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "31 1 0:21 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "32 1 0:22 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
constexpr const char* kUnifiedMounts = "30 1 0:20 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

CgroupFacts facts(std::string_view controller, std::string_view groups, std::string_view mounts,
                  const std::map<std::string, std::string>& files = {}) {
  return cgroup_facts(controller, groups, mounts, [&](const std::string& path) {
    const auto found = files.find(path);
    return found == files.end() ? std::string() : found->second;
  });
}

TEST(CgroupLayout, EachControllerIsWhereItIs) {
  CgroupFacts memory = facts("memory", kHybridGroups, kHybridMounts);
  EXPECT_EQ(memory.version, 1);
  EXPECT_EQ(memory.directory, "/sys/fs/cgroup/memory/jobs/a");
  EXPECT_EQ(facts("pids", kHybridGroups, kHybridMounts).directory, "/sys/fs/cgroup/pids");
  const std::map<std::string, std::string> files{{"/sys/fs/cgroup/user/x/cgroup.controllers", "cpu memory pids\n"},
                                                 {"/sys/fs/cgroup/user/x/cgroup.subtree_control", "\n"},
                                                 {"/sys/fs/cgroup/divided/cgroup.controllers", "memory\n"},
                                                 {"/sys/fs/cgroup/divided/cgroup.subtree_control", "memory\n"},
                                                 {"/sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n"},
                                                 {"/sys/fs/cgroup/cgroup.subtree_control", "memory\n"}};
  EXPECT_EQ(facts("memory", "0::/\n", kUnifiedMounts, files).directory, "/sys/fs/cgroup");
  EXPECT_EQ(facts("pids", "0::/\n", kUnifiedMounts, files).version, 0) << "the root hands only memory down";
  memory = facts("memory", "0::/user/x\n", kUnifiedMounts, files);
  EXPECT_EQ(memory.version, 2);
  EXPECT_EQ(memory.directory, "/sys/fs/cgroup/user") << "a cgroup with processes cannot be divided";
  EXPECT_EQ(facts("memory", "0::/divided\n", kUnifiedMounts, files).directory, "/sys/fs/cgroup/divided");
  EXPECT_EQ(facts("pids", "0::/divided\n", kUnifiedMounts, files).version, 0) << "not handed down";
  EXPECT_EQ(facts("memory", "", "").version, 0);
  // A container: a part of the hierarchy is mounted.
  const char* part = "30 1 0:20 /docker/c /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
  EXPECT_EQ(facts("memory", "4:memory:/docker/c\n", part).directory, "/sys/fs/cgroup/memory");
  EXPECT_EQ(facts("memory", "4:memory:/elsewhere\n", part).version, 0);
}

SealRequest memory() {
  SealRequest request;
  request.seals = {"memory"};
  return request;
}

HostFacts with_cgroups(int version) {
  HostFacts host = root();
  host.pid = 7;
  host.memory = {version, "/cg/m", true, true};
  host.pids = {version, version == 2 ? "/cg/m" : "/cg/p", true, false};
  return host;
}

std::string prepared(const SealRequest& request, const HostFacts& host) {
  std::string out;
  for (const Step& step : planned(request, host).prepare) out += describe(step) + "\n";
  return out;
}

TEST(MemoryPlan, LimitsByEachVersion) {
  SealRequest request = memory();
  request.memory = "1M";
  request.swap = "1K";
  request.pids = "9";
  EXPECT_EQ(prepared(request, with_cgroups(1)),
            "make the cgroup /cg/m/callgate-7\nwrite '1048576' to /cg/m/callgate-7/memory.limit_in_bytes\n"
            "write '1049600' to /cg/m/callgate-7/memory.memsw.limit_in_bytes\n"
            "make the cgroup /cg/p/callgate-7\nwrite '9' to /cg/p/callgate-7/pids.max\n");
  EXPECT_EQ(prepared(request, with_cgroups(2)),
            "make the cgroup /cg/m/callgate-7\nwrite '1048576' to /cg/m/callgate-7/memory.max\n"
            "write '1024' to /cg/m/callgate-7/memory.swap.max\nwrite '1' to /cg/m/callgate-7/memory.oom.group\n"
            "write '9' to /cg/m/callgate-7/pids.max\n");
}

TEST(MemoryPlan, WhatTheLayoutRefusesIsAnErrorOrLeftOut) {
  SealRequest request = memory();
  request.memory = "1M";
  EXPECT_EQ(refusal_of(request, root()).message, "--memory: this machine has no cgroup with the memory controller");
  HostFacts host = with_cgroups(2);
  host.memory.writable = false;
  EXPECT_EQ(refusal_of(request, host).message, "--memory: the cgroup /cg/m (version 2) is not ours to divide");
  EXPECT_EQ(refusal_of(request, host).id.number, kCannotSeal.number);
  request.best_effort = true;
  const Seals seals = planned(request, host);
  EXPECT_TRUE(seals.prepare.empty());
  EXPECT_EQ(seals.missing, std::vector<std::string>{"--memory: the cgroup /cg/m (version 2) is not ours to divide"});
  EXPECT_EQ(kLeftOut.number, 5010);
  host = with_cgroups(1);
  host.memory.swap = false;
  request.swap = "1M";
  request.best_effort = false;
  EXPECT_THAT(refusal_of(request, host).message, HasSubstr("does not account swap"));
}

TEST(MemoryPlan, BestEffortGoesOnWithoutNamespaces) {
  HostFacts host = somebody();
  host.user_namespaces = false;
  host.path = [](const std::string&) { return PathFact{}; };
  SealRequest request;
  request.seals = {"all"};
  EXPECT_EQ(refusal_of(request, host).id.number, kCannotSeal.number);
  request.best_effort = true;
  const Seals seals = planned(request, host);
  EXPECT_EQ(seals.namespaces, 0U);
  EXPECT_FALSE(seals.init);
  EXPECT_THAT(seals.missing, testing::ElementsAre(HasSubstr("lets nobody make one"), HasSubstr("--seal process:"),
                                                  HasSubstr("--seal net: the machine's network"),
                                                  HasSubstr("--seal file: all of it")));
  EXPECT_THAT(text(seals), HasSubstr("close the files from 3 on\n"));
}

TEST(MemoryPlan, NonsenseIsRefused) {
  const HostFacts host = with_cgroups(2);
  SealRequest request = memory();
  for (const char* bad : {"0", "", "x", "1T", "99999999999G", "-1"}) {
    request.memory = bad;
    EXPECT_THAT(refusal_of(request, host).message, HasSubstr("is no number of bytes")) << bad;
  }
  request = memory();
  request.swap = "1M";
  EXPECT_THAT(refusal_of(request, host).message, HasSubstr("--memory, which is not given"));
  request = memory();
  for (const char* bad : {"0", "many", "99999999"}) {
    request.pids = bad;
    EXPECT_THAT(refusal_of(request, host).message, HasSubstr("is no number of processes"));
  }
  request = memory();
  for (const char* bad : {"nofile", "nofil=8", "nofile=x", "=8"}) {
    request.rlimits = {bad};
    EXPECT_THAT(refusal_of(request, host).message, HasSubstr("is not NAME=NUMBER")) << bad;
  }
  request = process();
  request.memory = "1M";
  EXPECT_EQ(refusal_of(request, host).help, "--seal memory");
}

TEST(MemoryPlan, NoCodeIsWrittenThroughProc) {
  SealRequest request = memory();
  request.no_exec_memory = true;
  EXPECT_THAT(text(planned(request, root())), HasSubstr("copy the mounts of /proc (read-only)\nmount it on /proc\n"));
  request.seals = {"memory,process"};
  const std::string both = text(planned(request, root()));
  EXPECT_THAT(both, HasSubstr("make a new proc (read-only, nosuid, nodev, noexec)\nmount it on /proc\n"));
  EXPECT_THAT(both, testing::Not(HasSubstr("copy the mounts of /proc")));
  HostFacts host = somebody();
  host.user_namespaces = false;
  request.best_effort = true;
  EXPECT_THAT(planned(request, host).missing, testing::Contains(HasSubstr("/proc/PID/mem")));
}

TEST(MemoryPlan, LimitsOfTheProgramComeAfterWhatOpensFiles) {
  SealRequest request = memory();
  request.rlimits = {"nofile=3", "as=1G"};
  EXPECT_THAT(text(planned(request, root())), HasSubstr("limit nofile to 3\nlimit as to 1073741824\nclose the files"));
}

TEST(MemoryGuard, ExecutableMemoryIsThatOfFiles) {
  if (arch::native() != arch::Arch::x86_64) return;
  SealRequest request = memory();
  EXPECT_FALSE(guard(planned(request, root())));
  request.no_exec_memory = true;
  const policy::Policy denied = *guard(planned(request, root()));
  const auto answer = [&](arch::Arch where, const char* call, std::array<std::uint64_t, 6> arguments) {
    return policy::evaluate(denied, {arch::info(where).audit, *arch::number(where, call), arguments});
  };
  const policy::Action no = policy::make_errno(EPERM), yes = policy::kAllow;
  for (const arch::Arch each : {arch::Arch::x86_64, arch::Arch::x32, arch::Arch::x86}) {
    const char* map = each == arch::Arch::x86 ? "mmap2" : "mmap";
    EXPECT_EQ(answer(each, map, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE}), yes);
    EXPECT_EQ(answer(each, map, {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS}), yes);
    EXPECT_EQ(answer(each, map, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS}), no);
    EXPECT_EQ(answer(each, map, {0, 4096, PROT_EXEC | PROT_WRITE, MAP_SHARED}), no);
    EXPECT_EQ(answer(each, "mprotect", {0, 4096, PROT_READ}), yes);
    EXPECT_EQ(answer(each, "mprotect", {0, 4096, PROT_READ | PROT_EXEC}), no);
    EXPECT_EQ(answer(each, "pkey_mprotect", {0, 4096, PROT_EXEC, 1}), no);
    EXPECT_EQ(answer(each, "memfd_create", {0, 0}), no);
    EXPECT_EQ(answer(each, "ptrace", {0}), no);
    EXPECT_EQ(answer(each, "execveat", {3, 0, 0, 0, AT_EMPTY_PATH}), no);
    EXPECT_EQ(answer(each, "personality", {0x0400000}), no);
    EXPECT_EQ(answer(each, "personality", {0xffffffff}), yes);
  }
  EXPECT_EQ(answer(arch::Arch::x86, "mmap", {0}), no);
}

// Live, in cgroups where this machine lets us make them.
HostFacts here() {
  HostFacts host = read_host_facts();
  read_cgroups(host);
  return host;
}

Plan limited(const std::string& script, const SealRequest& request) {
  Plan plan = sealed(script, memory());
  plan.seals = planned(request, here());
  return plan;
}

TEST(MemoryLive, BombsEndWithinTheirGroup) {
  SealRequest request = memory();
  request.seals = {"memory,process"};
  request.best_effort = true;
  request.pids = "8";
  request.memory = "32M";
  const Plan plan = limited("for i in 1 2 3 4 5 6 7 8 9; do sleep 3 & done; exit 5", request);
  if (!plan.seals.missing.empty()) return;  // no cgroup to be had here: see WhatTheLayoutRefuses
  EXPECT_NE(status_of(plan), 5) << "nine more processes than eight";
  // A string that doubles: ended by the kernel, and with it everything else.
  EXPECT_EQ(status_of(limited("a=x; while :; do a=$a$a; done", request)), 128 + SIGKILL);
  for (const std::string& group : plan.seals.cgroups) EXPECT_NE(access(group.c_str(), F_OK), 0) << group;
}

TEST(MemoryLive, ProcessesLeftInTheGroupEndWithTheProgram) {
  SealRequest request = memory();
  request.best_effort = true;
  request.pids = "8";
  const Plan plan = limited("sleep 60 & exit 4", request);
  EXPECT_EQ(status_of(plan), 4);
  for (const std::string& group : plan.seals.cgroups) EXPECT_NE(access(group.c_str(), F_OK), 0) << group;
}

TEST(MemoryLive, LimitsHold) {
  as_both([] {
    SealRequest request = memory();
    request.rlimits = {"nofile=9", "fsize=0"};
    EXPECT_EQ(status_of(sealed("test $(ulimit -n) = 9 && test $(ulimit -f) = 0 && test $(ulimit -c) = 0", request)), 0);
    std::array<char, 64> ours{};
    ASSERT_GT(readlink("/proc/self/ns/ipc", ours.data(), ours.size() - 1), 0);
    EXPECT_EQ(
        status_of(sealed("test \"$(readlink /proc/self/ns/ipc)\" != '" + std::string(ours.data()) + "'", memory())), 0);
  });
}

TEST(MemoryFaults, EachStepFailsInTurn) {
  SealRequest request = memory();
  request.seals = {"all"};
  request.best_effort = true;
  request.memory = "64M";
  request.pids = "50";
  request.rlimits = {"nofile=64"};
  as_both([&] { fail_each_step(request); });
  const Plan plan = limited("exit 0", request);
  for (const std::string& group : plan.seals.cgroups) EXPECT_NE(access(group.c_str(), F_OK), 0) << group;
}

}  // namespace
}  // namespace callgate::sandbox
