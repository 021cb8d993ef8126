// SPDX-License-Identifier: Apache-2.0
#include "support/corpus.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace callgate::test_support {

namespace fs = std::filesystem;

fs::path corpus_folder() {
  const char* set = std::getenv("CALLGATE_CORPUS");
  const fs::path root = set != nullptr ? fs::path(set) : fs::path(CALLGATE_SOURCE_DIR) / ".." / "shared" / "corpus";
  std::error_code ignored;
  return fs::is_directory(root / "profiles", ignored) ? fs::canonical(root / "profiles") : fs::path();
}

bool in_ci() {
  const char* ci = std::getenv("CI");
  return ci != nullptr && std::string_view(ci) == "true";
}

std::vector<fs::path> files_below(const fs::path& folder, const std::string& extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == extension) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace callgate::test_support
