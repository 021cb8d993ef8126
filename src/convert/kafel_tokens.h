// The tokens of a kafel policy and of the files it includes, in one row, with the comments between them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "convert/formats.h"

namespace callgate::convert::kafel {

enum class Kind { identifier, keyword, number, symbol, end };

struct Token {
  Kind kind = Kind::end;
  std::string_view text;    // of the file
  std::uint64_t value = 0;  // of a number
  base::Span span;
  std::vector<std::size_t> before, behind;  // comments that stand over it, or after it in its line
  bool is(std::string_view word) const { return (kind == Kind::symbol || kind == Kind::keyword) && text == word; }
};

struct Text {
  std::vector<Token> tokens;  // the last one is the end
  std::vector<std::string> comments;
};

// Nothing that is no token, and no include that fails, goes unreported.
Text tokenize(const base::SourceFile& file, const ReadContext& context, base::Diagnostics& diagnostics);

}  // namespace callgate::convert::kafel
