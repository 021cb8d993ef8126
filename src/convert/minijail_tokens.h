// The tokens of a minijail policy, by logical line: a line that ends in a backslash goes on in the next. Comments are
// kept beside the lines, where they stood.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace callgate::convert::minijail {

enum class Kind { identifier, number, argument, op, punctuation, action, return_, directive, path };

struct Token {
  Kind kind;
  std::string_view text;  // of the file
  std::uint32_t begin = 0, end = 0;
};

struct Line {
  std::vector<Token> tokens;
  std::vector<std::string> above;  // the comments that stand over it
  std::string beside;              // the comment behind it
};

struct Text {
  std::vector<std::string>
      head;  // comments over everything, parted from the rest by an empty line; and those at the end
  std::vector<Line> lines;
  bool inline_comments = false;  // some comment stands behind a statement
};

// Nothing that is no token goes unreported (CG1251).
Text tokenize(const base::SourceFile& file, base::Diagnostics& diagnostics);

}  // namespace callgate::convert::minijail
