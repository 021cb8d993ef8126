// Comments that fill their lines: behind `#`, as YAML, minijail's and systemd's files have them, or behind another
// sign. SPDX-License-Identifier: Apache-2.0
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
// The one behind the place in its line, in YAML: parted by a space.
std::string comment_beside(const base::Span& place);
// The comment that heads the place's paragraph and so holds for all of it: its first lines, behind an empty line, the
// text's beginning or a line that ends in '{', if no other comment stands between them and the place. Lines of comment
// begin with `sign`. Looks back over a limited number of lines.
std::string paragraph_heading(const base::Span& place, std::string_view sign);
// "# text" a line; line breaks within become further lines.
std::string hash_lines(const std::vector<std::string>& lines, std::string_view indent = {});

}  // namespace callgate::convert
