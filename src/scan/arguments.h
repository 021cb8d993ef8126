// Which values the arguments of some calls can have: of those that say what the call does (ioctl's request, mmap's
// protection). A set is complete or it is not given.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/numbers.h"

namespace callgate::scan {

struct Argument {
  std::uint8_t index = 0;             // 0 is the first
  std::vector<std::uint32_t> values;  // sorted; the lower 32 bits, which are all that the kernel looks at
};

class Arguments {
 public:
  Arguments(const Machine& machine, Numbers& numbers) : machine_(machine), numbers_(numbers) {}
  // Control enters the kernel at `at` and may make call `nr` there.
  void site(Node n, Address at, std::uint32_t nr);
  // Of all sites seen. Only arguments that are known at each of them.
  std::vector<Argument> of(std::uint32_t nr) const;

 private:
  struct Known {
    bool all = true;
    std::set<std::uint32_t> values;
  };
  const Machine& machine_;
  Numbers& numbers_;
  std::map<std::pair<std::uint32_t, std::uint8_t>, Known> known_;
};

}  // namespace callgate::scan
