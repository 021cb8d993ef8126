// Follows a launched program and all its processes until each has been switched to its stricter filter, or has ended.
//
// Each process is switched at its own point; children that it makes afterwards have the filter from it. All tasks that
// are followed stand still while one process gets its filter, so that nobody who shares its memory can change it. Then
// all threads of that process are let go: nobody traces them any more.
//
// Whatever fails ends the program: all that is still followed, and the first process.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "phases/load.h"
#include "phases/switch_point.h"
#include "sandbox/supervise.h"

namespace callgate::phases {

struct Switch {
  SwitchPoint at;
  NextFilter next;
};

struct Outcome {
  std::optional<sandbox::Ended> ended;  // of the program; nothing: it runs on, and nothing is traced
  std::size_t switched = 0;             // processes
  std::string failure;                  // why the program was ended; empty if it was not
};

// `kernel`, but a traced child and all that it makes is followed.
sandbox::Kernel following(const sandbox::Kernel& kernel);
// Of a program launched by following() with `traced`. Signals to us go to the program.
Outcome follow(const sandbox::Launched& launched, const Switch& change,
               const tracee::Ptrace& kernel = tracee::real_ptrace());

}  // namespace callgate::phases
