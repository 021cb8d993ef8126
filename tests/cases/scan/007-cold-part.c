// What the compiler holds to be unlikely stands elsewhere, with an unwind entry of its own, and comes back.
// run: $CC -O2 -nostdlib -static-pie -fPIE -freorder-blocks-and-partition $SRC -o prog
// calls: exit getpid getppid times
#include "calls.h"
volatile int odd;
__attribute__((cold)) static KEEP void complain(void) { ASM_CALL(SYS_times); }
KEEP long work(long x) {
  long nr = SYS_getpid;
  if (__builtin_expect(odd, 0)) {
    complain();
    nr = SYS_getppid;
  }
  ASM_CALL(nr);
  return x + odd;
}
void _start(void) {
  work(odd);
  leave();
}
