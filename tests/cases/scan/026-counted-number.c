// A number that is counted up in a loop is no constant.
// run: $CC -O1 -nostdlib -static $SRC -o prog
// calls: exit times
// unresolved: number
#include "calls.h"
volatile int most;
void _start(void) {
  for (long nr = 100; nr < most; ++nr) ASM_CALL(nr);
  leave();
}
