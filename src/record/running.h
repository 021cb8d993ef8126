// Tasks that run already, from /proc, and cgroups.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "record/ebpf.h"

namespace callgate::record {

struct TaskIds {
  pid_t tid = 0, process = 0;
};

// Every thread of the processes and of all that descend from them, at this moment.
std::vector<TaskIds> tasks_below(const std::vector<pid_t>& processes);
// The processes of a cgroup and of those below it.
std::vector<pid_t> processes_of_cgroup(const std::string& directory);
// Errors: invalid (no directory of a cgroup of version 2).
base::Result<CgroupChoice> choose_cgroup(const std::string& directory);
// False once nobody is left in it.
bool is_populated(const std::string& directory);

}  // namespace callgate::record
