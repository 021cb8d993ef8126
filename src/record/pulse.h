// What a recording that goes on looks like from outside: how much was seen, how much of it lately, and whether more is
// to be expected.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "record/ebpf.h"
#include "recording/recording.h"

namespace callgate::record {

struct Pulse {
  Progress progress;
  std::size_t new_in_last_minute = 0;  // calls first seen then
  std::optional<double> unseen;        // calls more to be expected while serving (recording::unseen)
  bool program_ended = false;          // and what it left behind goes on
};
using OnPulse = std::function<void(const Pulse&)>;

// In how many windows of time each call was made: of calls seen in one or two only, more must be expected that were
// seen in none.
class Windows {
 public:
  static constexpr std::chrono::seconds kLength{1};
  // How often each call was made so far, at the end of a window. The first tells where counting begins.
  void end_one(std::span<const std::uint64_t> counts);
  recording::Convergence convergence() const;

 private:
  std::vector<std::uint64_t> last_;
  std::vector<std::uint8_t> seen_in_;  // windows; more than two are three
  std::uint64_t windows_ = 0;
};

// To be called every now and then (kPause); looks at the recorder, and tells `report`, which may be empty.
class Watching {
 public:
  static constexpr std::chrono::milliseconds kPause{500};
  Watching(const Ebpf& recorder, OnPulse report) : recorder_(recorder), report_(std::move(report)) {}
  void look(bool program_ended);
  const Windows& windows() const { return windows_; }

 private:
  using Clock = std::chrono::steady_clock;
  const Ebpf& recorder_;
  OnPulse report_;
  Windows windows_;
  std::optional<Clock::time_point> window_begun_;
  std::deque<std::pair<Clock::time_point, std::size_t>> calls_;  // within the last minute
};

}  // namespace callgate::record
