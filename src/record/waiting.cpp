// SPDX-License-Identifier: Apache-2.0
#include "record/waiting.h"

#include <signal.h>
#include <time.h>

#include <algorithm>

namespace callgate::record {

bool await(const std::function<bool()>& ended, std::chrono::seconds limit) {
  using Clock = std::chrono::steady_clock;
  sigset_t all;
  sigfillset(&all);
  timespec pause{0, 1'000'000};
  const auto deadline = Clock::now() + limit;
  while (!ended()) {
    if (limit.count() > 0 && Clock::now() >= deadline) return false;
    siginfo_t info{};
    const int signal = sigtimedwait(&all, &info, &pause);
    if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP) return false;
    if (signal < 0) pause.tv_nsec = std::min(pause.tv_nsec * 2, 50'000'000L);
  }
  return true;
}

Ticker::Ticker(std::chrono::milliseconds pause, std::function<void()> report) {
  thread_ = std::jthread(
      [this, pause, report = std::move(report)](const std::stop_token& stop) { run(stop, pause, report); });
}

void Ticker::run(const std::stop_token& stop, std::chrono::milliseconds pause, const std::function<void()>& report) {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, stop, pause, [&] { return stop.stop_requested(); })) report();
}

}  // namespace callgate::record
