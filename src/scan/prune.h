// Code that does not run although its function does, by what is assumed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>
#include <unordered_set>

#include "scan/link.h"

namespace callgate::scan {

// Instructions that never run, by module.
class Dead {
 public:
  bool contains(std::uint32_t module, Address a) const {
    return module < all_.size() && !all_[module].empty() && all_[module].contains(a);
  }
  // False: it was there.
  bool add(std::uint32_t module, Address a) {
    if (all_.size() <= module) all_.resize(module + 1);
    return all_[module].insert(a).second;
  }

 private:
  std::vector<std::unordered_set<Address>> all_;
};

// Who asks for a ceiling. The attributes' functions ask the kernel for its bounds, whatever the protocol.
constexpr std::array<std::string_view, 3> kCeilingCalls{
    "pthread_mutexattr_setprotocol", "pthread_mutexattr_setprioceiling", "pthread_mutexattr_getprioceiling"};

// The calls by which locks with a priority ceiling change priorities: added to `dead`; true if there are any. To be
// asked for only where none of kCeilingCalls is reached.
bool priority_ceilings(const Link& link, Dead& dead);

}  // namespace callgate::scan
