// How far a program has come on its way into a profile: what `callgate harden` keeps in state.json, beside the
// recordings, the closure and the profiles. Written after each step; a step that was cut off is done again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/json_write.h"

namespace callgate::harden {

inline constexpr std::uint64_t kVersion = 1;

// What comes next, or stopped it.
//   recording   more runs are to be recorded
//   trying      runs under the profile in log mode, until nothing new comes of them
//   enforcing   the program is to be run under the profile
//   denied      a call was denied there; --accept takes it
//   hardened    no call was denied there
enum class Stage : std::uint8_t { recording, trying, enforcing, denied, hardened };
std::string_view name(Stage stage);
std::optional<Stage> find_stage(std::string_view name);

struct Step {
  std::uint32_t number = 0;
  std::string name;  // "record", "close", "prove", "trial", "enforce", "accept"
  std::string text;  // what came of it
  std::string time;  // UTC
  bool operator==(const Step&) const = default;
};

struct State {
  std::vector<std::string> command;
  std::string program;   // the file that is executed; empty where there is none (containers)
  std::string identity;  // of its content
  std::string settings;  // options that decide what the profile says, in one line
  Stage stage = Stage::recording;
  std::uint32_t runs = 0;    // recorded
  std::uint32_t trials = 0;  // runs in log mode, of all profiles
  std::uint32_t quiet = 0;   // of the present profile, one after the other, in which nothing was new
  std::uint32_t enforced = 0;
  std::vector<int> statuses;  // with which recorded runs ended, sorted
  std::vector<Step> steps;
  bool operator==(const State&) const = default;
};

// Steps beyond these are forgotten, the oldest first; their numbers go on.
inline constexpr std::size_t kMostSteps = 500;
const Step& add_step(State& state, std::string name, std::string text);

std::string to_json(const State& state);
// An array of them.
void steps_to_json(const State& state, base::JsonWriter& json);
// Nothing if it is wrong (diagnosed).
std::optional<State> read(const base::SourceFile& file, base::Diagnostics& diagnostics);

// "build-id 12ab…" of an ELF file that has one, else size and a hash of the content: enough to see that a file is
// another one, not to prove that it is the same. Empty if it cannot be read.
std::string identity_of(const std::string& path);
// "90", "90s", "10m", "2h" in seconds; nothing for other texts, 0, and more than a week.
std::optional<std::uint64_t> parse_time(std::string_view text);

}  // namespace callgate::harden
