// SPDX-License-Identifier: Apache-2.0
#include "sandbox/plan.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "arch/calls.h"
#include "base/io.h"
#include "base/text.h"
#include "bpf/simulate.h"
#include "sandbox/diagnostic_ids.h"

namespace callgate::sandbox {

int probe_executable(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return errno;
  // execve answers EACCES for a directory, too.
  if (!S_ISREG(info.st_mode)) return EACCES;
  return faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

ExecProbe probe_below(const std::string& root) {
  return [root](const std::string& path) {
    const base::UniqueFd directory(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return errno;
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT;
    const base::UniqueFd file(static_cast<int>(syscall(SYS_openat2, directory.get(), path.c_str(), &how, sizeof how)));
    if (!file) return errno;
    return probe_executable("/proc/self/fd/" + std::to_string(file.get()));
  };
}

namespace {

Refusal refusal(int error, const std::string& name, const std::string& path) {
  const bool missing = error == ENOENT || error == ENOTDIR;
  if (missing && name.find('/') == std::string::npos)
    return {kNotFound, kExitNotFound, fmt::format("'{}' was not found in PATH", base::printable(name)), {}};
  return {missing ? kNotFound : kNotExecutable,
          missing ? kExitNotFound : kExitNotExecutable,
          fmt::format("'{}' cannot be executed: {}", base::printable(path), base::errno_text(error)),
          {}};
}

}  // namespace

std::optional<Refusal> find_program(const std::string& name, const char* path_variable, const ExecProbe& probe,
                                    std::string& found) {
  if (name.empty() || name.find('/') != std::string::npos) {
    const int error = name.empty() ? ENOENT : probe(name);
    if (error != 0) return refusal(error, name, name);
    found = name;
    return std::nullopt;
  }
  int worst = ENOENT;
  std::string refused;
  for (const std::string_view directory : base::split(path_variable ? path_variable : "/bin:/usr/bin", ':')) {
    // An empty element is the current directory.
    std::string path = directory.empty() ? "./" + name : fmt::format("{}/{}", directory, name);
    const int error = probe(path);
    if (error == 0) {
      found = std::move(path);
      return std::nullopt;
    }
    if (error != ENOENT && error != ENOTDIR && worst == ENOENT) {
      worst = error;
      refused = std::move(path);
    }
  }
  return refusal(worst, name, refused);
}

std::uint32_t filter_flags(std::span<const std::string> names) {
  std::uint32_t flags = 0;
  for (const std::string& name : names) {
    if (name == "SECCOMP_FILTER_FLAG_LOG") flags |= SECCOMP_FILTER_FLAG_LOG;
    if (name == "SECCOMP_FILTER_FLAG_SPEC_ALLOW") flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  }
  return flags;
}

std::string call_text(policy::AuditArch audit, policy::SyscallNr nr) {
  const std::string_view name = arch::name_of_call(audit, nr);
  const auto which = arch::of_call(audit, nr);
  const std::string where = which ? std::string(arch::info(*which).name) : fmt::format("arch {:#x}", audit);
  return name.empty() ? fmt::format("{} ({})", nr, where) : fmt::format("{} ({}, {})", name, nr, where);
}

std::optional<Refusal> check_can_start(std::span<const bpf::Insn> filter, std::uint64_t path, std::uint64_t argv,
                                       std::uint64_t envp) {
  const arch::ArchInfo& native = arch::info(arch::native());
  const auto nr = arch::number(native.arch, "execve");
  if (!nr) return std::nullopt;
  const bpf::SeccompData data{*nr, native.audit, 0, {path, argv, envp, 0, 0, 0}};
  const policy::Action action = policy::from_return_value(bpf::run(filter, data).value);
  if (action.kind == policy::ActionKind::allow || action.kind == policy::ActionKind::log) return std::nullopt;
  return Refusal{kCannotStart, kExitOwnFailure,
                 fmt::format("no program can start under this profile: call {} → {}", call_text(native.audit, *nr),
                             policy::to_string(action)),
                 "the filter is in force before the program is; allow 'execve'"};
}

}  // namespace callgate::sandbox
