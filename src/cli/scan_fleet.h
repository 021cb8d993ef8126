// Scans of all programs of a tree, and of those of a package: what is found, how it goes, and the sum of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/scan_means.h"
#include "cli/session.h"
#include "fleet/tree.h"
#include "scan/scan.h"

namespace callgate::cli {

// `name`: what the tree is called in the output.
int scan_tree(Session& session, const fleet::Tree& tree, const std::string& name, scan::Options options,
              const ScanMeans& means);

}  // namespace callgate::cli
