// Where a scan's programs and libraries are read from: a root directory, or an image in a file.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/session.h"
#include "fleet/tree.h"

namespace callgate::cli {

struct ScanSource {
  std::unique_ptr<fleet::Tree> tree;
  std::string name;                   // for the output
  std::vector<std::string> programs;  // those that are meant, if not
  bool all = false;
};

// What the command line says: programs, --root, --image, --tag, --all, --package. `status` is set where there is none.
std::optional<ScanSource> scan_source(Session& session, int& status);

}  // namespace callgate::cli
