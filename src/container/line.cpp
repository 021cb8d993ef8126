// One command line: which engine, which command, and who refuses it.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include "base/text.h"
#include "container/container.h"
#include "container/diagnostic_ids.h"
#include "container/engines.h"
#include "container/options.h"
#include "container/reading.h"

namespace callgate::container {

namespace {

using manifest::Party;

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view engine_of(std::string_view program) {
  constexpr std::array<std::string_view, 3> kEngines{"docker", "podman", "nerdctl"};
  const auto found = std::find(kEngines.begin(), kEngines.end(), base_name(program));
  return found == kEngines.end() ? std::string_view() : *found;
}

std::optional<Command> command_of(std::string_view word) {
  if (word == "run") return Command::run;
  if (word == "create") return Command::create;
  if (word == "exec") return Command::exec;
  return std::nullopt;
}

struct Call {
  std::string_view engine;
  Command command = Command::run;
  std::string command_path;     // "docker container run"
  CommandLine global;           // what stands before the command
  std::span<const Word> words;  // behind the command
};

std::optional<Call> find_call(std::span<const Word> words) {
  if (words.empty()) return std::nullopt;
  Call call;
  call.engine = engine_of(words.front().text);
  if (call.engine.empty()) return std::nullopt;
  auto global = parse_options(words.subspan(1), call.engine, Command::global);
  if (!global || global->rest.empty()) return std::nullopt;
  call.global = std::move(*global);
  call.words = call.global.rest;
  call.command_path = call.engine;
  if (call.words.front().text == "container" && call.words.size() > 1) {
    call.command_path += " container";
    call.words = call.words.subspan(1);
  }
  const auto command = command_of(call.words.front().text);
  if (!command) return std::nullopt;
  call.command = *command;
  call.command_path += " " + call.words.front().text;
  call.words = call.words.subspan(1);
  return call;
}

Party client_of(std::string_view engine) {
  return engine == "podman" ? Party::podman : engine == "nerdctl" ? Party::nerdctl : Party::docker_cli;
}

// Where the line stands: its first word.
base::Span start(std::span<const Word> words) {
  return words.front().place;
}

manifest::Container refused(const Call& call, base::Span place, const OptionError& refusal) {
  manifest::Container out;
  out.engine = call.engine;
  out.source = place;
  refuse(out, client_of(call.engine), refusal.message, refusal.place);
  step(out, manifest::Step::Kind::fact, fmt::format("{} refuses the command line", call.engine), refusal.place);
  return out;
}

// A command in a container that this answer knows runs under that container's filter, which is loaded again for it;
// --privileged adds capabilities alone (moby daemon/exec_linux.go, podman libpod/oci_conmon_exec_common.go).
void resolve_exec(const Call& call, const CommandLine& line, base::Span place, manifest::Answer& answer) {
  const std::string& target = line.rest.front().text;
  std::vector<manifest::Step> steps;
  steps.push_back({manifest::Step::Kind::fact, fmt::format("'exec' runs under the filter of container '{}'", target),
                   line.rest.front().place});
  if (is_set(line, "privileged"))
    steps.push_back({manifest::Step::Kind::fact, "--privileged of 'exec' gives capabilities; the filter stays",
                     values(line, "privileged").back()->place});
  const auto known =
      std::find_if(answer.containers.rbegin(), answer.containers.rend(), [&](const manifest::Container& each) {
        return each.name == target && each.engine == call.engine && each.outcome == manifest::Outcome::runs;
      });
  if (known == answer.containers.rend()) {
    answer.objects.push_back({"exec", target, place, manifest::Outcome::runs, Party::nobody, {}, {}, std::move(steps)});
    return;
  }
  manifest::Container out = *known;
  out.role = "exec";
  out.source = place;
  out.steps = std::move(steps);
  answer.containers.push_back(std::move(out));
}

// docker/cli cli/required.go; spf13/cobra args.go, whose words nerdctl and podman keep.
std::string too_few_words(const Call& call, std::size_t given, std::size_t least) {
  if (call.engine != "docker") return fmt::format("requires at least {} arg(s), only received {}", least, given);
  return fmt::format("'{}' requires at least {} argument{}", call.command_path, least, least == 1 ? "" : "s");
}

// Options that have a say in which filter applies, or in what it comes to.
bool decides(const Option& option) {
  constexpr std::array<std::string_view, 8> kDeciding{"security-opt", "privileged", "cap-add",        "cap-drop",
                                                      "runtime",      "userns",     "seccomp-policy", "annotation"};
  return std::find(kDeciding.begin(), kDeciding.end(), option.name) != kDeciding.end();
}

// Takes the options out whose values are not known, and says so; what is left is decided without them.
std::vector<Option> take_unknown(CommandLine& line, base::Diagnostics& diagnostics) {
  std::vector<Option> out;
  const auto is_unknown = [](const Option& option) { return !option.unknown.empty() && decides(option); };
  std::copy_if(line.options.begin(), line.options.end(), std::back_inserter(out), is_unknown);
  std::erase_if(line.options, is_unknown);
  for (const Option& option : out)
    diagnostics.add(
        kUnknownVariable, option.place,
        fmt::format("'{}' is not known here, and --{} depends on it", base::printable(option.unknown), option.name),
        "set it in the environment, or write the value out");
  return out;
}

void tell_unknown(manifest::Container& out, const std::vector<Option>& unknown) {
  for (const Option& option : unknown) {
    step(out, manifest::Step::Kind::hazard,
         fmt::format("--{} {}: '{}' is not known here", option.name, base::printable(option.value),
                     base::printable(option.unknown)),
         option.place);
    out.choice.filter = nullptr;
    if (option.name == "security-opt" && option.value.find("label") != 0 && option.value.find("apparmor") != 0)
      out.choice = {manifest::ProfileKind::file, option.value, {}, option.place, nullptr};
  }
}

void resolve_call(const Call& call, CommandLine line, base::Span place, World& world, manifest::Answer& answer,
                  base::Diagnostics& diagnostics) {
  if (is_set(line, "help")) return;
  const std::size_t least = call.command == Command::exec ? 2 : 1;
  if (line.rest.size() < least) {
    answer.containers.push_back(refused(call, place, {too_few_words(call, line.rest.size(), least), place}));
    return;
  }
  if (call.command == Command::exec) return resolve_exec(call, line, place, answer);
  const std::vector<Option> unknown = take_unknown(line, diagnostics);
  manifest::Container out = call.engine == "podman"    ? podman_container(call.global, line, place, world)
                            : call.engine == "nerdctl" ? nerdctl_container(line, place, world)
                                                       : docker_container(line, place, world);
  tell_unknown(out, unknown);
  answer.containers.push_back(std::move(out));
}

// Without the words that may be no word at all, where an option comes behind them; they are told in `hidden`.
std::vector<Word> without_hidden(std::span<const Word> words, std::vector<Word>& hidden) {
  std::vector<Word> out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool drops = i > 0 && words[i].splits && i + 1 < words.size() && words[i + 1].text.starts_with('-');
    (drops ? hidden : out).push_back(words[i]);
  }
  return out;
}

struct Read {
  Call call;
  tl::expected<CommandLine, OptionError> line;
};

std::optional<Read> read(std::span<const Word> words) {
  auto call = find_call(words);
  if (!call) return std::nullopt;
  auto line = parse_options(call->words, call->engine, call->command);
  return Read{std::move(*call), std::move(line)};
}

}  // namespace

