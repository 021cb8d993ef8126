// Source: spf13/pflag flag.go (parseArgs, parseLongArg, parseSingleShortArg), bool.go, int64.go.
// SPDX-License-Identifier: Apache-2.0
#include "container/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "manifest/go_text.h"

namespace callgate::container {

namespace {

enum class Kind { boolean, integer, natural, text };

struct Known {
  std::string_view name;
  char letter = 0;
  Kind kind = Kind::text;
};

bool listed(std::string_view list, std::string_view name) {
  const auto entries = base::split(list, ' ');
  return std::find(entries.begin(), entries.end(), name) != entries.end();
}

// The list's entry that `matches`.
template <class Match>
std::optional<Known> find_in(std::string_view list, Kind kind, Match matches) {
  while (!list.empty()) {
    const auto blank = list.find(' ');
    const std::string_view entry = list.substr(0, blank);
    list.remove_prefix(blank == std::string_view::npos ? list.size() : blank + 1);
    const auto comma = entry.find(',');
    const Known known{entry.substr(0, comma), comma == std::string_view::npos ? '\0' : entry[comma + 1], kind};
    if (matches(known)) return known;
  }
  return std::nullopt;
}

template <class Match>
std::optional<Known> find(const OptionTable& table, Command command, Match wanted) {
  const auto matches = [&](const Known& known) {
    return wanted(known) && !(command == Command::create && listed(table.run_only, known.name));
  };
  if (auto known = find_in(table.texts, Kind::text, matches)) return known;
  if (auto known = find_in(table.booleans, Kind::boolean, matches)) return known;
  if (auto known = find_in(table.integers, Kind::integer, matches)) return known;
  return find_in(table.naturals, Kind::natural, matches);
}

std::string_view unaliased(const OptionTable& table, std::string_view name) {
  for (const std::string_view pair : base::split(table.aliases, ' '))
    if (const auto equals = pair.find('='); equals != std::string_view::npos && pair.substr(0, equals) == name)
      return pair.substr(equals + 1);
  return name;
}

// What strconv says of a value that does not fit; nothing where it fits.
std::optional<std::string> value_error(Kind kind, const std::string& value) {
  const auto says = [&](std::string_view function, std::string_view reason) {
    return fmt::format("strconv.{}: parsing {}: {}", function, manifest::go_quote(value), reason);
  };
  if (kind == Kind::boolean)
    return manifest::go_parse_bool(value) ? std::nullopt : std::optional(says("ParseBool", "invalid syntax"));
  if (kind == Kind::text) return std::nullopt;
  std::string_view digits = value;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  const std::string_view function = kind == Kind::integer ? "ParseInt" : "ParseUint";
  if (kind == Kind::natural && digits.size() != value.size()) return says(function, "invalid syntax");
  std::uint64_t number = 0;
  if (digits.empty()) return says(function, "invalid syntax");
  // Base 0 of Go: 0x, 0o, 0b and underscores are taken; what base::parse_u64 knows of them is enough to tell a number.
  const auto parsed = base::parse_u64(digits);
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (!parsed && wrong == std::errc::result_out_of_range && end == digits.data() + digits.size())
    return says(function, "value out of range");
  if (!parsed) return says(function, "invalid syntax");
  if (kind == Kind::integer && *parsed > (negative ? std::uint64_t{1} << 63 : (std::uint64_t{1} << 63) - 1))
    return says(function, "value out of range");
  return std::nullopt;
}

class Parser {
 public:
  Parser(std::span<const Word> words, const OptionTable& table, Command command)
      : words_(words), table_(table), command_(command) {}
  tl::expected<CommandLine, OptionError> run();

 private:
  tl::expected<void, OptionError> long_option(const Word& word);
  tl::expected<void, OptionError> short_options(const Word& word);
  tl::expected<void, OptionError> add(const Known& known, std::string value, const Word& from);
  tl::unexpected<OptionError> fail(std::string message, base::Span place) {
    return tl::unexpected(OptionError{std::move(message), place});
  }
  const Word* next() {
    if (words_.empty()) return nullptr;
    const Word* word = words_.data();
    words_ = words_.subspan(1);
    return word;
  }

