// Waiting for what is recorded to end, while signals and the clock may end the recording.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace callgate::record {

// Waits until `ended` says so. False: we were told to stop (SIGINT, SIGTERM, SIGHUP, which must be blocked), or the
// time was up (0: there is no limit).
bool await(const std::function<bool()>& ended, std::chrono::seconds limit = {});

// Calls `report` every half second from a thread of its own, until it goes.
class Ticker {
 public:
  Ticker(std::chrono::milliseconds pause, std::function<void()> report);

 private:
  void run(const std::stop_token& stop, std::chrono::milliseconds pause, const std::function<void()>& report);
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::jthread thread_;  // last: it is joined before what it uses goes
};

}  // namespace callgate::record
