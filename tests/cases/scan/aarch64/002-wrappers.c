// The number is a parameter, through two functions, once by a jump instead of a call, and kept across a call.
// run: $CC -nostdlib -static $SRC -o prog
// run: $CC -nostdlib -static-pie -fPIE $SRC -o prog2
// calls: exit getegid geteuid getgid getpid getppid
#include "calls.h"
static KEEP long raw(long nr) { return make_call(nr); }
static KEEP long checked(long nr) { return raw(nr) < 0 ? -1 : 0; }
static KEEP long passed(int nr) { return raw(nr); }
static KEEP long later(long a, long nr) {
  raw(a);
  return raw(nr);
}
void _start(void) {
  checked(SYS_getpid);
  passed(SYS_getppid);
  later(SYS_getgid, SYS_getegid);
  raw(SYS_geteuid);
  leave();
}
