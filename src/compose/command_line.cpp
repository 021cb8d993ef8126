// docker compose … create, up and run: what stands on the line, by docker/compose's cmd/compose.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "compose/compose.h"
#include "container/options.h"

namespace callgate::compose {
namespace {

using container::CommandLine;
using container::OptionTable;
using container::Word;

constexpr OptionTable kGlobal{
    "all-resources compatibility dry-run help,h no-ansi verbose version,v",           "parallel", "",
    "ansi env-file file,f profile progress project-directory project-name,p workdir", "",         ""};
constexpr OptionTable kCreate{
    "build dry-run force-recreate help,h no-build no-recreate quiet-pull remove-orphans yes,y",
    "",
    "",
    "pull scale",
    "y=yes",
    ""};
constexpr OptionTable kUp{
    "abort-on-container-exit abort-on-container-failure always-recreate-deps attach-dependencies build detach,d "
    "dry-run "
    "force-recreate help,h menu no-build no-color no-deps no-log-prefix no-recreate no-start quiet-build quiet-pull "
    "remove-orphans renew-anon-volumes,V timestamps wait watch,w yes,y",
    "timeout,t wait-timeout",
    "",
    "attach exit-code-from no-attach pull scale",
    "y=yes",
    ""};
constexpr OptionTable kRun{
    "build detach,d dry-run help,h interactive,i no-TTY,T no-deps quiet,q quiet-build quiet-pull remove-orphans rm "
    "service-ports,P tty,t use-aliases",
    "",
    "",
    "cap-add cap-drop entrypoint env,e env-from-file label,l name publish,p pull user,u volume,v workdir,w",
    "volumes=volume labels=label",
    ""};

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1);
}

// The words behind "docker compose" or "docker-compose".
std::optional<std::span<const Word>> behind_compose(std::span<const Word> words) {
  if (words.empty()) return std::nullopt;
  const std::string_view program = base_name(words.front().text);
  if (program == "docker-compose") return words.subspan(1);
  if (program != "docker") return std::nullopt;
  const auto global = container::parse_options(words.subspan(1), "docker", container::Command::global);
  if (!global || global->rest.empty() || global->rest.front().text != "compose") return std::nullopt;
  return global->rest.subspan(1);
}

struct Failure {
  std::string message;
  base::Span place;
};

// Options may stand behind operands too, up to "--".
tl::expected<CommandLine, Failure> parse_mixed(std::span<const Word> words, const OptionTable& table,
                                               std::vector<std::string>& operands) {
  CommandLine all;
  while (true) {
    auto line = container::parse_options(words, table);
    if (!line) return tl::unexpected(Failure{line.error().message, line.error().place});
    all.options.insert(all.options.end(), line->options.begin(), line->options.end());
    const bool ended = line->rest.size() < words.size() && words[words.size() - line->rest.size() - 1].text == "--";
    words = line->rest;
    while (!words.empty() && (ended || words.front().text.size() < 2 || !words.front().text.starts_with('-'))) {
      operands.push_back(words.front().text);
      words = words.subspan(1);
    }
    if (words.empty()) return all;
  }
}

std::vector<std::string> texts(const CommandLine& line, std::string_view name) {
  std::vector<std::string> out;
  for (const container::Option* option : container::values(line, name)) out.push_back(option->value);
  return out;
}

void add_refusal(const Failure& failure, manifest::Answer& answer) {
  manifest::Object object;
  object.kind = "Compose project";
  object.source = failure.place;
  object.outcome = manifest::Outcome::refused;
  object.refused_by = manifest::Party::compose;
  object.message = failure.message;
  answer.objects.push_back(std::move(object));
}

tl::expected<Options, Failure> global_options(const CommandLine& line) {
  Options options;
  options.files = texts(line, "file");
  options.profiles = texts(line, "profile");
  options.env_files = texts(line, "env-file");
  options.project_name = container::last_value(line, "project-name");
  options.project_directory = container::last_value(line, "project-directory");
  options.compatibility = container::is_set(line, "compatibility");
  if (const std::string old = container::last_value(line, "workdir"); !old.empty()) {
    if (!options.project_directory.empty())
      return tl::unexpected(
          Failure{"cannot specify DEPRECATED \"--workdir\" and \"--project-directory\". Please use only "
                  "\"--project-directory\" instead",
                  {}});
    options.project_directory = old;
  }
  return options;
}

