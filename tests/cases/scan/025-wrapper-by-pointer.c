// A wrapper that is called through a pointer may get any number.
// run: $CC -O2 -nostdlib -static-pie -fPIE $SRC -o prog
// calls: exit getpid
// unresolved: number
#include "calls.h"
static KEEP long raw(long nr) {
  long out;
  __asm__ volatile("syscall" : "=a"(out) : "a"(nr) : "rcx", "r11", "memory");
  return out;
}
long (*volatile pointer)(long) = raw;
void _start(void) {
  raw(SYS_getpid);
  pointer(SYS_getppid);
  leave();
}
