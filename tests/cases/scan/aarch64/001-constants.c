// Numbers as constants: moved, in two halves, negated, by a logical instruction, in a loop, with any immediate of svc.
// run: $CC -nostdlib -static $SRC -o prog
// run: $CC -nostdlib -static-pie -fPIE $SRC -o prog2
// calls: 74565 exit getpid getppid gettid getuid read times
#include "calls.h"
volatile int turns;
static KEEP void by_hand(void) {
  __asm__ volatile("mov x8, #0x2345\n movk x8, #1, lsl #16\n svc #0" ::: "x0", "x8", "memory");
  __asm__ volatile("mov w8, #63\n svc #0x1234" ::: "x0", "x8", "memory");
  __asm__ volatile("mov x9, #-175\n neg x8, x9\n sub x8, x8, #3\n add x8, x8, #6\n svc #0" ::: "x0", "x8", "x9", "memory");
  __asm__ volatile("mov x9, #0x990\n ubfx x8, x9, #4, #8\n svc #0" ::: "x0", "x8", "x9", "memory");
}
void _start(void) {
  for (int i = 0; i < turns; ++i) make_call(SYS_getpid);
  make_call(SYS_getppid);
  by_hand();
  make_call(SYS_getuid);
  leave();
}
