// callgate help, callgate completion
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/session.h"

namespace callgate::cli {

namespace {

int unknown(Session& session, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Command& command : commands()) names.push_back(command.name);
  const auto near = base::closest(name, names);
  return session.usage(kUnknownCommand, fmt::format("callgate has no command '{}'", base::printable(name)),
                       near ? fmt::format("did you mean '{}'?", *near) : "callgate help");
}

bool print(Session& session, const std::string& text, const std::vector<const Command*>& topics) {
  if (!session.json()) return session.emit(text);
  auto json = session.begin_json();
  if (topics.empty()) {
    json.member("page", text);
  } else {
    json.key("commands").begin_array();
    for (const Command* const topic : topics) to_json(*topic, json);
    json.end_array();
  }
  return session.emit(json.end_object().take());
}

}  // namespace

int help_command(Session& session) {
  const auto& operands = session.arguments().operands;
  std::string text;
  std::vector<const Command*> topics;  // of which JSON tells; none for a manual page
  if (const auto page = session.arguments().last("man")) {
    constexpr std::string_view kPrefix = "callgate-";
    const Command* const command = page->starts_with(kPrefix) ? find_command(page->substr(kPrefix.size())) : nullptr;
    if (command == nullptr && *page != "callgate") return unknown(session, *page);
    text = command == nullptr ? overview_man_page() : man_page(*command);
  } else if (operands.empty()) {
    text = overview_text();
    for (const Command& each : commands()) topics.push_back(&each);
  } else {
    const Command* const command = find_command(operands[0]);
    if (command == nullptr) return unknown(session, operands[0]);
    text = help_text(*command);
    topics.push_back(command);
  }
  return print(session, text, topics) ? kYes : kCannot;
}

int completion_command(Session& session) {
  const std::string& shell = session.arguments().operands[0];
  const std::string script = completion_script(shell);
  if (script.empty())
    return session.usage(kBadOperands,
                         fmt::format("no completion for '{}': bash, zsh or fish", base::printable(shell)));
  if (session.json()) {
    auto json = session.begin_json();
    json.member("shell", shell).member("script", script).end_object();
    return session.emit(json.take()) ? kYes : kCannot;
  }
  return session.emit(script) ? kYes : kCannot;
}

}  // namespace callgate::cli
