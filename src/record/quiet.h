// Programs that are told to end because nothing new comes of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>

#include "base/io.h"

namespace callgate::record {

// Whether what is counted has not grown for a while.
class Quiet {
 public:
  using Clock = std::chrono::steady_clock;
  // 0: it never is quiet.
  explicit Quiet(std::chrono::seconds limit, Clock::time_point now = Clock::now()) : limit_(limit), since_(now) {}
  bool over(std::size_t seen, Clock::time_point now = Clock::now());

 private:
  std::chrono::seconds limit_;
  Clock::time_point since_;
  std::size_t seen_ = 0;
};

// A child of ours and all that descends from it: told to end, killed after a while. Others below us are taken for its
// own, so there must be none.
class Ending {
 public:
  explicit Ending(pid_t child);
  // To be called now and then, from the moment on when they are to end.
  void step(Quiet::Clock::time_point now = Quiet::Clock::now());
  static constexpr std::chrono::seconds kGrace{10};

 private:
  void send(int signal) const;

  base::UniqueFd child_;
  Quiet::Clock::time_point next_;
  bool told_ = false;
};

// Orphans below us become our children while it lives; at its end those that have ended are reaped.
class Foster {
 public:
  explicit Foster(bool wanted);
  ~Foster();
  Foster(const Foster&) = delete;
  Foster& operator=(const Foster&) = delete;

 private:
  bool wanted_;
};

}  // namespace callgate::record
