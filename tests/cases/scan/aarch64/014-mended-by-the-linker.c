// A linker that mends the fault 843419 of a processor moves the second half of an address behind the code, or makes adr
// of adrp.
// run: $CC -nostdlib -static -Wl,--fix-cortex-a53-843419=adrp $SRC -o prog
// run: $CC -nostdlib -static -Wl,--fix-cortex-a53-843419=adr $SRC -o prog2
// calls: exit getpid getppid
#include "calls.h"
KEEP void a(void) { make_call(SYS_getpid); }
void (*pointers[4])(void) __attribute__((aligned(64), visibility("hidden"))) = {0, 0, a, 0};
__asm__(
    ".section .text.mended, \"ax\"\n .balign 4096\n"
    ".globl through\n through: .cfi_startproc\n .rept 1021\n nop\n .endr\n"
    "stp x29, x30, [sp, #-16]!\n"
    "adrp x1, pointers\n ldr x2, [sp]\n add x3, x3, #1\n ldr x4, [x1, :lo12:pointers + 16]\n"
    "mov w8, #173\n svc #0\n blr x4\n ldp x29, x30, [sp], #16\n ret\n .cfi_endproc\n .previous\n");
void through(void);
void _start(void) {
  through();
  leave();
}
