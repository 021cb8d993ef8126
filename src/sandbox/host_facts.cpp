// SPDX-License-Identifier: Apache-2.0
#include "sandbox/host_facts.h"

#include <dirent.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "base/io.h"
#include "base/text.h"
#include "sandbox/steps.h"

namespace callgate::sandbox {

namespace {

std::optional<std::uint64_t> number_in(const char* path) {
  const auto text = base::read_file(path, 64);
  return text ? base::parse_u64(base::trim(*text)) : std::nullopt;
}

std::uint64_t permitted_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return 0;
  return data[0].permitted | std::uint64_t{data[1].permitted} << 32;
}

std::vector<int> inherited_files() {
  std::vector<int> out;
  DIR* const directory = opendir("/proc/self/fd");
  if (directory == nullptr) return out;
  while (const dirent* const entry = readdir(directory)) {  // NOLINT(concurrency-mt-unsafe): a directory of our own
    const auto fd = base::parse_u64(entry->d_name);
    if (fd && *fd > 2 && static_cast<int>(*fd) != dirfd(directory)) out.push_back(static_cast<int>(*fd));
  }
  closedir(directory);
  return out;
}

int landlock_version() {
  return static_cast<int>(
      syscall(SYS_landlock_create_ruleset, nullptr, 0, std::uint32_t{LANDLOCK_CREATE_RULESET_VERSION}));
}

int probe_child(void*) {
  // Some kernels let anybody make user namespaces in which all capabilities are refused.
  syscall(SYS_exit, unshare(CLONE_NEWUTS) == 0 ? 0 : 1);
  return 1;
}

// Asked of the kernel itself, for sysctls, security modules, filters and nesting limits all have a say.
// Whether `probe` succeeds in new namespaces.
bool succeeds_in(int namespaces, int (*probe)(void*)) {
  alignas(16) std::array<char, 16384> stack;
  const pid_t pid = clone(probe, stack.data() + stack.size(), namespaces | CLONE_VM | CLONE_VFORK, nullptr);
  if (pid < 0) return false;
  int status = 1;
  while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int probe_proc(void*) {
  Step step;
  step.kind = StepKind::new_mount;
  step.path = "proc";
  step.slot = 0;
  Slots slots{};
  return run_step(step, slots) < 0 ? 1 : 0;
}

PathFact path_fact(const std::string& path) {
  PathFact fact;
  char* const real = realpath(path.c_str(), nullptr);
  if (real == nullptr) {
    if (errno != ENOENT && errno != ENOTDIR) fact.error = errno;
    return fact;
  }
  fact.real = real;
  free(real);  // NOLINT(cppcoreguidelines-no-malloc): realpath allocates so
  struct stat info{};
  fact.exists = stat(fact.real.c_str(), &info) == 0;
  if (!fact.exists) fact.error = errno;
  fact.directory = S_ISDIR(info.st_mode);
  return fact;
}

}  // namespace

HostFacts read_host_facts() {
  HostFacts facts;
  facts.uid = geteuid();
  facts.gid = getegid();
  facts.capabilities = permitted_capabilities();
  facts.last_capability = static_cast<unsigned>(number_in("/proc/sys/kernel/cap_last_cap").value_or(40));
  const bool administrator = (facts.capabilities >> CAP_SYS_ADMIN & 1) != 0;
  facts.user_namespaces = administrator || succeeds_in(CLONE_NEWUSER, probe_child);
  facts.open_fds = inherited_files();
  facts.landlock_abi = std::max(landlock_version(), 0);
  const auto refused = [](long answer) { return answer < 0 && (errno == EPERM || errno == ENOSYS); };
  facts.keyctl = !refused(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
  facts.other_key_calls = !refused(syscall(SYS_add_key, nullptr, nullptr, nullptr, 0, 0)) ||
                          !refused(syscall(SYS_request_key, nullptr, nullptr, nullptr, 0));
  facts.path = path_fact;
  facts.pid = getpid();
  facts.directory = path_fact(".").real;
  if (facts.directory.empty()) facts.directory = "/";
  return facts;
}

void probe_new_proc(HostFacts& facts) {
  const bool administrator = (facts.capabilities >> CAP_SYS_ADMIN & 1) != 0;
  if (!administrator && facts.user_namespaces)
    facts.new_proc = succeeds_in(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS, probe_proc);
}

}  // namespace callgate::sandbox
