// What `record` says while it records, and of what it recorded.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "cli/session.h"
#include "record/pulse.h"
#include "record/record.h"

namespace callgate::cli {

// What of --args, --denied and --serving-at was given.
record::Keep keep_of(const Arguments& arguments);
// A line when there is something new to say, on a terminal or where --progress asks for it; else nothing. `label`: what
// is recorded, where that needs to be told.
record::OnPulse pulse_lines(const Session& session, const std::string& label);
// Says that a container is waited for.
std::function<void(bool waits)> ready_line(const Session& session, const std::string& what);
// Diagnoses whatever bounds the worth of the recording.
void tell_limits(Session& session, const record::Outcome& outcome);

}  // namespace callgate::cli
