// Writing a policy in some format, with its losses: what convert and merge end with.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/session.h"
#include "convert/convert.h"

namespace callgate::cli {

// `spo` stands for the current version of the Security Profiles Operator's format. Null if there is none.
const convert::Format* format_named(std::string_view name);
// The format that --to names, `fallback` if it is not given. Null (diagnosed as usage) if it cannot be written.
const convert::Format* target_format(Session& session, std::string_view fallback);

// Writes to the file that -o names. Where something is lost nothing is written without --lossy: the losses are then
// diagnosed (status kNo). With --format json the report goes to standard output, and to standard error where the text
// itself goes there.
int write_converted(Session& session, const convert::Reading& reading, const convert::Format& format,
                    const convert::WriteOptions& options);

}  // namespace callgate::cli
