// `resolve --filters DIR`: the filter of each container as a file, compiled and proved.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/session.h"
#include "manifest/answer.h"

namespace callgate::cli {

// Writes DIR/NAME.bpf for every container that runs under a filter that is known (NAME-2.bpf, … where names repeat),
// each proved equal to its policy first. The exit status.
int write_filters(Session& session, const manifest::Answer& answer, const std::string& directory);

}  // namespace callgate::cli
