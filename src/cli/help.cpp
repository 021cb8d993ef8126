// --help from the table: plain text, 100 columns at most.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/command.h"

namespace callgate::cli {

namespace {

constexpr std::size_t kColumns = 100;

// `text` in lines of at most `width`, each after the first indented.
std::string wrap(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  for (const std::string_view word : base::split(text, ' ')) {
    if (column > indent && column + 1 + word.size() > kColumns) {
      out += '\n';
      out.append(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

std::string option_head(const Option& option) {
  std::string head = option.letter ? fmt::format("-{}, ", option.letter) : std::string("    ");
  head += fmt::format("--{}", option.name);
  if (!option.value.empty()) head += fmt::format(" {}", option.value);
  return head;
}

std::string option_help(const Option& option) {
  if (option.choices.empty()) return std::string(option.help);
  return fmt::format("{}: {}", option.help, fmt::join(base::split(option.choices, ','), ", "));
}

void rows(std::string& out, const std::vector<std::pair<std::string, std::string>>& entries) {
  std::size_t width = 0;
  for (const auto& entry : entries) width = std::max(width, entry.first.size());
  width = std::min<std::size_t>(width, 26);
  for (const auto& [head, text] : entries)
    fmt::format_to(std::back_inserter(out), "  {:{}}  {}\n", head, width, wrap(text, width + 4));
}

}  // namespace

std::string usage_line(const Command& command) {
  std::string line = fmt::format("callgate {} [options]", command.name);
  if (command.takes_command) line += " --";
  for (const Operand& operand : command.operands) {
    const std::string shown = fmt::format("{}{}", operand.name, operand.many ? "…" : "");
    line += operand.required ? " " + shown : " [" + shown + "]";
  }
  return line;
}

std::string help_text(const Command& command) {
  std::string out = fmt::format("callgate {}: {}\n\nusage: {}\n", command.name, command.summary, usage_line(command));
  std::string_view rest = command.description;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\n\n");
    fmt::format_to(std::back_inserter(out), "\n{}\n", wrap(rest.substr(0, end), 0));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 2);
  }
  std::vector<std::pair<std::string, std::string>> entries;
  for (const Operand& operand : command.operands) entries.emplace_back(operand.name, operand.help);
  out += '\n';
  rows(out, entries);
  entries.clear();
  for (const Option& option : command.options) entries.emplace_back(option_head(option), option_help(option));
  entries.emplace_back("-h, --help", "print this");
  out += "\noptions:\n";
  rows(out, entries);
  if (!command.exit_status.empty())
    fmt::format_to(std::back_inserter(out), "\nexit status: {}\n", wrap(command.exit_status, 13));
  out += "\nexamples:\n";
  for (const Example& example : command.examples)
    fmt::format_to(std::back_inserter(out), "  {}\n      {}\n", example.line, example.says);
  return out;
}

std::string overview_text() {
  std::string out =
      "callgate: proves and enforces the system calls a workload may make\n\n"
      "usage: callgate COMMAND [options] …\n\ncommands:\n";
  std::vector<std::pair<std::string, std::string>> entries;
  for (const Command& command : commands()) entries.emplace_back(command.name, command.summary);
  rows(out, entries);
  out +=
      "\n`callgate COMMAND --help` explains a command.\n"
      "exit status: 0 yes or done, 1 no, 2 wrong command line, 3 bad input, 4 not possible here, 5 a defect of "
      "callgate\n";
  return out;
}

void to_json(const Command& command, base::JsonWriter& json) {
  json.begin_object().member("name", command.name).member("summary", command.summary);
  json.member("usage", usage_line(command)).member("description", command.description);
  json.key("options").begin_array();
  for (const Option& option : command.options) {
    json.begin_object().member("name", option.name).member("value", option.value).member("help", option.help);
    json.member("letter", option.letter == 0 ? std::string() : std::string(1, option.letter)).key("choices");
    json.begin_array();
    if (!option.choices.empty())
      for (const std::string_view choice : base::split(option.choices, ',')) json.value(choice);
    json.end_array().member("many", option.many).end_object();
  }
  json.end_array().key("examples").begin_array();
  for (const Example& example : command.examples) {
    json.begin_object().member("line", example.line).member("says", example.says);
    json.member("exit_status", example.exit_status).end_object();
  }
  json.end_array().end_object();
}

}  // namespace callgate::cli
