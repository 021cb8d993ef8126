// Calls of both kinds by hand, for the programs that the recorder is tried on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>

// Every argument is `argument`.
inline long native(long nr, long argument) {
  long result = nr;
  register long r10 asm("r10") = argument;
  register long r8 asm("r8") = argument;
  register long r9 asm("r9") = argument;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(argument), "S"(argument), "d"(argument), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

inline long i386(long nr, long argument) {
  long result = nr;
  asm volatile("int $0x80"
               : "+a"(result)
               : "b"(argument), "c"(argument), "d"(argument), "S"(argument), "D"(argument)
               : "r8", "r9", "r10", "r11", "memory");
  return result;
}

// In a process of its own: some end it, stop it or never return.
template <class Body>
void apart(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
}

// What the cases come down to: a call that nothing else in these programs makes, of each kind.
constexpr long kMarkI386 = 96;  // getpriority there
inline void mark() {
  native(SYS_getpriority, 0);
}
inline void mark_i386() {
  i386(kMarkI386, 0);
}

// Runs the case of that name (record_cases.cpp); false if there is none.
bool run_case(int argc, char** argv);
