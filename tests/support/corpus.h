// Where tests find profiles: the project's own under tests/data, and a collection of public ones that is read in place
// (CALLGATE_CORPUS, else ../shared/corpus beside the checkout). In CI a missing collection is a failure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

namespace callgate::test_support {

// The collection's `profiles` folder; empty if it is not there.
std::filesystem::path corpus_folder();
// True where a missing prerequisite must fail a test instead of skipping it.
bool in_ci();
// Every file below `folder` with that extension (".json"), sorted.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder, const std::string& extension);

}  // namespace callgate::test_support

// At the top of a test that reads the collection.
#define CALLGATE_NEED_CORPUS()                                                                              \
  do {                                                                                                      \
    if (callgate::test_support::corpus_folder().empty()) {                                                  \
      if (callgate::test_support::in_ci()) FAIL() << "the profile collection is missing (CALLGATE_CORPUS)"; \
      GTEST_SKIP() << "the profile collection is not here; set CALLGATE_CORPUS";                            \
    }                                                                                                       \
  } while (false)
