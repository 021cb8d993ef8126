// `--seal net`: a network of its own, or the machine's with TCP ports by Landlock; and the Landlock rules of all seals,
// for a process gets them as one set.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sched.h>

#include "base/text.h"
#include "sandbox/diagnostic_ids.h"
#include "sandbox/draft.h"
#include "sandbox/landlock.h"

namespace callgate::sandbox {

namespace {

bool add_ports(Draft& draft, const std::string& option, const std::vector<std::string>& words, std::uint64_t access) {
  for (const std::string& list : words)
    for (const std::string_view word : base::split(list, ',')) {
      const auto port = base::parse_u64(word);
      if (!port || *port > 65535)
        return draft.refuse(kBadSeal, fmt::format("{} '{}' is no TCP port", option, base::printable(word)));
      draft.ports.push_back({*port, access});
    }
  return true;
}

}  // namespace

bool plan_net(Draft& draft) {
  const SealRequest& request = draft.request;
  if (!add_ports(draft, "--connect", request.connect_ports, kLandlockConnectTcp)) return false;
  if (!add_ports(draft, "--bind", request.bind_ports, kLandlockBindTcp)) return false;
  const std::string mode = request.net.value_or("none");
  if (!draft.ports.empty()) {
    if (mode == "none")
      return draft.refuse(kBadSeal, "--connect and --bind have no meaning without a network",
                          "--net host or --net loopback");
    if (draft.host.landlock_abi < 4) {
      const std::string has =
          draft.host.landlock_abi == 0 ? "no Landlock" : fmt::format("version {}", draft.host.landlock_abi);
      if (!draft.lacking("--connect and --bind need Landlock's interface 4; this kernel has " + has)) return false;
      draft.ports.clear();
    }
  }
  if (mode == "host") return true;
  draft.seals.namespaces |= CLONE_NEWNET;
  if (mode == "loopback") draft.setup(StepKind::raise_loopback);
  return true;
}

void plan_landlock(Draft& draft) {
  const bool files = draft.has(Seal::file) && draft.host.landlock_abi > 0;
  if (!files && draft.ports.empty()) return;
  Step& begin = draft.program(StepKind::landlock_begin);
  begin.slot = kLandlockSlot;
  begin.number = files ? landlock_file_accesses(draft.host.landlock_abi) : 0;
  begin.value = draft.ports.empty() ? 0 : kLandlockBindTcp | kLandlockConnectTcp;
  if (files) plan_landlock_files(draft);
  for (const Port& port : draft.ports) {
    Step& step = draft.program(StepKind::landlock_port);
    step.slot = kLandlockSlot;
    step.number = port.number;
    step.flags = port.access;
  }
  draft.program(StepKind::landlock_enforce).slot = kLandlockSlot;
}

}  // namespace callgate::sandbox
