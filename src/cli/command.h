// A command as data. From one table come parsing, --help, man pages and shell completion (table.cpp holds the rows).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "base/json_write.h"
#include "cli/env.h"

namespace callgate::cli {

struct Option {
  std::string_view name;     // "output": --output
  char letter = 0;           // 'o': -o; 0: none
  std::string_view value;    // what stands for its value in help: "FILE"; empty: a flag
  std::string_view help;     // a sentence without its full stop
  std::string_view choices;  // "bpf,asm": the only values; empty: anything
  bool many = false;         // may be given more than once; else the last one counts
};

struct Operand {
  std::string_view name;  // "PROFILE"
  std::string_view help;
  bool required = true;
  bool many = false;  // takes all that follow
};

struct Example {
  std::string_view line;  // as typed in a shell
  std::string_view says;
  int exit_status = 0;
};

class Session;

struct Command {
  std::string_view name, summary;
  std::string_view description;  // paragraphs, separated by an empty line
  std::span<const Operand> operands;
  std::span<const Option> options;
  std::span<const Example> examples;
  std::string_view exit_status;  // what this command's statuses mean, where more is to be said than callgate(1) says
  bool takes_command = false;    // the operands are a command line: options end at the first of them
  int (*run)(Session& session) = nullptr;
};

std::span<const Command> core_commands();  // table.cpp
// Two files define it, and a program links one of them: all_commands.cpp, or static/commands.cpp.
std::span<const Command> commands();
const Command* find_command(std::string_view name);

// What was typed, checked against a command's table.
struct Arguments {
  std::vector<std::pair<std::string_view, std::string>> options;  // by long name
  std::vector<std::string> operands;
  bool help = false;

  bool has(std::string_view name) const { return last(name).has_value(); }
  std::optional<std::string_view> last(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
};

// --name VALUE, --name=VALUE, -n VALUE, -nVALUE; `--` ends options; a lone `-` is an operand. Nothing if the line is
// wrong (diagnosed, with the nearest option).
std::optional<Arguments> parse(const Command& command, std::span<const std::string> words,
                               base::Diagnostics& diagnostics);

// help.cpp, roff.cpp, completion.cpp: what is made from the table.
std::string help_text(const Command& command);
std::string overview_text();
// The table's rows as an object.
void to_json(const Command& command, base::JsonWriter& json);
std::string usage_line(const Command& command);
std::string man_page(const Command& command);
std::string overview_man_page();
// shell: "bash", "zsh" or "fish".
std::string completion_script(std::string_view shell);

}  // namespace callgate::cli
