// Tasks that run already, from /proc, and cgroups.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

#include "record/ebpf.h"

namespace callgate::record {

struct TaskIds {
  pid_t tid = 0, process = 0;
};

// Every thread of the processes and of all that descend from them, at this moment.
std::vector<TaskIds> tasks_below(const std::vector<pid_t>& processes);
// The one of `processes` that it is, or descends from, without another of them above that. Itself where that cannot be
// told.
pid_t top_of(pid_t process, const std::set<pid_t>& processes);
bool ignores(pid_t process, int signal);
// The processes of a cgroup and of those below it.
std::vector<pid_t> processes_of_cgroup(const std::string& directory);
// Errors: invalid (no directory of a cgroup of version 2).
base::Result<CgroupChoice> choose_cgroup(const std::string& directory);
// What engines call the cgroup of a container with that id.
std::vector<std::string> cgroup_names_of_container(const std::string& id);
// The processes in a container's cgroups (of either version), found by those names and by one of them; that one alone
// where it has none.
std::vector<pid_t> processes_of_container(pid_t process, const std::vector<std::string>& cgroup_names);
// The directory of a systemd unit's cgroup, below a mounted hierarchy of version 2. Empty if there is none.
std::string cgroup_of_unit(const std::string& unit);
// False once nobody is left in it.
bool is_populated(const std::string& directory);

}  // namespace callgate::record
