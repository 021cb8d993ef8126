// Many programs scanned at once, with each library read and analysed once for all of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <span>
#include <string>

#include "fleet/tree.h"
#include "scan/scan.h"

namespace callgate::fleet {

// What an answer depends on, as one number: the newest change of the program, of the files that it is linked with, and
// of those that say what is linked. May be asked by several threads.
class Stamps {
 public:
  explicit Stamps(const Tree& tree) : tree_(tree) {}
  std::uint64_t of(const std::string& path);
  std::uint64_t of(const std::string& program, std::span<const std::string> libraries);

 private:
  std::uint64_t configuration();
  const Tree& tree_;
  std::once_flag configured_;
  std::uint64_t configuration_ = 0;
  std::mutex mutex_;
  std::map<std::string, std::uint64_t> known_;
};

struct Done {
  std::size_t index = 0;  // into the programs given
  base::Result<scan::Answer> answer;
};

// Scans the programs on `jobs` threads. `done` is called once for each, by one thread at a time, as soon as its answer
// is there; false ends the run early.
void scan_all(scan::Library& library, std::span<const std::string> programs, const scan::Options& options,
              unsigned jobs, const std::function<bool(const Done&)>& done);

}  // namespace callgate::fleet
