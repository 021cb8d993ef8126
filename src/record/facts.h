// What a recording tells of its surroundings.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "recording/recording.h"

namespace callgate::record {

// id, command, machine, user and time of a run that begins now.
recording::Run begin_run(std::string tool, const std::vector<std::string>& command, recording::Source source);
// The GNU build-id of an ELF file, in hexadecimal; empty where it has none.
std::string build_id(const std::string& path);
// Fills in the build-ids of the images whose files are still there.
void add_build_ids(recording::Run& run);
// Whether a filter is in force on a process; 0: on us, and so on what we start.
bool under_a_filter(pid_t process = 0);

}  // namespace callgate::record
