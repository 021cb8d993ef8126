// The number is kept on the stack: alone, in a pair, and through another register that points there.
// run: $CC -nostdlib -static $SRC -o prog
// calls: exit getegid getpid getppid getuid
#include "calls.h"
__asm__(
    ".text\n"
    "kept: .cfi_startproc\n"
    "stp x29, x30, [sp, #-64]!\n mov x29, sp\n"
    "mov w9, #172\n mov w10, #173\n stp w9, w10, [sp, #16]\n"
    "mov x11, #174\n str x11, [x29, #32]\n"
    "add x12, sp, #40\n mov w9, #177\n str w9, [x12, #4]\n"
    "ldr w8, [sp, #16]\n svc #0\n"
    "ldrsw x8, [x29, #20]\n svc #0\n"
    "ldr w8, [sp, #32]\n svc #0\n"
    "ldr w8, [sp, #44]\n svc #0\n"
    "ldp x29, x30, [sp], #64\n ret\n"
    ".cfi_endproc\n");
void kept(void);
void _start(void) {
  kept();
  leave();
}
