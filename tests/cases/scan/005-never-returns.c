// Behind a call that never returns stands the next function, which is not entered; behind one that returns, it is.
// run: $CC -O1 -nostdlib -static -Wl,--eh-frame-hdr $SRC -o prog
// calls: exit getuid
#include "calls.h"
__asm__(
    ".text\n"
    "stop: .cfi_startproc\n mov $60, %eax\n syscall\n hlt\n .cfi_endproc\n"
    "back: .cfi_startproc\n ret\n .cfi_endproc\n"
    ".globl _start\n"
    "_start: .cfi_startproc\n call follow\n call back\n .cfi_endproc\n"
    "follow: .cfi_startproc\n mov $102, %eax\n syscall\n call stop\n .cfi_endproc\n"
    "unused: .cfi_startproc\n mov $104, %eax\n syscall\n ret\n .cfi_endproc\n");
