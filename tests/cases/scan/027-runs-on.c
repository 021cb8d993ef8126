// A function that ends in a call that returns runs on into the next.
// run: $CC -O1 -nostdlib -static -Wl,--eh-frame-hdr $SRC -o prog
// calls: exit getgid getuid
#include "calls.h"
__asm__(
    ".text\n"
    "back: .cfi_startproc\n ret\n .cfi_endproc\n"
    ".globl _start\n"
    "_start: .cfi_startproc\n mov $102, %eax\n syscall\n call back\n .cfi_endproc\n"
    "next: .cfi_startproc\n mov $104, %eax\n syscall\n mov $60, %eax\n syscall\n hlt\n .cfi_endproc\n");
