// Manual pages from the table, in the man(7) macros.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "cli/command.h"

namespace callgate::cli {

namespace {

// Text that roff takes as it is: backslashes and hyphens escaped, no control character at a line's start.
std::string escape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '.' || c == '\'') && (i == 0 || text[i - 1] == '\n')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (c == '\'')
      out += "\\(aq";
    else if (c == '`')
      out += "\\(ga";
    else
      out += c;
  }
  return out;
}

std::string head(std::string_view name, std::string_view summary) {
  return fmt::format(
      ".\\\" SPDX-License-Identifier: Apache-2.0\n.TH {} 1 \"\" \"callgate {}\" \"callgate\"\n.SH NAME\n{} \\- {}\n",
      base::to_lower(name), CALLGATE_VERSION, escape(name), escape(summary));
}

void append_option(std::string& out, const Option& option) {
  out += ".TP\n";
  if (option.letter) fmt::format_to(std::back_inserter(out), "\\fB\\-{}\\fR, ", option.letter);
  fmt::format_to(std::back_inserter(out), "\\fB\\-\\-{}\\fR", escape(option.name));
  if (!option.value.empty()) fmt::format_to(std::back_inserter(out), " \\fI{}\\fR", escape(option.value));
  fmt::format_to(std::back_inserter(out), "\n{}", escape(option.help));
  if (!option.choices.empty())
    fmt::format_to(std::back_inserter(out), ": {}",
                   escape(fmt::format("{}", fmt::join(base::split(option.choices, ','), ", "))));
  out += ".\n";
}

constexpr std::string_view kStatuses =
    ".TP\n.B 0\nyes, or done\n.TP\n.B 1\nno: not equal\n.TP\n.B 2\nthe command line is wrong\n"
    ".TP\n.B 3\nbad input; the message has file, line and column\n.TP\n.B 4\nnot possible on this kernel or machine\n"
    ".TP\n.B 5\na defect of callgate\n";

}  // namespace

std::string man_page(const Command& command) {
  std::string out = head(fmt::format("callgate-{}", command.name), command.summary);
  fmt::format_to(std::back_inserter(out), ".SH SYNOPSIS\n.B {}\n.SH DESCRIPTION\n", escape(usage_line(command)));
  std::string_view rest = command.description;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\n\n");
    fmt::format_to(std::back_inserter(out), "{}\n", escape(rest.substr(0, end)));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 2);
    if (!rest.empty()) out += ".PP\n";
  }
  for (const Operand& operand : command.operands)
    fmt::format_to(std::back_inserter(out), ".TP\n.I {}\n{}.\n", escape(operand.name), escape(operand.help));
  out += ".SH OPTIONS\n";
  for (const Option& option : command.options) append_option(out, option);
  out += ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nPrint a summary.\n.SH EXIT STATUS\n";
  if (command.exit_status.empty())
    out += kStatuses;
  else
    fmt::format_to(std::back_inserter(out), "{}.\n", escape(command.exit_status));
  out += ".SH EXAMPLES\n";
  for (const Example& example : command.examples)
    fmt::format_to(std::back_inserter(out), ".TP\n.B {}\n{}\n", escape(example.line), escape(example.says));
  out += ".SH SEE ALSO\n.BR callgate (1),\n.BR seccomp (2)\n";
  return out;
}

std::string overview_man_page() {
  std::string out = head("callgate", "proves and enforces the system calls a workload may make");
  out +=
      ".SH SYNOPSIS\n.B callgate\n.I command\n[options] ...\n.SH DESCRIPTION\n"
      "Turns seccomp profiles into filters proved equal to them, explains and compares both, and runs programs under "
      "them.\n.SH COMMANDS\n";
  for (const Command& command : commands())
    fmt::format_to(std::back_inserter(out), ".TP\n.BR callgate\\-{} (1)\n{}\n", command.name, escape(command.summary));
  out += ".SH EXIT STATUS\n";
  out += kStatuses;
  out +=
      ".PP\n.B callgate run\npasses the status of its program on.\n.SH ENVIRONMENT\n.TP\n.B NO_COLOR\n"
      "if set and not empty, messages have no colour, on a terminal either\n.SH SEE ALSO\n";
  for (const Command& command : commands())
    fmt::format_to(std::back_inserter(out), ".BR callgate\\-{} (1),\n", command.name);
  out += ".BR seccomp (2)\n";
  return out;
}

}  // namespace callgate::cli
