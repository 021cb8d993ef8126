// What the compiler holds to be unlikely stands elsewhere, with an unwind entry of its own, and comes back. Behind a call
// that never returns stands the next function.
// run: $CC -nostdlib -static-pie -fPIE -freorder-blocks-and-partition $SRC -o prog
// run: $CC -nostdlib -static -Wl,--eh-frame-hdr -freorder-blocks-and-partition $SRC -o prog2
// calls: exit getpid getppid times
#include "calls.h"
volatile int odd;
__attribute__((cold)) static KEEP void complain(void) { make_call(SYS_times); }
KEEP long work(long x) {
  long nr = SYS_getpid;
  if (__builtin_expect(odd, 0)) {
    complain();
    nr = SYS_getppid;
  }
  make_call(nr);
  return x + odd;
}
static KEEP __attribute__((noreturn)) void stop(void) { leave(); }
KEEP __attribute__((noreturn)) void last(void) { stop(); }
KEEP void unused(void) { make_call(SYS_getuid); }
void _start(void) {
  work(odd);
  last();
}
