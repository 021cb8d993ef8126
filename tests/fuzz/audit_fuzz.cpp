// Any bytes as a line of the kernel log. What is taken for a seccomp record says so, and reads the same again when its
// fields are written as the kernel writes them, whatever stood around them.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "sandbox/audit.h"

namespace {

using namespace callgate;

void require(bool holds) {
  if (!holds) std::abort();
}

// kernel/auditsc.c, audit_seccomp(): numbers of calls are signed; a name that is not plain text is in hexadecimal.
std::string as_the_kernel_writes(const sandbox::AuditRecord& record) {
  std::string comm;
  for (const char c : record.comm) comm += fmt::format("{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  return fmt::format(
      "5,1,2,-;audit: type=1326 audit(1.2:3): auid=0 uid=0 gid=0 ses=1 pid={} comm={} exe=\"/bin/x\" sig={} "
      "arch={:x} syscall={} compat=0 ip=0x1 code=0x{:x}\n",
      record.pid, comm, record.signal, record.audit, static_cast<std::int32_t>(record.nr), record.value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto record = sandbox::parse_audit_record(line);
  if (!record) return 0;
  require(line.find("type=1326 ") != std::string_view::npos);
  require(sandbox::parse_audit_record(as_the_kernel_writes(*record)) == record);
  return 0;
}
