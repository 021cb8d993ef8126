// SPDX-License-Identifier: Apache-2.0
#include "sandbox/dump.h"

#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>

#include "base/io.h"
#include "base/text.h"

namespace callgate::sandbox {

namespace {

int result(long value) {
  return value < 0 ? -errno : static_cast<int>(value);
}

int seize(pid_t pid) {
  if (const int e = result(ptrace(PTRACE_SEIZE, pid, nullptr, nullptr)); e < 0) return e;
  if (const int e = result(ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr)); e < 0) return e;
  int status = 0;
  pid_t got = 0;
  while ((got = waitpid(pid, &status, __WALL)) < 0 && errno == EINTR) {
  }
  if (got < 0) return -errno;
  return WIFSTOPPED(status) ? 0 : -ESRCH;  // it ended meanwhile
}

constexpr Tracing kRealTracing{
    .seize = seize,
    .filter = [](pid_t pid, unsigned index,
                 bpf::Insn* program) { return result(ptrace(PTRACE_SECCOMP_GET_FILTER, pid, index, program)); },
    .detach = [](pid_t pid) { return result(ptrace(PTRACE_DETACH, pid, nullptr, nullptr)); },
};

// The "Seccomp:" line of /proc/PID/status: 0 none, 1 strict, 2 filters.
std::optional<std::uint64_t> seccomp_mode(pid_t pid) {
  const auto status = base::read_file(fmt::format("/proc/{}/status", pid));
  if (!status) return std::nullopt;
  for (const std::string_view line : base::split(*status, '\n'))
    if (line.starts_with("Seccomp:")) return base::parse_u64(base::trim(line.substr(8)));
  return std::nullopt;
}

tl::unexpected<base::Error> explain(pid_t pid, int error, std::size_t index) {
  using base::ErrorCode;
  const std::string why = base::errno_text(error);
  switch (error) {
    case ESRCH:
      return base::fail(ErrorCode::invalid, fmt::format("there is no process {}", pid), error);
    case EPERM:
      return base::fail(
          ErrorCode::unsupported,
          fmt::format("process {} may not be traced: {}; it needs CAP_SYS_PTRACE, and no other tracer", pid, why),
          error);
    case EACCES:
      return base::fail(ErrorCode::unsupported,
                        fmt::format("filters of process {} may not be read: {}; it needs CAP_SYS_ADMIN and a reader "
                                    "without a filter of its own",
                                    pid, why),
                        error);
    case EINVAL:
      return base::fail(ErrorCode::unsupported,
                        fmt::format("filters of process {} cannot be read: this kernel was built without "
                                    "CONFIG_CHECKPOINT_RESTORE, or the process is in strict mode",
                                    pid),
                        error);
    case EMEDIUMTYPE:
      return base::fail(ErrorCode::unsupported,
                        fmt::format("filter {} of process {} is no classic BPF program", index, pid), error);
    default:
      return base::fail(ErrorCode::io, fmt::format("filter {} of process {} cannot be read: {}", index, pid, why),
                        error);
  }
}

}  // namespace

const Tracing& real_tracing() {
  return kRealTracing;
}

base::Result<std::vector<bpf::Program>> dump_filters(pid_t pid, const Tracing& tracing) {
  std::vector<bpf::Program> stack;
  if (seccomp_mode(pid) == 0) return stack;
  if (const int e = tracing.seize(pid); e < 0) return explain(pid, -e, 0);
  for (unsigned index = 0;; ++index) {
    int count = tracing.filter(pid, index, nullptr);
    bpf::Program program(count > 0 ? static_cast<std::size_t>(count) : 0);
    if (count > 0) count = tracing.filter(pid, index, program.data());
    if (count == -ENOENT) break;  // past the oldest
    if (count < 0) {
      tracing.detach(pid);
      return explain(pid, -count, index);
    }
    stack.push_back(std::move(program));
  }
  if (const int e = tracing.detach(pid); e < 0) return explain(pid, -e, 0);
  // The kernel counts from the oldest (kernel/seccomp.c get_nth_filter).
  std::reverse(stack.begin(), stack.end());
  return stack;
}

}  // namespace callgate::sandbox
