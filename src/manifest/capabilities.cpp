// SPDX-License-Identifier: Apache-2.0
#include "manifest/capabilities.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace callgate::manifest {

namespace {

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

// linux/capability.h, sorted.
const std::vector<std::string>& all_capabilities() {
  static const std::vector<std::string> all{"CAP_AUDIT_CONTROL",   "CAP_AUDIT_READ",   "CAP_AUDIT_WRITE",
                                            "CAP_BLOCK_SUSPEND",   "CAP_BPF",          "CAP_CHECKPOINT_RESTORE",
                                            "CAP_CHOWN",           "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH",
                                            "CAP_FOWNER",          "CAP_FSETID",       "CAP_IPC_LOCK",
                                            "CAP_IPC_OWNER",       "CAP_KILL",         "CAP_LEASE",
                                            "CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN",    "CAP_MAC_OVERRIDE",
                                            "CAP_MKNOD",           "CAP_NET_ADMIN",    "CAP_NET_BIND_SERVICE",
                                            "CAP_NET_BROADCAST",   "CAP_NET_RAW",      "CAP_PERFMON",
                                            "CAP_SETFCAP",         "CAP_SETGID",       "CAP_SETPCAP",
                                            "CAP_SETUID",          "CAP_SYSLOG",       "CAP_SYS_ADMIN",
                                            "CAP_SYS_BOOT",        "CAP_SYS_CHROOT",   "CAP_SYS_MODULE",
                                            "CAP_SYS_NICE",        "CAP_SYS_PACCT",    "CAP_SYS_PTRACE",
                                            "CAP_SYS_RAWIO",       "CAP_SYS_RESOURCE", "CAP_SYS_TIME",
                                            "CAP_SYS_TTY_CONFIG",  "CAP_WAKE_ALARM"};
  return all;
}

std::string normal_capability(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper == "ALL" || upper.starts_with("CAP_") ? upper : "CAP_" + upper;
}

base::Result<std::vector<std::string>> bounding_set(const std::vector<std::string>& defaults,
                                                    const std::vector<std::string>& add,
                                                    const std::vector<std::string>& drop, bool privileged) {
  std::vector<std::string> adds, drops;
  struct List {
    const std::vector<std::string>* from;
    std::vector<std::string>* to;
    std::string_view called;  // daemon/container.go, validateCapabilities()
  };
  for (const List& list : {List{&add, &adds, "CapAdd"}, List{&drop, &drops, "CapDrop"}})
    for (const std::string& each : *list.from) {
      std::string name = normal_capability(each);
      if (name != "ALL" && !contains(all_capabilities(), name))
        return base::fail(base::ErrorCode::invalid,
                          fmt::format("invalid {}: unknown capability: \"{}\"", list.called, name));
      list.to->push_back(std::move(name));
    }
  if (privileged) return all_capabilities();
  std::vector<std::string> out;
  const bool all = contains(adds, "ALL");
  for (const std::string& each : all_capabilities()) {
    const bool start = all || (!contains(drops, "ALL") && contains(defaults, each));
    // With ALL added, what is dropped by name stays dropped; otherwise an addition outweighs a removal.
    if (all ? !contains(drops, each) : (contains(adds, each) || (start && !contains(drops, each)))) out.push_back(each);
  }
  return out;
}

}  // namespace callgate::manifest