bool is_command_line(std::span<const Word> words) {
  return find_call(words).has_value();
}

bool is_command_line(std::span<const std::string> words) {
  std::vector<Word> placeless;
  for (const std::string& word : words) placeless.push_back({word, {}});
  return is_command_line(placeless);
}

void resolve_line(std::span<const Word> words, World& world, manifest::Answer& answer, base::Diagnostics& diagnostics) {
  std::vector<Word> hidden;
  const std::vector<Word> kept = without_hidden(words, hidden);
  auto got = read(kept);
  // A variable that is taken for options and was the image leaves words that make no sense.
  if (!hidden.empty() && (!got || !got->line || got->line->rest.empty())) {
    hidden.clear();
    got = read(words);
  }
  if (!got) return;
  const base::Span place = start(words);
  if (!got->line) {
    answer.containers.push_back(refused(got->call, place, got->line.error()));
    return;
  }
  const std::size_t before = answer.containers.size();
  resolve_call(got->call, *got->line, place, world, answer, diagnostics);
  for (const Word& word : hidden) {
    diagnostics.add(kHiddenOptions, word.place,
                    fmt::format("'{}' is not known here; options in it are not seen", base::printable(word.unknown)),
                    "set it in the environment");
    if (answer.containers.size() > before)
      step(answer.containers.back(), manifest::Step::Kind::hazard,
           fmt::format("'{}' is not known and is taken for empty", base::printable(word.unknown)), word.place);
  }
}

std::vector<Word> place_words(std::span<const std::string> words, manifest::Files& files) {
  std::string text;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> places;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    const auto begin = static_cast<std::uint32_t>(text.size());
    text += word;
    places.emplace_back(begin, static_cast<std::uint32_t>(text.size()));
  }
  const base::SourceFile& file = files.keep("command line", std::move(text));
  std::vector<Word> placed;
  for (std::size_t i = 0; i < words.size(); ++i)
    placed.push_back({words[i], {&file, places[i].first, places[i].second}});
  return placed;
}

void resolve_line(std::span<const std::string> words, World& world, manifest::Answer& answer,
                  base::Diagnostics& diagnostics) {
  resolve_line(place_words(words, world.files), world, answer, diagnostics);
}

}  // namespace callgate::container
