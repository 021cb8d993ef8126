// A set of calls as a person writes it: a call, then what is asked of its arguments.
//
//   openat                       every openat
//   openat O_RDONLY              a constant goes to the first argument that it is a value of: here the flags
//   socket 2 1 0                 a number goes to the next argument in order
//   socket family=AF_INET        by the argument's name, or a0 … a5; also == != < <= > >=
//   clone clone_flags&CLONE_NEWUSER    all of those bits are set
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "policy/policy.h"

namespace callgate::syntax {

struct CallPattern {
  policy::AuditArch audit = 0;
  policy::SyscallNr nr = 0;
  std::vector<policy::Condition> conditions;  // all hold; of arguments not named nothing is asked
};

// Where in the text, in bytes, and what is wrong there.
struct PatternError {
  std::size_t begin = 0, end = 0;
  std::string message, help;
};

tl::expected<CallPattern, PatternError> parse_pattern(arch::Arch arch, std::string_view text);

}  // namespace callgate::syntax
