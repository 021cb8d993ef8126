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
  const auto hexadecimal = [](const std::string& text) {
    std::string out;
    for (const char c : text) out += fmt::format("{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    return out;
  };
  const auto id = [](std::string_view name, const std::optional<std::uint32_t>& value) {
    return value ? fmt::format(" {}={}", name, *value) : std::string();
  };
  return fmt::format(
      "5,1,2,-;audit: type=1326 audit({}):{} uid=0 gid=0{} pid={} comm={} exe={} sig={} "
      "arch={:x} syscall={} compat=0 ip=0x{:x} code=0x{:x}\n",
      record.stamp, id("auid", record.login), id("ses", record.session), record.pid, hexadecimal(record.comm),
      hexadecimal(record.executable), record.signal, record.audit, static_cast<std::int32_t>(record.nr), record.address,
      record.value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  auto record = sandbox::parse_audit_record(line);
  if (!record) return 0;
  require(line.find("type=1326 ") != std::string_view::npos || line.find("type=SECCOMP ") != std::string_view::npos);
  record->stamp = "1.2:3";  // any text up to the bracket is one
  require(sandbox::parse_audit_record(as_the_kernel_writes(*record)) == record);
  return 0;
}
