// Completion scripts from the table: commands, options, their choices, the built-in profiles, files.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "cli/command.h"
#include "format/profile.h"
#include "format/shipped.h"

namespace callgate::cli {

namespace {

std::string spaced(std::string_view choices) {
  return fmt::format("{}", fmt::join(base::split(choices, ','), " "));
}

// Single quotes for a shell's single-quoted text.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// The profiles that need no file.
const std::string& built_ins() {
  static const std::string all = [] {
    std::string out = "unconfined";
    for (const format::BuiltIn& each : format::builtin_profiles())
      fmt::format_to(std::back_inserter(out), " {}", each.name);
    for (const format::ShippedProfile& each : format::shipped_profiles())
      fmt::format_to(std::back_inserter(out), " {}", each.name);
    return out;
  }();
  return all;
}

bool takes_profile(const Command& command) {
  return !command.operands.empty() && command.operands[0].help.find("docker-default") != std::string_view::npos;
}

std::string names() {
  std::string out;
  for (const Command& command : commands())
    fmt::format_to(std::back_inserter(out), "{}{}", out.empty() ? "" : " ", command.name);
  return out;
}

std::string bash() {
  std::string out = fmt::format(
      "# bash completion for callgate\n_callgate() {{\n  local word=${{COMP_WORDS[COMP_CWORD]}} "
      "before=${{COMP_WORDS[COMP_CWORD-1]}}\n"
      "  COMPREPLY=()\n  if ((COMP_CWORD == 1)); then\n    COMPREPLY=($(compgen -W '{}' -- \"$word\"))\n    return\n  "
      "fi\n"
      "  case ${{COMP_WORDS[1]}}:$before in\n",
      names());
  std::string options;
  for (const Command& command : commands()) {
    std::string all = "--help";
    for (const Option& option : command.options) {
      fmt::format_to(std::back_inserter(all), " --{}", option.name);
      if (!option.choices.empty())
        fmt::format_to(std::back_inserter(out), "    {}:--{}) COMPREPLY=($(compgen -W '{}' -- \"$word\")); return ;;\n",
                       command.name, option.name, spaced(option.choices));
    }
    const std::string_view words = takes_profile(command)         ? built_ins()
                                   : command.name == "help"       ? std::string_view()
                                   : command.name == "completion" ? std::string_view("bash zsh fish")
                                                                  : std::string_view();
    fmt::format_to(std::back_inserter(options), "    {}) options='{}'; words='{}' ;;\n", command.name, all,
                   command.name == "help" ? names() : std::string(words));
  }
  fmt::format_to(std::back_inserter(out),
                 "    run:--profile|run:-p) COMPREPLY=($(compgen -f -W '{}' -- \"$word\")); return ;;\n  esac\n"
                 "  local options= words=\n  case ${{COMP_WORDS[1]}} in\n{}  esac\n"
                 "  if [[ $word == -* ]]; then\n    COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n  else\n"
                 "    COMPREPLY=($(compgen -f -W \"$words\" -- \"$word\"))\n  fi\n}}\n"
                 "complete -o filenames -F _callgate callgate\n",
                 built_ins(), options);
  return out;
}

std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh() {
  std::string out = "#compdef callgate\n_callgate() {\n  local -a commands=(\n";
  for (const Command& command : commands())
    fmt::format_to(std::back_inserter(out), "    {}\n",
                   shell_quoted(fmt::format("{}:{}", command.name, command.summary)));
  out += "  )\n  if ((CURRENT == 2)); then\n    _describe command commands\n    return\n  fi\n  case $words[2] in\n";
  for (const Command& command : commands()) {
    fmt::format_to(std::back_inserter(out), "    {})\n      _arguments", command.name);
    for (const Option& option : command.options) {
      std::string spec = fmt::format("{}--{}[{}]", option.many ? "*" : "", option.name, zsh_text(option.help));
      if (!option.choices.empty())
        spec += fmt::format(":{}:({})", option.value, spaced(option.choices));
      else if (!option.value.empty())
        spec += fmt::format(":{}:_files", option.value);
      fmt::format_to(std::back_inserter(out), " \\\n        {}", shell_quoted(spec));
    }
    out += " \\\n        '*:file:_files' ;;\n";
  }
  return out + "  esac\n}\n_callgate \"$@\"\n";
}

std::string fish() {
  std::string out = "# fish completion for callgate\n";
  for (const Command& command : commands())
    fmt::format_to(std::back_inserter(out), "complete -c callgate -n __fish_use_subcommand -f -a {} -d {}\n",
                   command.name, shell_quoted(command.summary));
  for (const Command& command : commands()) {
    const std::string seen = fmt::format("complete -c callgate -n '__fish_seen_subcommand_from {}'", command.name);
    for (const Option& option : command.options) {
      fmt::format_to(std::back_inserter(out), "{} -l {}", seen, option.name);
      if (option.letter) fmt::format_to(std::back_inserter(out), " -s {}", option.letter);
      if (!option.choices.empty())
        fmt::format_to(std::back_inserter(out), " -x -a {}", shell_quoted(spaced(option.choices)));
      else if (!option.value.empty())
        out += " -r";
      fmt::format_to(std::back_inserter(out), " -d {}\n", shell_quoted(option.help));
    }
    if (takes_profile(command)) fmt::format_to(std::back_inserter(out), "{} -a {}\n", seen, shell_quoted(built_ins()));
  }
  return out;
}

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return bash();
  if (shell == "zsh") return zsh();
  if (shell == "fish") return fish();
  return {};
}

}  // namespace callgate::cli
