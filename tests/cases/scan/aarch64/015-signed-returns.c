// Returns and calls that check signed pointers, of armv8.3; atomic instructions of armv8.1 between a number and its use.
// run: $CC -march=armv8.3-a -mbranch-protection=standard -nostdlib -static $SRC -o prog
// run: $CC -march=armv8.3-a -mbranch-protection=standard -nostdlib -static-pie -fPIE $SRC -o prog2
// calls: exit getegid getpid getppid
#include "calls.h"
long counter;
static KEEP void a(void) { make_call(SYS_getpid); }
static KEEP void b(void) {
  a();
  long nr = SYS_getppid;
  __atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
  make_call(nr);
}
__asm__(
    ".text\n"
    "checked: .cfi_startproc\n pacia x3, sp\n mov w8, #177\n ldadd w8, w9, [x4]\n swp x9, x10, [x4]\n"
    "cas w11, w8, [x4]\n ccmp w8, #3, #8, eq\n fmov d8, x8\n cmp w8, #7\n svc #0\n retaa\n"
    ".cfi_endproc\n");
void checked(void);
void _start(void) {
  b();
  checked();
  leave();
}
