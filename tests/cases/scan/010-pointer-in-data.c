// Functions that only data names, with and without relocations.
// run: $CC -O2 -nostdlib -static -fno-pic -no-pie $SRC -o prog
// run: $CC -O2 -nostdlib -static-pie -fPIE $SRC -o prog2
// calls: exit getpid getppid
#include "calls.h"
static KEEP void a(void) { ASM_CALL(SYS_getpid); }
static KEEP void b(void) { ASM_CALL(SYS_getppid); }
void (*const volatile table[])(void) = {a, b};
volatile int which;
void _start(void) {
  table[which]();
  leave();
}