  std::span<const Word> words_;
  const OptionTable& table_;
  Command command_;
  CommandLine line_;
};

tl::expected<void, OptionError> Parser::add(const Known& known, std::string value, const Word& from) {
  const auto wrong = from.unknown.empty() ? value_error(known.kind, value) : std::nullopt;
  if (wrong) {
    const std::string called =
        known.letter == 0 ? fmt::format("--{}", known.name) : fmt::format("-{}, --{}", known.letter, known.name);
    return fail(fmt::format("invalid argument {} for {} flag: {}", manifest::go_quote(value),
                            manifest::go_quote(called), *wrong),
                from.place);
  }
  line_.options.push_back({known.name, std::move(value), from.place, from.unknown});
  return {};
}

tl::expected<void, OptionError> Parser::long_option(const Word& word) {
  const std::string_view body = std::string_view(word.text).substr(2);
  if (body.starts_with('-') || body.starts_with('='))
    return fail(fmt::format("bad flag syntax: {}", word.text), word.place);
  const auto equals = body.find('=');
  const std::string_view given = body.substr(0, equals);
  const std::string_view name = unaliased(table_, given);
  const auto known = find(table_, command_, [&](const Known& each) { return each.name == name; });
  if (!known) return fail(fmt::format("unknown flag: --{}", given), word.place);
  if (equals != std::string_view::npos) return add(*known, std::string(body.substr(equals + 1)), word);
  if (known->kind == Kind::boolean) return add(*known, "true", word);
  const Word* value = next();
  if (value == nullptr) return fail(fmt::format("flag needs an argument: {}", word.text), word.place);
  return add(*known, value->text, *value);
}

tl::expected<void, OptionError> Parser::short_options(const Word& word) {
  std::string_view letters = std::string_view(word.text).substr(1);
  while (!letters.empty()) {
    const std::string_view all = letters;
    const char letter = letters.front();
    letters.remove_prefix(1);
    const auto known = find(table_, command_, [&](const Known& each) { return each.letter == letter; });
    const std::string shown = manifest::go_quote_byte(letter);
    if (!known) return fail(fmt::format("unknown shorthand flag: {} in -{}", shown, all), word.place);
    tl::expected<void, OptionError> added;
    if (letters.size() > 1 && letters.front() == '=') {
      added = add(*known, std::string(letters.substr(1)), word);
      letters = {};
    } else if (known->kind == Kind::boolean) {
      added = add(*known, "true", word);
    } else if (!letters.empty()) {
      added = add(*known, std::string(letters), word);
      letters = {};
    } else if (const Word* value = next()) {
      added = add(*known, value->text, *value);
    } else {
      return fail(fmt::format("flag needs an argument: {} in -{}", shown, all), word.place);
    }
    if (!added) return added;
  }
  return {};
}

tl::expected<CommandLine, OptionError> Parser::run() {
  while (!words_.empty()) {
    const Word& word = words_.front();
    if (word.text.size() < 2 || word.text.front() != '-') break;
    words_ = words_.subspan(1);
    if (word.text == "--") break;
    auto taken = word.text[1] == '-' ? long_option(word) : short_options(word);
    if (!taken) return tl::unexpected(std::move(taken).error());
  }
  line_.rest = words_;
  return std::move(line_);
}

}  // namespace

tl::expected<CommandLine, OptionError> parse_options(std::span<const Word> words, std::string_view engine,
                                                     Command command) {
  return Parser(words, option_table(engine, command), command).run();
}

tl::expected<CommandLine, OptionError> parse_options(std::span<const Word> words, const OptionTable& table) {
  return Parser(words, table, Command::run).run();
}

std::string last_value(const CommandLine& line, std::string_view name, std::string_view otherwise) {
  const auto all = values(line, name);
  return all.empty() ? std::string(otherwise) : all.back()->value;
}

bool is_set(const CommandLine& line, std::string_view name) {
  return manifest::go_parse_bool(last_value(line, name, "false")).value_or(false);
}

std::vector<const Option*> values(const CommandLine& line, std::string_view name) {
  std::vector<const Option*> out;
  for (const Option& option : line.options)
    if (option.name == name) out.push_back(&option);
  return out;
}

std::string suggest_option(std::string_view text, std::string_view engine, Command command) {
  std::vector<std::string_view> names;
  const auto collect = [&](const Known& known) {
    names.push_back(known.name);
    return false;
  };
  find(option_table(engine, command), command, collect);
  const auto close = base::closest(text, names);
  return close ? std::string(*close) : std::string();
}

}  // namespace callgate::container
