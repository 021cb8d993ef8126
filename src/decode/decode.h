// The arguments of a call as text: constants and flags by name, and where the caller's memory can be read, what
// pointers point to: paths, socket addresses, argument lists, the structures in which newer calls take their flags.
//
//   openat(dfd=AT_FDCWD, filename="/etc/passwd", flags=O_RDONLY|O_CLOEXEC, mode=0)
//   connect(fd=3<socket:[81]>, uservaddr={AF_INET, 127.0.0.1:80}, addrlen=16)
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "decode/memory.h"
#include "policy/policy.h"

namespace callgate::decode {

struct Argument {
  std::string name;         // as the prototype has it; "argument 2" where there is none
  std::uint64_t value = 0;  // of the register
  bool known = true;        // false: a recording did not tell; value and text mean nothing
  bool pointer = false;
  std::string text;
  bool operator==(const Argument&) const = default;
};

struct Decoded {
  std::string call;  // "openat"; "call 0x1d9" where no table names it
  std::vector<Argument> arguments;
  std::string text() const;
  bool operator==(const Decoded&) const = default;
};

inline constexpr std::uint8_t kAllKnown = 0x3f;

// `known`: bit n stands for argument n. `memory` and `files` may be empty.
Decoded decode(const policy::Call& call, std::uint8_t known, const Memory& memory, const Files& files = {});

}  // namespace callgate::decode
