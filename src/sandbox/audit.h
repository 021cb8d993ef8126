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
  std::string executable;     // its path
  std::uint64_t address = 0;  // of the call's instruction
  std::string stamp;          // "1795475771.752:7": one event's time and number
  // Whose login it came of; processes inherit both.
  std::optional<std::uint32_t> login, session;
  bool operator==(const AuditRecord&) const = default;
};
// A line of the kernel log, of an audit daemon's file (type=SECCOMP), or an audit message off the wire with that put
// before it; nothing if it is no seccomp record.
std::optional<AuditRecord> parse_audit_record(std::string_view line);

// The kernel log, from the moment it was opened or from its start.
class KernelLog {
 public:
  // Nothing where the log cannot be read.
  static std::optional<KernelLog> open(const char* path = "/dev/kmsg");
  // The same with what it holds already.
  static std::optional<KernelLog> open_from_start(const char* path = "/dev/kmsg");
  // The record of `pid`'s death by a filter. The kernel writes it from a thread of its own, so this waits a little
  // (up to `patience_ms`) for it.
  std::optional<AuditRecord> find_kill(pid_t pid, int patience_ms = 100) const;
  // The next line there is already; nothing at the end.
  std::optional<std::string> next_line() const;
  int fd() const { return fd_.get(); }

 private:
  explicit KernelLog(base::UniqueFd fd) : fd_(std::move(fd)) {}
  base::UniqueFd fd_;
};

// Audit messages as they are made, whether or not a daemon takes them (netlink's AUDIT_NLGRP_READLOG): needs
// CAP_AUDIT_READ in the initial user namespace.
class AuditStream {
 public:
  static std::optional<AuditStream> open();
  // The next seccomp message as a line that parse_audit_record() reads; nothing if none is there.
  std::optional<std::string> next_line() const;
  int fd() const { return fd_.get(); }

 private:
  explicit AuditStream(base::UniqueFd fd) : fd_(std::move(fd)) {}
  base::UniqueFd fd_;
};

}  // namespace callgate::sandbox
