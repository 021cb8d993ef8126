// One of several numbers, chosen with and without a branch.
// run: $CC -nostdlib -static $SRC -o prog
// run: $CC -nostdlib -static-pie -fPIE $SRC -o prog2
// calls: exit getegid geteuid getgid getpid getppid getuid
#include "calls.h"
volatile int which;
static KEEP void either(int c) { make_call(c ? SYS_getpid : SYS_getppid); }
static KEEP void next(int c) { make_call(c ? SYS_getuid : SYS_getuid - 1 + 2); }
void _start(void) {
  either(which);
  next(which);
  __asm__ volatile(
      "cmp %w0, #0\n mov w9, #176\n csinc w8, w9, w9, eq\n svc #0" ::"r"(which) : "x0", "x8", "x9", "cc", "memory");
  leave();
}