// Pairs of options that exclude each other, with the command's words.
std::optional<Failure> check_pairs(const CommandLine& line) {
  struct Pair {
    std::string_view one, other, message;
  };
  constexpr std::array<Pair, 4> kPairs{
      {{"build", "no-build", "--build and --no-build are incompatible"},
       {"renew-anon-volumes", "no-recreate", "--no-recreate and --renew-anon-volumes are incompatible"},
       {"force-recreate", "no-recreate", "--force-recreate and --no-recreate are incompatible"},
       {"always-recreate-deps", "no-recreate", "--always-recreate-deps and --no-recreate are incompatible"}}};
  for (const Pair& pair : kPairs)
    if (container::is_set(line, pair.one) && container::is_set(line, pair.other))
      return Failure{std::string(pair.message), {}};
  return std::nullopt;
}

void run_up(std::span<const Word> words, bool is_up, Options options, container::World& world, manifest::Answer& answer,
            base::Diagnostics& diagnostics) {
  const auto line = parse_mixed(words, is_up ? kUp : kCreate, options.services);
  if (!line) return add_refusal(line.error(), answer);
  if (const auto failure = check_pairs(*line)) return add_refusal(*failure, answer);
  options.scale = texts(*line, "scale");
  options.with_dependencies = !container::is_set(*line, "no-deps");
  options.wants_services = is_up;
  resolve_project(options, world, answer, diagnostics);
}

void run_one(std::span<const Word> words, Options options, container::World& world, manifest::Answer& answer,
             base::Diagnostics& diagnostics) {
  const auto line = container::parse_options(words, kRun);
  if (!line) return add_refusal({line.error().message, line.error().place}, answer);
  if (line->rest.empty()) return add_refusal({"requires at least 1 arg(s), only received 0", {}}, answer);
  OneOff one_off;
  one_off.service = line->rest.front().text;
  one_off.name = container::last_value(*line, "name");
  one_off.cap_add = texts(*line, "cap-add");
  one_off.cap_drop = texts(*line, "cap-drop");
  options.with_dependencies = !container::is_set(*line, "no-deps");
  resolve_one_off(options, one_off, world, answer, diagnostics);
}

}  // namespace

bool is_compose_command(std::span<const Word> words) {
  const auto behind = behind_compose(words);
  if (!behind) return false;
  const auto line = container::parse_options(*behind, kGlobal);
  if (!line)
    return std::any_of(behind->begin(), behind->end(), [](const Word& word) {
      return word.text == "create" || word.text == "up" || word.text == "run";
    });
  return !line->rest.empty() &&
         (line->rest.front().text == "create" || line->rest.front().text == "up" || line->rest.front().text == "run");
}

void resolve_command_line(std::span<const Word> words, container::World& world, manifest::Answer& answer,
                          base::Diagnostics& diagnostics) {
  const auto behind = behind_compose(words);
  if (!behind) return;
  const auto line = container::parse_options(*behind, kGlobal);
  if (!line) return add_refusal({line.error().message, line.error().place}, answer);
  auto options = global_options(*line);
  if (!options) return add_refusal(options.error(), answer);
  if (line->rest.empty()) return;
  const std::string& command = line->rest.front().text;
  const std::span<const Word> rest = line->rest.subspan(1);
  if (command == "run") run_one(rest, std::move(*options), world, answer, diagnostics);
  if (command == "up" || command == "create")
    run_up(rest, command == "up", std::move(*options), world, answer, diagnostics);
}

namespace {

std::vector<Word> placeless(std::span<const std::string> words) {
  std::vector<Word> out;
  for (const std::string& word : words) out.push_back({word, {}});
  return out;
}

}  // namespace

bool is_compose_command(std::span<const std::string> words) {
  return is_compose_command(std::span<const Word>(placeless(words)));
}

void resolve_command_line(std::span<const std::string> words, container::World& world, manifest::Answer& answer,
                          base::Diagnostics& diagnostics) {
  resolve_command_line(std::span<const Word>(placeless(words)), world, answer, diagnostics);
}

}  // namespace callgate::compose
