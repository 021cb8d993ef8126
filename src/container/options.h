// Command lines of the three engines, by the grammar of the library that they share (spf13/pflag): long and short
// options, values behind '=' or in the next word, short ones run together; everything from the first word that is no
// option belongs to the container. Which options take a value is a table for each command (options_tables.cpp).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "container/container.h"

namespace callgate::container {

// Names with their short form behind a comma, a blank between: "detach,d rm".
struct OptionTable {
  std::string_view booleans;  // --name or --name=true
  std::string_view integers;  // 64 bits, signed
  std::string_view naturals;  // unsigned
  std::string_view texts;     // anything, also lists, addresses, sizes and durations
  std::string_view aliases;   // "net=network": another name for the same
  std::string_view run_only;  // what `create` does not take
};

enum class Command { global, run, create, exec };
// "docker", "podman" or "nerdctl".
const OptionTable& option_table(std::string_view engine, Command command);

struct Option {
  std::string_view name;  // the table's: "security-opt"
  std::string value;
  base::Span place;          // the value, where it stands in a word of its own; else the word
  std::string unknown = {};  // Word::unknown of that word
};

struct CommandLine {
  std::vector<Option> options;  // in order
  std::span<const Word> rest;   // from the first word that is no option
};

struct OptionError {
  std::string message;  // pflag's words: "unknown flag: --securityopt"
  base::Span place;
};

tl::expected<CommandLine, OptionError> parse_options(std::span<const Word> words, std::string_view engine,
                                                     Command command);
// By a table of the caller's own; all of its options are taken.
tl::expected<CommandLine, OptionError> parse_options(std::span<const Word> words, const OptionTable& table);

// The last value, or `otherwise`: "--name a --name b" is b.
std::string last_value(const CommandLine& line, std::string_view name, std::string_view otherwise = {});
bool is_set(const CommandLine& line, std::string_view name);  // a boolean that is true
// Every value of a repeatable option.
std::vector<const Option*> values(const CommandLine& line, std::string_view name);
// The option that was meant by one that the engine does not know; empty if none resembles it.
std::string suggest_option(std::string_view text, std::string_view engine, Command command);

}  // namespace callgate::container
