// Mends manifests: does the edits of the findings' fixes and looks at the whole input again after each. They stay only
// if the text still reads, what they are to mend is gone, nothing is refused that was not, and no container is granted
// more than before; one that was refused was granted nothing that could be held against it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "container/container.h"
#include "review/review.h"

namespace callgate::review {

struct MendedFile {
  std::string name;                // as messages call it: a path from the working directory, or "<stdin>"
  std::string before, after;       // its text
  std::vector<std::string> fixes;  // "option-twice: take this one out", in the order in which they were made
};

struct Mended {
  // The files among the paths, or in the projects' directories among them, that change.
  std::vector<MendedFile> files;
  std::size_t looks = 0;  // how often the whole input was looked at: not by the number of fixes that are no good
};

// Nothing is written; `world.files` has the new texts afterwards. Nothing where the input cannot be read (diagnosed).
std::optional<Mended> mend_paths(std::span<const std::string> paths, const Options& options, container::World& world,
                                 base::Diagnostics& diagnostics);

}  // namespace callgate::review
