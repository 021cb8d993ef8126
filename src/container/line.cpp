// One command line: which engine, which command, and who refuses it.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "container/container.h"
#include "container/docker_cli.h"
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

base::Span whole(std::span<const Word> words) {
  const base::Span& first = words.front().place;
  return {first.file, first.begin, first.begin == first.end ? first.end : words.front().place.end};
}

manifest::Container refused(const Call& call, base::Span place, const CliRefusal& refusal) {
  manifest::Container out;
  out.engine = call.engine;
  out.source = place;
  refuse(out, client_of(call.engine), refusal.message, refusal.place);
  step(out, manifest::Step::Kind::fact, fmt::format("{} refuses the command line", call.engine), refusal.place);
  return out;
}

manifest::Container resolve_docker(const CommandLine& line, base::Span place, World& world) {
  auto request = docker_request(line, place, world.docker_cli, world.files);
  if (request) return decide(*request, world.daemon, world.filters);
  Call docker;
  docker.engine = "docker";
  manifest::Container out = refused(docker, place, request.error());
  out.name = last_value(line, "name", line.rest.front().text);
  return out;
}

void resolve_call(const Call& call, base::Span place, World& world, manifest::Answer& answer) {
  const auto line = parse_options(call.words, call.engine, call.command);
  const std::size_t least = call.command == Command::exec ? 2 : 1;
  if (!line) {
    answer.containers.push_back(refused(call, place, {line.error().message, line.error().place}));
    return;
  }
  if (is_set(*line, "help")) return;
  if (line->rest.size() < least) {
    answer.containers.push_back(refused(
        call, place,
        {fmt::format("'{}' requires at least {} argument{}", call.command_path, least, least == 1 ? "" : "s"), place}));
    return;
  }
  answer.containers.push_back(resolve_docker(*line, place, world));
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

void resolve_line(std::span<const Word> words, World& world, manifest::Answer& answer, base::Diagnostics&) {
  if (const auto call = find_call(words)) resolve_call(*call, whole(words), world, answer);
}

void resolve_line(std::span<const std::string> words, World& world, manifest::Answer& answer,
                  base::Diagnostics& diagnostics) {
  std::string text;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> places;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    const auto begin = static_cast<std::uint32_t>(text.size());
    text += word;
    places.emplace_back(begin, static_cast<std::uint32_t>(text.size()));
  }
  const base::SourceFile& file = world.files.keep("command line", std::move(text));
  std::vector<Word> placed;
  for (std::size_t i = 0; i < words.size(); ++i)
    placed.push_back({words[i], {&file, places[i].first, places[i].second}});
  resolve_line(placed, world, answer, diagnostics);
}

}  // namespace callgate::container
