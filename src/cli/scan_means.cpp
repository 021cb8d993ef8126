// SPDX-License-Identifier: Apache-2.0
#include "cli/scan_means.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>

#include "base/text.h"
#include "cli/diagnostic_ids.h"

namespace callgate::cli {

namespace {

constexpr std::uint64_t kMaxJobs = 1024;

unsigned processors() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(std::max(1, CPU_COUNT(&set))) : 1U;
}

}  // namespace

ScanMeans::~ScanMeans() {
  if (cache) cache->prune();
}

std::unique_ptr<ScanMeans> scan_means(Session& session, int& status) {
  const Arguments& given = session.arguments();
  auto out = std::make_unique<ScanMeans>();
  const auto word = given.last("jobs");
  const auto jobs = word ? base::parse_u64(*word) : std::optional<std::uint64_t>(processors());
  if (!jobs || *jobs == 0 || *jobs > kMaxJobs) {
    status = session.usage(kBadOptionValue, fmt::format("--jobs: a number from 1 to {}", kMaxJobs));
    return nullptr;
  }
  out->jobs = static_cast<unsigned>(*jobs);
  const auto asked = given.last("cache");
  const std::string directory = asked ? std::string(*asked) : scan::Cache::default_directory();
  if (given.has("no-cache") || directory.empty()) return out;
  auto cache = scan::Cache::open(directory);
  if (cache) {
    out->cache = std::move(*cache);
  } else if (asked) {
    status = session.fail(std::move(cache.error()).within(base::printable(directory)));
    return nullptr;
  }
  return out;
}

}  // namespace callgate::cli
