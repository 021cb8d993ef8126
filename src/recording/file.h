// Recordings as files: JSON Lines, described in docs/recording.md. A run is a header line, a line for each thing seen,
// and an end line. Files that are put one behind the other are a recording of all their runs.
//
// A run without its end line (the recorder died, the disk was full) counts as incomplete; a torn last line is passed
// over. Lines of unknown kinds and unknown members are passed over with a warning, so that what later versions add does
// no harm; a later *version* is refused.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>

#include "base/diagnostic.h"
#include "base/result.h"
#include "recording/recording.h"

namespace callgate::recording {

// 1 had no shutdown.
inline constexpr std::uint64_t kVersion = 2, kEarliestVersion = 1;

// The lines of one run.
std::string to_lines(const Run& run);

// Lines that diagnostics point into.
using KeptLines = std::deque<base::SourceFile>;
// Whether the text begins like a recording.
bool looks_like_recording(std::string_view text);
// What could be read; diagnosed errors mean that something is missing in it.
Recording read(const base::SourceFile& file, KeptLines& kept, base::Diagnostics& diagnostics);

// Whether a run can be added to `path`: it is a recording, empty, or not there. Error: invalid for what is none.
base::Result<void> can_append(const std::string& path);
// Adds a run at the end of `path`, which is created if it does not exist. Either the whole run is added or the file is
// as it was: two recorders may append at once, and a line that another one left torn is closed first. What is no
// recording is left alone.
base::Result<void> append(const std::string& path, const Run& run);

}  // namespace callgate::recording
