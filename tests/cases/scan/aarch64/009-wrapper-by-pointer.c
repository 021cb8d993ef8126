// A wrapper that is called through a pointer may get any number.
// run: $CC -nostdlib -static $SRC -o prog
// run: $CC -nostdlib -static-pie -fPIE $SRC -o prog2
// calls: exit getpid
// unresolved: number
#include "calls.h"
static KEEP long raw(long nr) { return make_call(nr); }
long (*volatile pointer)(long) = raw;
void _start(void) {
  raw(SYS_getpid);
  pointer(SYS_getppid);
  leave();
}
