// The unwind entry of a signal trampoline begins one byte before its code.
// run: $CC -O1 -nostdlib -static $SRC -o prog
// calls: exit rt_sigreturn
#include "calls.h"
__asm__(
    ".text\n.byte 0\n.cfi_startproc simple\n.cfi_signal_frame\n.byte 0x00\n"
    "restore: mov $15, %rax\n syscall\n.cfi_endproc\n");
extern char restore[];
void* volatile handler;
void _start(void) {
  handler = restore;
  leave();
}
