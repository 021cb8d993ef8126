// Scripts: what the kernel executes for one, and what env(1) executes then.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace callgate::scan {

struct ScriptLine {
  std::string interpreter;  // as the line names it
  bool env = false;         // it is env(1), which goes on to execute:
  std::string name;         // a path, or to be looked for along PATH; empty: not to be told from the line
};

// The first line of a text that begins with "#!"; nothing if it names no interpreter. As the kernel: 256 bytes count,
// what follows the interpreter is one argument. As env: -S splits it, options and variables are passed over.
std::optional<ScriptLine> script_line(std::string_view text);

// Where a program is looked for whose environment says nothing else.
inline constexpr std::string_view kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

}  // namespace callgate::scan
