// A switch by a table. What lies behind the table's end belongs to nobody.
// run: $CC -O2 -nostdlib -static-pie -fPIE -fno-inline $SRC -o prog
// calls: exit getegid geteuid getgid getpid getppid getuid
#include "calls.h"
static KEEP void a(void) { ASM_CALL(SYS_getpid); }
static KEEP void b(void) { ASM_CALL(SYS_getppid); }
static KEEP void c(void) { ASM_CALL(SYS_getuid); }
static KEEP void d(void) { ASM_CALL(SYS_geteuid); }
static KEEP void e(void) { ASM_CALL(SYS_getgid); }
static KEEP void f(void) { ASM_CALL(SYS_getegid); }
volatile int which;
KEEP void choose(int n) {
  switch (n) {
    case 0: a(); b(); break;
    case 1: b(); a(); break;
    case 2: c(); a(); break;
    case 3: d(); a(); break;
    case 4: e(); a(); break;
    case 5: f(); a(); break;
    default: break;
  }
  which = n;
}
void _start(void) {
  choose(which);
  leave();
}
