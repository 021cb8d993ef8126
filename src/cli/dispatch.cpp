// From words to a command: the first word chooses, its table reads the rest.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "cli/diagnostic_ids.h"
#include "cli/session.h"
#include "policy/effort.h"

namespace callgate::cli {

namespace {

// `run` promises 125 for all failures of its own, wrong command lines included.
int own_status(const Command& command, int status) {
  return command.takes_command && status == kUsage ? sandbox::kExitOwnFailure : status;
}

bool wants_json(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i)
    if (words[i] == "--format=json" || (words[i] == "--format" && i + 1 < words.size() && words[i + 1] == "json"))
      return true;
  return false;
}

int unknown_command(const Env& env, const std::vector<std::string>& words) {
  std::vector<std::string_view> names;
  for (const Command& command : commands()) names.push_back(command.name);
  const auto near = base::closest(words[0], names);
  base::Diagnostics diagnostics;
  diagnostics.add(kUnknownCommand, {}, fmt::format("callgate has no command '{}'", base::printable(words[0])),
                  near ? fmt::format("did you mean '{}'?", *near) : "callgate help");
  print_diagnostics(env, diagnostics, wants_json(words));
  return kUsage;
}

// Hostile argument rules end in an error, not never.
int run(const Command& command, Session& session) {
  const policy::EffortLimit limit(policy::kPatience);
  try {
    return command.run(session);
  } catch (const policy::TooHard&) {
    const int status = session.too_hard();
    return command.takes_command ? sandbox::kExitOwnFailure : status;
  }
}

}  // namespace

const Command* find_command(std::string_view name) {
  for (const Command& command : commands())
    if (command.name == name) return &command;
  return nullptr;
}

int main_in(const Env& env, const std::vector<std::string>& words) {
  if (words.empty()) {
    env.err(overview_text());
    return kUsage;
  }
  if (words[0] == "--help" || words[0] == "-h") {
    env.out(overview_text());
    return kYes;
  }
  const Command* const command = find_command(words[0] == "--version" ? "version" : words[0]);
  if (command == nullptr) return unknown_command(env, words);
  Session session(env, *command);
  auto arguments = parse(*command, std::span(words).subspan(1), session.diagnostics());
  if (!arguments) {
    print_diagnostics(env, session.diagnostics(), wants_json(words));
    return own_status(*command, kUsage);
  }
  if (arguments->help) {
    env.out(help_text(*command));
    return kYes;
  }
  session.set_arguments(std::move(*arguments));
  return session.finish(run(*command, session));
}

}  // namespace callgate::cli
