// Relative relocations in the packed form (RELR).
// run: $CC -O2 -nostdlib -static-pie -fPIE -Wl,-z,pack-relative-relocs $SRC -o prog
// calls: exit getpid getppid
#include "calls.h"
static KEEP void a(void) { ASM_CALL(SYS_getpid); }
static KEEP void b(void) { ASM_CALL(SYS_getppid); }
void (*volatile table[70])(void) = {[0] = a, [69] = b};
volatile int which;
void _start(void) {
  table[which]();
  leave();
}
