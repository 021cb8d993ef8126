// One of two numbers, chosen without a branch.
// run: $CC -O2 -nostdlib -static $SRC -o prog
// calls: exit getpid getppid getuid geteuid
#include "calls.h"
volatile int which;
static inline void either(long a, long b) { ASM_CALL(which ? a : b); }
void _start(void) {
  either(SYS_getpid, SYS_getppid);
  either(SYS_getuid, SYS_geteuid);
  leave();
}
