// What `close` and `harden` read: recordings, with what differs between them told; scans.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/session.h"
#include "closure/scan.h"
#include "recording/recording.h"

namespace callgate::cli {

// All runs of all files. Nothing (diagnosed) if a file is no sound recording, or one of its runs is incomplete and that
// is not accepted.
std::optional<recording::Recording> read_recordings(Session& session, const std::vector<std::string>& paths,
                                                    bool accept_incomplete);
std::optional<std::vector<closure::Scanned>> read_scans(Session& session, const std::vector<std::string_view>& paths);

}  // namespace callgate::cli
