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

const char* no_landlock(const HostFacts& host) {
  return host.landlock_refused ? "the filter that we are under refuses Landlock, or this kernel has none"
                               : "this kernel has no Landlock";
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
    if (draft.host.landlock_abi < kLandlockNetworkSince) {
      const std::string has = draft.host.landlock_abi == 0
                                  ? no_landlock(draft.host)
                                  : fmt::format("this kernel has version {}", draft.host.landlock_abi);
      if (!draft.lacking("--connect and --bind need Landlock's interface 4; " + has)) return false;
      draft.ports.clear();
    }
  }
  if (mode == "host") return true;
  if (draft.bare) {
    draft.left_out(mode == "none" && draft.host.landlock_abi >= kLandlockNetworkSince
                       ? "--seal net: TCP alone is denied, by Landlock"
                       : "--seal net: the machine's network stays in reach");
    return true;
  }
  draft.seals.namespaces |= CLONE_NEWNET;
  if (mode == "loopback") draft.setup(StepKind::raise_loopback);
  return true;
}

void plan_landlock(Draft& draft) {
  const int abi = draft.host.landlock_abi;
  const bool files = draft.has(Seal::file) && abi > 0;
  if (draft.has(Seal::file) && abi == 0 && !draft.bare)
    draft.left_out(fmt::format("--seal file: no second wall, for {}; the mounts alone hold", no_landlock(draft.host)));
  // Without namespaces Landlock denies what it can of what they would have kept away.
  const std::string mode = draft.request.net.value_or("none");
  const bool no_tcp = draft.bare && draft.has(Seal::net) && mode == "none" && abi >= kLandlockNetworkSince;
  std::uint64_t scopes = 0;
  if (draft.bare && abi >= kLandlockScopesSince) {
    if (draft.has(Seal::process)) scopes |= kLandlockScopeSignals;
    if (draft.has(Seal::net) && mode != "host") scopes |= kLandlockScopeSockets;
  }
  if (!files && draft.ports.empty() && !no_tcp && scopes == 0) return;
  Step& begin = draft.program(StepKind::landlock_begin);
  begin.slot = kLandlockSlot;
  begin.number = files ? landlock_file_accesses(abi) : 0;
  begin.flags = scopes;
  begin.value = draft.ports.empty() && !no_tcp ? 0 : kLandlockBindTcp | kLandlockConnectTcp;
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
