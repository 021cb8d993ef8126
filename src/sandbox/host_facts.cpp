// SPDX-License-Identifier: Apache-2.0
#include "sandbox/host_facts.h"

#include <dirent.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <sys/prctl.h>
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
#include "sandbox/landlock.h"
#include "sandbox/outer_filter.h"
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

long landlock_version() {
  return syscall(SYS_landlock_create_ruleset, nullptr, 0, std::uint32_t{LANDLOCK_CREATE_RULESET_VERSION});
}

bool refused(long answer) {
  return answer < 0 && (errno == EPERM || errno == EACCES || errno == ENOSYS);
}

// What a filter around us may refuse, or answer with death; a child of ours asks, whose privileges are its own to give
// up.
struct Asked {
  int landlock = 0;  // its version, or minus errno
  bool landlock_complete = false, keyctl = false, other_key_calls = false;
};

int ask_landlock(void* out) {
  Asked& asked = *static_cast<Asked*>(out);
  const long version = landlock_version();
  asked.landlock = version < 0 ? -errno : static_cast<int>(version);
  if (version <= 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  asked.landlock_complete = !refused(syscall(SYS_landlock_add_rule, -1, LANDLOCK_RULE_PATH_BENEATH, nullptr, 0)) &&
                            !refused(syscall(SYS_landlock_restrict_self, -1, 0));
  return 0;
}

int ask_keyctl(void* out) {
  static_cast<Asked*>(out)->keyctl = !refused(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
  return 0;
}

int ask_add_key(void* out) {
  if (!refused(syscall(SYS_add_key, nullptr, nullptr, nullptr, 0, 0))) static_cast<Asked*>(out)->other_key_calls = true;
  return 0;
}

int ask_request_key(void* out) {
  if (!refused(syscall(SYS_request_key, nullptr, nullptr, nullptr, 0)))
    static_cast<Asked*>(out)->other_key_calls = true;
  return 0;
}

void ask(HostFacts& facts) {
  Asked asked;
  if (under_filter()) {
    for (const auto each : {ask_landlock, ask_keyctl, ask_add_key, ask_request_key}) is_deadly(each, &asked);
    facts.landlock_refused = !asked.landlock_complete && asked.landlock != -EOPNOTSUPP;
  } else {
    asked.landlock = static_cast<int>(landlock_version());
    asked.landlock_complete = asked.landlock > 0;
    for (const auto each : {ask_keyctl, ask_add_key, ask_request_key}) each(&asked);
  }
  facts.landlock_abi = asked.landlock_complete ? asked.landlock : 0;
  facts.keyctl = asked.keyctl;
  facts.other_key_calls = asked.other_key_calls;
}

int probe_child(void*) {
  // Some kernels let anybody make user namespaces in which all capabilities are refused.
  syscall(SYS_exit, unshare(CLONE_NEWUTS) == 0 ? 0 : 1);
  return 1;
}

struct Attempt {
  int namespaces;
  int (*probe)(void*);
  bool succeeded = false;
};

int attempt(void* out) {
  Attempt& attempt = *static_cast<Attempt*>(out);
  alignas(16) std::array<char, 16384> stack;
  const pid_t pid =
      clone(attempt.probe, stack.data() + stack.size(), attempt.namespaces | CLONE_VM | CLONE_VFORK, nullptr);
  if (pid < 0) return -1;
  int status = 1;
  while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {
  }
  attempt.succeeded = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return 0;
}

// Whether `probe` succeeds in new namespaces. Asked of the kernel itself, for sysctls, security modules, filters and
// nesting limits all have a say.
bool succeeds_in(int namespaces, int (*probe)(void*)) {
  Attempt outcome{namespaces, probe};
  if (under_filter())
    is_deadly(attempt, &outcome);
  else
    attempt(&outcome);
  return outcome.succeeded;
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
  ask(facts);
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
