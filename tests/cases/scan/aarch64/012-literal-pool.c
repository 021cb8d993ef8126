// Addresses and numbers are loaded from among the code. What stands there is no code.
// run: $CC -mcmodel=large -fno-pic -no-pie -nostdlib -static $SRC -o prog
// calls: exit getegid getpid getppid
#include "calls.h"
static KEEP void a(void) { make_call(SYS_getpid); }
KEEP void b(void) { make_call(SYS_getppid); }
void (*volatile pointer)(void);
__asm__(
    ".text\n"
    "pool: .cfi_startproc\n ldr w8, 1f\n svc #0\n ret\n"
    ".balign 8\n 1: .word 177\n .word 0xd4000001\n 2: .xword 0x94000000d4000001\n"
    ".cfi_endproc\n"
    "reads: .cfi_startproc\n ldr x9, 2b\n ldr w10, 1b + 4\n ret\n .cfi_endproc\n");
void pool(void);
void _start(void) {
  pointer = a;
  pointer();
  b();
  pool();
  leave();
}
