// The command line parser: a walk over words, led by the command's table. See docs/adr/0008-own-command-line.md.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/command.h"
#include "cli/diagnostic_ids.h"

namespace callgate::cli {

std::optional<std::string_view> Arguments::last(std::string_view name) const {
  for (auto it = options.rbegin(); it != options.rend(); ++it)
    if (it->first == name) return it->second;
  return std::nullopt;
}

std::vector<std::string_view> Arguments::all(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& [option, value] : options)
    if (option == name) out.push_back(value);
  return out;
}

namespace {

class Parser {
 public:
  Parser(const Command& command, std::span<const std::string> words, base::Diagnostics& diagnostics)
      : command_(command), words_(words), diagnostics_(diagnostics) {}

  std::optional<Arguments> parse() {
    while (at_ < words_.size()) {
      const std::string_view word = words_[at_++];
      if (word == "--") {
        for (; at_ < words_.size(); ++at_) result_.operands.push_back(words_[at_]);
      } else if (word.starts_with("--")) {
        if (!long_option(word.substr(2))) return std::nullopt;
      } else if (word.size() > 1 && word[0] == '-' && !(!command_.takes_command && is_number(word))) {
        if (!short_options(word.substr(1))) return std::nullopt;
      } else {
        result_.operands.emplace_back(word);
        if (command_.takes_command)
          for (; at_ < words_.size(); ++at_) result_.operands.push_back(words_[at_]);
      }
    }
    if (!result_.help && !operands_fit()) return std::nullopt;
    return std::move(result_);
  }

 private:
  // An argument of a call may be negative; no option's letter is a digit.
  static bool is_number(std::string_view word) { return word[1] >= '0' && word[1] <= '9'; }

  bool wrong(const base::DiagnosticId& id, std::string message, std::string help = {}) {
    if (help.empty()) help = fmt::format("callgate {} --help", command_.name);
    diagnostics_.add(id, {}, std::move(message), std::move(help));
    return false;
  }

  bool unknown(std::string_view name) {
    std::vector<std::string_view> names{"help", "format"};
    for (const Option& option : command_.options) names.push_back(option.name);
    const auto near = base::closest(name, names);
    return wrong(kUnknownOption, fmt::format("'{}' has no option '--{}'", command_.name, base::printable(name)),
                 near ? fmt::format("did you mean '--{}'?", *near) : std::string());
  }

  bool set(const Option& option, std::string value) {
    if (!option.choices.empty()) {
      const auto choices = base::split(option.choices, ',');
      if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
        const auto near = base::closest(value, choices);
        return wrong(kBadOptionValue,
                     fmt::format("'{}' is no value for --{}: it takes {}", base::printable(value), option.name,
                                 fmt::join(choices, ", ")),
                     near ? fmt::format("did you mean '{}'?", *near) : std::string());
      }
    }
    result_.options.emplace_back(option.name, std::move(value));
    return true;
  }

  bool take_value(const Option& option, std::string_view shown) {
    if (at_ == words_.size()) return wrong(kBadOptionValue, fmt::format("{} needs a value: {}", shown, option.value));
    return set(option, words_[at_++]);
  }

  bool long_option(std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    if (name == "help") return result_.help = true;
    const auto option =
        std::find_if(command_.options.begin(), command_.options.end(), [&](const Option& o) { return o.name == name; });
    if (option == command_.options.end()) return unknown(name);
    const bool has_value = equals != std::string_view::npos;
    if (option->value.empty()) {
      if (has_value) return wrong(kBadOptionValue, fmt::format("--{} takes no value", name));
      return set(*option, {});
    }
    return has_value ? set(*option, std::string(word.substr(equals + 1)))
                     : take_value(*option, fmt::format("--{}", name));
  }

  bool short_options(std::string_view letters) {
    for (std::size_t i = 0; i < letters.size(); ++i) {
      if (letters[i] == 'h') return result_.help = true;
      const auto option = std::find_if(command_.options.begin(), command_.options.end(),
                                       [&](const Option& o) { return o.letter == letters[i]; });
      if (option == command_.options.end())
        return wrong(kUnknownOption,
                     fmt::format("'{}' has no option '-{}'", command_.name, base::printable(letters.substr(i, 1))));
      if (option->value.empty()) {
        set(*option, {});
        continue;
      }
      if (i + 1 < letters.size()) return set(*option, std::string(letters.substr(i + 1)));
      return take_value(*option, fmt::format("-{}", letters[i]));
    }
    return true;
  }

  bool operands_fit() {
    const std::size_t given = result_.operands.size();
    std::size_t most = 0;
    for (std::size_t i = 0; i < command_.operands.size(); ++i) {
      const Operand& operand = command_.operands[i];
      if (operand.required && i >= given)
        return wrong(kBadOperands, fmt::format("'{}' needs {}: {}", command_.name, operand.name, operand.help));
      most = operand.many ? given : most + 1;
    }
    if (given <= most) return true;
    return wrong(kBadOperands, fmt::format("'{}' is one word too many for '{}'",
                                           base::printable(result_.operands[most]), command_.name));
  }

  const Command& command_;
  std::span<const std::string> words_;
  base::Diagnostics& diagnostics_;
  std::size_t at_ = 0;
  Arguments result_;
};

}  // namespace

std::optional<Arguments> parse(const Command& command, std::span<const std::string> words,
                               base::Diagnostics& diagnostics) {
  return Parser(command, words, diagnostics).parse();
}

}  // namespace callgate::cli
