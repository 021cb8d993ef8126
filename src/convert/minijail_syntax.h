// The text of a minijail policy and of what it includes, as statements; what they mean together is minijail_read.cpp's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "convert/expression.h"
#include "convert/formats.h"

namespace callgate::convert::minijail {

struct Filter {
  std::optional<Terms> when;  // nothing: always
  policy::Action action;
  bool simple_return = false;  // "condition; return errno" outside braces
};

struct CallName {
  std::string_view name;
  policy::SyscallNr nr = 0;
  base::Span span;
};

struct Statement {
  std::vector<CallName> calls;
  std::vector<Filter> filters;
  base::Span span;
};

// Everything that is said in all files.
struct Program {
  std::vector<Statement> statements;
  policy::Action fallback = policy::kKillThread;
  bool denylist = false;
  bool compiler = false;  // uses what libminijail does not know
  Comments comments;
};

// Reads `file`, and what it includes by `context.open`. What is wrong is told; what could be read is kept.
Program read_program(const base::SourceFile& file, const ReadContext& context, base::Diagnostics& diagnostics);

}  // namespace callgate::convert::minijail
