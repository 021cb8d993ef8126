// The file of a scan of many programs (JSON Lines): a first line that says what was scanned and how, then an object for
// each program, appended as a whole as soon as it is there. A run that was ended goes on with it: what it holds is not
// scanned again, unless the files that an answer depends on have changed. Of several lines for a program the last
// counts. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/io.h"
#include "base/result.h"

namespace callgate::cli {

// What the summary needs of a program, as its line says it.
struct ScannedProgram {
  bool closed = false;
  std::string error;  // it could not be scanned, and why
  std::set<std::string> calls;
  std::set<std::string> unresolved;  // kinds
  std::vector<std::string> libraries;
  std::uint64_t stamp = 0;  // fleet::Stamps of the program and its libraries
  std::string line;         // without its end
};

// Nothing if the line is no program's.
std::optional<std::pair<std::string, ScannedProgram>> read_scanned(std::string line);

class ScanState {
 public:
  // Opens or begins the file. A last line that was cut short is taken off. Errors: io; invalid if the file's first line
  // is another one, or if another run is writing to it.
  static base::Result<ScanState> open(const std::string& path, const std::string& header);

  const std::map<std::string, ScannedProgram>& kept() const { return kept_; }
  // By one write at the file's end.
  base::Result<void> append(const std::string& line) const;
  // Everything is on the disk.
  base::Result<void> finish() const;

 private:
  std::string path_;
  base::UniqueFd fd_;
  std::map<std::string, ScannedProgram> kept_;
};

}  // namespace callgate::cli
