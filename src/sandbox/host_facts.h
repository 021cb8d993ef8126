// What this machine and this user have, as far as seals need it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sandbox/seals.h"

namespace callgate::sandbox {

// Reads /proc and asks the kernel; changes nothing. To be called before files of our own are opened for long.
HostFacts read_host_facts();
// Sets `new_proc`. Only --seal process wants to know, and asking takes three namespaces.
void probe_new_proc(HostFacts& facts);

using FileReader = std::function<std::string(const std::string& path)>;  // empty where there is no such file
// The hierarchy that holds `controller`, from /proc/PID/cgroup and mountinfo; `writable` and `swap` are left open.
CgroupFacts cgroup_facts(std::string_view controller, std::string_view groups, std::string_view mounts,
                         const FileReader& read);
void read_cgroups(HostFacts& facts);

}  // namespace callgate::sandbox
