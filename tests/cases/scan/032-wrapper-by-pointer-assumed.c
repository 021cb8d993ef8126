// The same as 025, with the assumption that says where the numbers come from.
// run: $CC -O2 -nostdlib -static-pie -fPIE $SRC -o prog
// assume: own-numbers
// calls: exit getpid getppid
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
