// Switches by tables of bytes and of half words, whose cases make calls themselves or through others.
// run: $CC -nostdlib -static $SRC -o prog
// run: $CC -nostdlib -static-pie -fPIE $SRC -o prog2
// calls: exit getegid geteuid getgid getpid getppid gettid getuid times
#include "calls.h"
static KEEP void a(void) { make_call(SYS_getpid); }
static KEEP void b(void) { make_call(SYS_getppid); }
volatile int which;
#define FILL __asm__ volatile(".rept 300\n nop\n .endr");
KEEP long choose(int n) {
  long nr = SYS_times;
  switch (n) {
    case 0: nr = SYS_getuid; which = 1; break;
    case 1: nr = SYS_geteuid; which = 3; a(); break;
    case 2: nr = SYS_getgid; which = 7; break;
    case 3: nr = SYS_getegid; which = 5; b(); break;
    case 4: nr = SYS_gettid; which = 1; a(); b(); break;
    case 5: which = 9; return 1;
    case 6: which = 19; a(); return 2;
    default: break;
  }
  return make_call(nr);
}
KEEP void far(int n) {
  switch (n) {
    case 10: a(); FILL which = 1; break;
    case 11: b(); FILL which = 2; break;
    case 12: a(); FILL which = 3; break;
    case 13: b(); FILL which = 4; break;
    case 14: a(); FILL which = 5; break;
    case 15: make_call(SYS_times); which = 6; break;
    default: break;
  }
}
void _start(void) {
  choose(which);
  far(which);
  leave();
}
