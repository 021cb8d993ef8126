// Small habits of Go's standard library that show in what engines say and take: strconv and fmt's %q.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace callgate::manifest {

// strconv.Quote: `"` or another quote around the text; control characters, what is not printable and stray bytes
// escaped.
std::string go_quote(std::string_view text, char quote = '"');
// encoding/json of a text: as it is put into a page, so '<', '>' and '&' are escaped too.
std::string go_json_quote(std::string_view text);
// A byte in single quotes, as encoding/json and pflag show one: as if it were a character of its own.
std::string go_quote_byte(char byte);
// strconv.ParseBool: 1, t, T, true, TRUE, True and their opposites; nothing for other texts.
std::optional<bool> go_parse_bool(std::string_view text);

}  // namespace callgate::manifest
