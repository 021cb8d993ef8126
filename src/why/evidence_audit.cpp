// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <set>

#include "arch/prototype.h"
#include "base/text.h"
#include "why/evidence.h"

namespace callgate::why {

Denial from_record(const sandbox::AuditRecord& record) {
  Denial out;
  out.call = {record.audit, record.nr, {}};
  out.known = 0;
  out.decoded = decode::decode(out.call, out.known, {});
  out.action = policy::from_return_value(record.value);
  out.process = static_cast<std::uint64_t>(record.pid);
  out.program = record.comm;
  out.executable = record.executable;
  out.address = record.address;
  if (record.signal != 0) out.outcome = std::string(arch::signal_name(record.signal));
  if (!record.stamp.empty()) out.place = "audit " + record.stamp;
  return out;
}

std::size_t read_audit(std::string_view text, Journal& journal, std::uint64_t pid) {
  std::set<std::string> seen;
  std::size_t count = 0;
  for (const std::string_view line : base::split(text, '\n')) {
    const auto record = sandbox::parse_audit_record(line);
    if (!record || (pid != 0 && static_cast<std::uint64_t>(record->pid) != pid)) continue;
    if (!record->stamp.empty() && !seen.insert(record->stamp).second) continue;
    ++count;
    journal.add(from_record(*record));
  }
  return count;
}

}  // namespace callgate::why
