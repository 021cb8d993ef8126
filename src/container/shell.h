// Shell scripts as far as it takes to know the words of their commands: quotes, variables that the script or the
// environment sets, arrays, here-documents, command substitutions. Nothing is run: what only running could tell is
// called unknown, by the variable's name. All branches of a script are looked at, in the order in which they stand.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/source.h"
#include "container/container.h"

namespace callgate::container {

// A script that may be cut out of a larger file (a block of YAML, a recipe of a Makefile).
struct ShellText {
  const base::SourceFile* file = nullptr;
  std::string_view text;
  // Where text[i] stands in the file; one more than the text has bytes. Empty: at i.
  std::vector<std::uint32_t> offsets;
  std::uint32_t at(std::size_t i) const { return offsets.empty() ? static_cast<std::uint32_t>(i) : offsets[i]; }
};

struct Shell {
  // A scalar is an array of one.
  std::map<std::string, std::vector<std::string>, std::less<>> variables;
  // bash expands ~ behind NAME= in arguments, sh does not.
  bool bash = true;
};
Shell shell_of(const std::vector<std::string>& environment);

// Calls `each` with the words of every simple command, without sudo, env, exec, time and the like before it; the
// variables are as they are there. Commands inside of "$(…)" and of `sh -c '…'` come before the command that holds
// them.
void for_each_command(const ShellText& text, Shell& shell, const std::function<void(const std::vector<Word>&)>& each);

}  // namespace callgate::container
