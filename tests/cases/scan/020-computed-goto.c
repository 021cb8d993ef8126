// Labels whose addresses stand in data.
// run: $CC -O2 -nostdlib -static-pie -fPIE $SRC -o prog
// run: $CC -O2 -nostdlib -static -fno-pic -no-pie $SRC -o prog2
// calls: exit getpid getppid
#include "calls.h"
static KEEP void a(void) { ASM_CALL(SYS_getpid); }
static KEEP void b(void) { ASM_CALL(SYS_getppid); }
volatile int which;
void _start(void) {
  static void* const labels[] = {&&first, &&second, &&last};
  goto* labels[which];
first:
  a();
  goto* labels[which];
second:
  b();
  goto* labels[which];
last:
  leave();
}
