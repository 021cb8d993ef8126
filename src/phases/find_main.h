// Finds main() of a program by running it there: by a breakpoint at the ELF entry, then instruction by instruction
// until a call is made with the address of the program's own code as its first argument. That is what the start files
// of every C library do (__libc_start_main(main, …)), so neither symbols nor debug information are needed, and
// position- independent, static and 32-bit programs are alike. Programs without such a start (Go's) are not found.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "tracee/event.h"

namespace callgate::phases {

class MainFinder {
 public:
  explicit MainFinder(const tracee::Ptrace& kernel) : kernel_(&kernel) {}
  // At the `exec` event of the program.
  base::Result<void> begin(const tracee::Event& exec);
  // For each later event of it. True: it stands at main() now, and the event's signal is taken away. Other breakpoints
  // of ours are dealt with, too. Error: unsupported, no main() was found.
  base::Result<bool> at_main(tracee::Event& event);

 private:
  base::Result<void> set(pid_t tid, std::uint64_t address);
  base::Result<void> remove(pid_t tid);
  base::Result<std::uint64_t> step_to_call(pid_t tid);

  const tracee::Ptrace* kernel_;
  std::uint64_t breakpoint_ = 0;
  std::byte before_{};
  bool entered_ = false;
};

}  // namespace callgate::phases
