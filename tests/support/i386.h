// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/wait.h>
#include <unistd.h>

namespace callgate::test_support {

// Whether `int $0x80` makes a call here. It takes CONFIG_IA32_EMULATION, not turned off at boot (ia32_emulation=off),
// and a hypervisor that leaves the instruction alone. Without, there are no such calls that a test could look at.
inline bool runs_i386() {
#if defined(__x86_64__)
  static const bool runs = [] {
    const pid_t child = fork();
    if (child == 0) {
      long answer = 20;  // getpid
      asm volatile("int $0x80" : "+a"(answer) : : "memory", "r8", "r9", "r10", "r11", "cc");
      _exit(answer == getpid() ? 0 : 1);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
  }();
  return runs;
#else
  return false;
#endif
}

}  // namespace callgate::test_support
