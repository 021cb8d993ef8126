// SPDX-License-Identifier: Apache-2.0
#include "harden/state.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>

#include "base/io.h"
#include "base/text.h"
#include "harden/diagnostic_ids.h"
#include "record/facts.h"
#include "recording/members.h"
#include "text/node.h"

namespace callgate::harden {

namespace {

using recording::Members;

constexpr std::array<std::string_view, 5> kStages{"recording", "trying", "enforcing", "denied", "hardened"};
// Far more than harden writes; a hostile file is refused before it costs memory.
constexpr std::size_t kMost = 65536;

std::string now_utc() {
  const time_t now = time(nullptr);
  tm utc{};
  gmtime_r(&now, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec);
}

bool read_step(const Members& members, Step& out) {
  return members.get("number", out.number) && members.get("step", out.name) && members.get("text", out.text) &&
         members.get("time", out.time);
}

bool read_members(const Members& members, base::Diagnostics& diagnostics, State& out) {
  const auto strings = [&](const text::Node& node) {
    if (!node.is_string()) return members.wrong(node, "a word is a text");
    out.command.emplace_back(node.text());
    return true;
  };
  const auto statuses = [&](const text::Node& node) {
    const auto status = node.as_u64();
    if (!status || *status > 255) return members.wrong(node, "a status is a number up to 255");
    out.statuses.push_back(static_cast<int>(*status));
    return true;
  };
  const auto steps = [&](const text::Node& node) {
    if (!node.is_object()) return members.wrong(node, "a step is an object");
    return read_step(Members(node, diagnostics, kBadState), out.steps.emplace_back());
  };
  return members.each("command", kMost, strings) && members.get("program", out.program) &&
         members.get("identity", out.identity) && members.get("settings", out.settings) &&
         members.get_word("stage", find_stage, out.stage) && members.get("runs", out.runs) &&
         members.get("trials", out.trials) && members.get("quiet", out.quiet) &&
         members.get("enforced", out.enforced) && members.each("statuses", kMost, statuses) &&
         members.each("steps", kMost, steps);
}

}  // namespace

std::string_view name(Stage stage) {
  return kStages[static_cast<std::size_t>(stage)];
}

std::optional<Stage> find_stage(std::string_view name) {
  const auto found = std::ranges::find(kStages, name);
  return found == kStages.end() ? std::nullopt : std::optional(static_cast<Stage>(found - kStages.begin()));
}

const Step& add_step(State& state, std::string name, std::string text) {
  const std::uint32_t number = state.steps.empty() ? 1 : state.steps.back().number + 1;
  if (state.steps.size() >= kMostSteps) state.steps.erase(state.steps.begin());
  return state.steps.emplace_back(Step{number, std::move(name), std::move(text), now_utc()});
}

std::string to_json(const State& state) {
  base::JsonWriter json;
  json.begin_object().member("harden", kVersion).key("command").begin_array();
  for (const std::string& word : state.command) json.value(word);
  json.end_array().member("program", state.program).member("identity", state.identity);
  json.member("settings", state.settings).member("stage", name(state.stage)).member("runs", state.runs);
  json.member("trials", state.trials).member("quiet", state.quiet).member("enforced", state.enforced);
  json.key("statuses").begin_array();
  for (const int status : state.statuses) json.value(status);
  steps_to_json(state, json.end_array().key("steps"));
  json.end_object();
  return json.take();
}

void steps_to_json(const State& state, base::JsonWriter& json) {
  json.begin_array();
  for (const Step& step : state.steps)
    json.begin_object()
        .member("number", step.number)
        .member("step", step.name)
        .member("text", step.text)
        .member("time", step.time)
        .end_object();
  json.end_array();
}

std::optional<State> read(const base::SourceFile& file, base::Diagnostics& diagnostics) {
  const auto document = text::read_json(file, diagnostics);
  if (!document) return std::nullopt;
  const Members members(document->root(), diagnostics, kBadState);
  if (!document->root().is_object() || !document->root().find("harden")) {
    members.wrong(document->root(), "this is no state of harden");
    return std::nullopt;
  }
  std::uint64_t version = 0;
  State out;
  if (!members.get("harden", version)) return std::nullopt;
  if (version != kVersion) {
    diagnostics.add(kOtherProgram, document->root().find("harden").span(),
                    fmt::format("this directory has version {}; {} is known", version, kVersion),
                    "a newer callgate goes on with it; --restart begins anew");
    return std::nullopt;
  }
  if (!read_members(members, diagnostics, out)) return std::nullopt;
  std::ranges::sort(out.statuses);
  return out;
}

std::string identity_of(const std::string& path) {
  if (std::string id = record::build_id(path); !id.empty()) return "build-id " + id;
  constexpr std::size_t kMostBytes = std::size_t{1} << 30;
  const auto content = base::read_file(path, kMostBytes);
  if (!content) return {};
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : *content) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("{} bytes, {:016x}", content->size(), hash);
}

std::optional<std::uint64_t> parse_time(std::string_view text) {
  constexpr std::uint64_t kWeek = std::uint64_t{7} * 86400;
  std::uint64_t unit = 1;
  if (text.ends_with('s') || text.ends_with('m') || text.ends_with('h')) {
    unit = text.back() == 'h' ? 3600 : text.back() == 'm' ? 60 : 1;
    text.remove_suffix(1);
  }
  const auto number = base::parse_u64(text);
  if (!number || *number == 0 || *number > kWeek / unit) return std::nullopt;
  return *number * unit;
}

}  // namespace callgate::harden
