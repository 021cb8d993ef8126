// SPDX-License-Identifier: Apache-2.0
#include "fleet/run.h"

#include <fmt/format.h>

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

// Of the files that say what is linked, and what scan::Config reads.
std::uint64_t Stamps::configuration() {
  std::call_once(configured_, [&] {
    constexpr std::array<const char*, 4> kFiles{"/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/nsswitch.conf",
                                                "/etc/pam.conf"};
    constexpr std::array<const char*, 8> kDirectories{"/etc/pam.d",
                                                      "/usr/lib/pam.d",
                                                      "/usr/lib/gconv",
                                                      "/usr/lib/gconv/gconv-modules.d",
                                                      "/usr/lib64/gconv",
                                                      "/usr/lib64/gconv/gconv-modules.d",
                                                      "/usr/lib/x86_64-linux-gnu/gconv",
                                                      "/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.d"};
    for (const char* const each : kFiles) configuration_ = std::max(configuration_, of(each));
    for (const std::string directory : kDirectories) {
      configuration_ = std::max(configuration_, of(directory));
      for (const std::string& each : tree_.names(directory))
        if (!each.ends_with(".so"))
          configuration_ = std::max(configuration_, of(fmt::format("{}/{}", directory, each)));
    }
  });
  return configuration_;
}

std::uint64_t Stamps::of(const std::string& program, std::span<const std::string> libraries) {
  std::uint64_t newest = of(program);
  newest = std::max(newest, configuration());
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
