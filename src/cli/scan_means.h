// What a scan works with: --jobs, --cache, --no-cache.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "cli/session.h"
#include "scan/cache.h"

namespace callgate::cli {

struct ScanMeans {
  unsigned jobs = 1;
  std::unique_ptr<scan::Cache> cache;  // null: none
  ~ScanMeans();                        // what was kept is kept within its bounds
};

// Nothing, and `status` is set, if an option's value is none (told). A default cache that cannot be had is done
// without.
std::unique_ptr<ScanMeans> scan_means(Session& session, int& status);

}  // namespace callgate::cli
