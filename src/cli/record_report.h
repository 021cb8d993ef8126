// A run of a program, told to people and to programs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json_write.h"
#include "recording/recording.h"

namespace callgate::cli {

// "31 calls of 2 programs and 5 tasks in 0.12 s".
std::string summary_of(const recording::Run& run);
// "INCOMPLETE", "complete", or what the recording is silent about: "complete, but for capabilities".
std::string outcome_of(const recording::Run& run);
// All of it: calls by phase, arguments, capabilities, what no filter sees.
std::string report_of(const recording::Run& run);
// Members of an object that is begun already.
void to_json(const recording::Run& run, base::JsonWriter& json);

}  // namespace callgate::cli
