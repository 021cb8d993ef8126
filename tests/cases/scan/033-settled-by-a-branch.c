// A number that is only known because a branch has compared it.
// run: $CC -O2 -nostdlib -static $SRC -o prog
// calls: exit getpid read
#include "calls.h"
__asm__(
    ".text\n.globl _start\n"
    "_start: mov (%rsp), %rax\n test %rax, %rax\n je 1f\n"
    "cmp $39, %rax\n jne 2f\n syscall\n jmp 2f\n"
    "1: syscall\n"
    "2: mov $60, %eax\n syscall\n hlt\n");
