// Libraries and functions that a program asks for by name while it runs: dlopen, dlsym, and what the C library opens
// for itself (name services, character sets, the unwinder).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/config.h"
#include "scan/numbers.h"
#include "scan/scan.h"

namespace callgate::scan {

struct Opens {
  struct Wanted {
    std::string name, by;
    std::optional<Assumption> assumed;
  };
  std::vector<Wanted> libraries;
  std::vector<std::pair<std::string, Node>> symbols;  // asked for by dlsym, and where
  std::vector<Unresolved> unresolved;
  std::vector<Assumption> assumed;
};

// What the reached code opens. `config` is asked only for what is assumed to be decided by it.
Opens find_opens(const Link& link, const Reach& reach, Numbers& numbers, const Options& options, Config& config);

// "libc.so.6: fopen+0x10".
std::string place_name(const Module& module, Address a);

}  // namespace callgate::scan
