// SPDX-License-Identifier: Apache-2.0
#include "record/pulse.h"

#include <algorithm>

namespace callgate::record {

void Windows::end_one(std::span<const std::uint64_t> counts) {
  if (last_.empty()) {
    last_.assign(counts.begin(), counts.end());
    seen_in_.resize(counts.size());
    return;
  }
  ++windows_;
  for (std::size_t i = 0; i < last_.size() && i < counts.size(); ++i) {
    if (counts[i] != last_[i] && seen_in_[i] < 3) ++seen_in_[i];
    last_[i] = counts[i];
  }
}

recording::Convergence Windows::convergence() const {
  const auto in = [&](int windows) {
    return static_cast<std::uint64_t>(std::ranges::count(seen_in_, static_cast<std::uint8_t>(windows)));
  };
  return {windows_, static_cast<std::uint64_t>(std::chrono::nanoseconds(kLength).count()), in(1), in(2)};
}

void Watching::look(bool program_ended) {
  const auto now = Clock::now();
  Pulse pulse;
  pulse.progress = recorder_.progress();
  pulse.program_ended = program_ended;
  if (pulse.progress.serving && (!window_begun_ || now - *window_begun_ >= Windows::kLength)) {
    windows_.end_one(recorder_.serving_counts());
    window_begun_ = now;
  }
  pulse.unseen = recording::unseen(windows_.convergence());
  calls_.emplace_back(now, pulse.progress.calls);
  // The last that lies before the minute tells how many there were when it began.
  while (calls_.size() > 1 && now - calls_[1].first >= std::chrono::minutes(1)) calls_.pop_front();
  const bool older = now - calls_.front().first >= std::chrono::minutes(1);
  pulse.new_in_last_minute = pulse.progress.calls - (older ? calls_.front().second : 0);
  if (report_) report_(pulse);
}

}  // namespace callgate::record
