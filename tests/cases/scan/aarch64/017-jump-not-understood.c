// A jump to a computed place whose table is not found leaves the program open.
// run: $CC -nostdlib -static $SRC -o prog
// calls: exit getpid
// unresolved: undecodable
#include "calls.h"
__asm__(
    ".text\n"
    "odd: .cfi_startproc\n adr x1, 1f\n add x1, x1, w0, uxtb #3\n br x1\n 1: mov w8, #172\n svc #0\n ret\n"
    ".cfi_endproc\n");
void odd(long);
void _start(void) {
  odd(0);
  leave();
}
