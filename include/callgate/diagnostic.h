// What is wrong with a file, and where. The numbers are explained in the project's docs/diagnostics.md and keep their
// meaning.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace callgate {

/// Lines and columns count from 1, columns in characters; line 0 means that there is no place.
struct Place {
  std::string file;
  std::uint32_t line = 0, column = 0;
  std::uint32_t end_line = 0, end_column = 0;  ///< one past the last character
  bool operator==(const Place&) const = default;
};

struct DiagnosticNote {
  Place place;
  std::string message;
};

struct Diagnostic {
  bool is_error = true;  ///< otherwise a warning
  std::string code;      ///< "CG1004"
  std::string message;   ///< one line, with the offending text in single quotes
  Place place;
  std::vector<DiagnosticNote> notes;
  std::string help;      ///< what to do; may be empty
  std::string rendered;  ///< all of it for a terminal without colour: message, source line, caret, notes, help
};

}  // namespace callgate
