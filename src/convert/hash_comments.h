// Comments that begin with `#` and fill their lines, as YAML, minijail's and systemd's files have them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/source.h"

namespace callgate::convert {

// Those at the head of a text, before anything else but blank lines and `---`.
std::vector<std::string> head_comments(std::string_view text);
// Those on the lines directly above the place, as one line.
std::string comment_above(const base::Span& place);
// "# text" a line; line breaks within become further lines.
std::string hash_lines(const std::vector<std::string>& lines, std::string_view indent = {});

}  // namespace callgate::convert
