// SPDX-License-Identifier: Apache-2.0
#include "fleet/run.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace callgate::fleet {

std::uint64_t Stamps::of(const std::string& path) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = known_.find(path); found != known_.end()) return found->second;
  }
  const std::uint64_t stamp = tree_.stamp(path);
  const std::scoped_lock lock(mutex_);
  return known_.emplace(path, stamp).first->second;
}

std::uint64_t Stamps::of(const std::string& program, std::span<const std::string> libraries) {
  std::uint64_t newest = of(program);
  constexpr std::array<const char*, 3> kLinking{"/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/nsswitch.conf"};
  for (const char* const each : kLinking) newest = std::max(newest, of(each));
  for (const std::string& each : libraries) newest = std::max(newest, of(each));
  return newest;
}

void scan_all(scan::Library& library, std::span<const std::string> programs, const scan::Options& options,
              unsigned jobs, const std::function<bool(const Done&)>& done) {
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> stop = false;
  std::mutex mutex;
  const auto work = [&] {
    for (std::size_t i = next++; i < programs.size() && !stop; i = next++) {
      const Done one{i, scan::scan(library, programs[i], options)};
      library.trim(scan::kKeepBytes);
      const std::scoped_lock lock(mutex);
      if (!stop && !done(one)) stop = true;
    }
  };
  std::vector<std::jthread> others;
  for (unsigned i = 1; i < std::min<std::size_t>(jobs, programs.size()); ++i) others.emplace_back(work);
  work();
}

}  // namespace callgate::fleet
