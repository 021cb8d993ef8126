// The kernel's own record of a kill by seccomp: an audit message (type 1326) in the kernel log, with the call's number.
// Only the privileged can read it; it is limited in rate, and goes elsewhere where an audit daemon runs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/io.h"
#include "policy/policy.h"

namespace callgate::sandbox {

struct AuditRecord {
  pid_t pid = 0;  // thread group, in the initial pid namespace
  int signal = 0;
  policy::AuditArch audit = 0;
  policy::SyscallNr nr = 0;
  std::uint32_t value = 0;  // what the filter returned
  std::string comm;
  bool operator==(const AuditRecord&) const = default;
};
// A line of the kernel log; nothing if it is no seccomp record.
std::optional<AuditRecord> parse_audit_record(std::string_view line);

// The kernel log from the moment it was opened.
class KernelLog {
 public:
  // Nothing where the log cannot be read.
  static std::optional<KernelLog> open(const char* path = "/dev/kmsg");
  // The record of `pid`'s death by a filter. The kernel writes it from a thread of its own, so this waits a little
  // (up to `patience_ms`) for it.
  std::optional<AuditRecord> find_kill(pid_t pid, int patience_ms = 100) const;

 private:
  explicit KernelLog(base::UniqueFd fd) : fd_(std::move(fd)) {}
  base::UniqueFd fd_;
};

}  // namespace callgate::sandbox
