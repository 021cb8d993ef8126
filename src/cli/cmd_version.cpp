// callgate version
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "arch/calls.h"
#include "cli/commands.h"
#include "cli/session.h"

namespace callgate::cli {

int version_command(Session& session) {
  constexpr std::string_view version = CALLGATE_VERSION;
  const std::string_view native = arch::info(arch::native()).name;
  std::size_t tables = 0;
  arch::KernelVersion newest;
  for (const arch::ArchInfo& each : arch::all()) {
    if (!each.has_table) continue;
    ++tables;
    for (const arch::CallEntry& call : arch::table(each.arch)) newest = std::max(newest, call.since);
  }
  if (session.json()) {
    auto json = session.begin_json();
    json.member("version", version).member("native", native).member("architectures", tables);
    json.member("calls", arch::name_count()).member("newest_kernel", fmt::format("{}.{}", newest.major, newest.minor));
    session.print(json);
    return kYes;
  }
  session.print(fmt::format("callgate {} ({}); {} calls of {} architectures, up to Linux {}.{}\n", version, native,
                            arch::name_count(), tables, newest.major, newest.minor));
  return kYes;
}

}  // namespace callgate::cli
