// The loader asks a function which of two is meant; both may be.
// run: $CC -O1 -nostdlib -static -fno-pic -no-pie $SRC -o prog
// run: $CC -O1 -nostdlib -static-pie -fPIE $SRC -o prog2
// calls: exit getpid getppid
#include "calls.h"
static KEEP void a(void) { ASM_CALL(SYS_getpid); }
static KEEP void b(void) { ASM_CALL(SYS_getppid); }
volatile int which;
static void* resolve(void) { return which ? (void*)a : (void*)b; }
void act(void) __attribute__((ifunc("resolve")));
void _start(void) {
  act();
  leave();
}
