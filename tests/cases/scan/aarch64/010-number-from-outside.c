// The number comes out of the kernel, or out of memory that anything may write: not known, and said so.
// run: $CC -nostdlib -static $SRC -o prog
// run: $CC -nostdlib -static-pie -fPIE $SRC -o prog2
// calls: exit getpid
// unresolved: number
#include "calls.h"
void _start(void) {
  make_call(make_call(SYS_getpid));
  leave();
}
