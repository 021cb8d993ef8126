// The number is kept in a register that calls give back, and in one that they do not.
// run: $CC -O2 -nostdlib -static $SRC -o prog
// calls: exit getpid getppid times
#include "calls.h"
__asm__(
    ".text\n"
    "other: mov $100, %eax\n syscall\n ret\n"
    ".globl _start\n"
    "_start: mov $39, %ebx\n call other\n mov %ebx, %eax\n syscall\n"
    "push $110\n call other\n pop %rax\n syscall\n"
    "mov $60, %eax\n syscall\n hlt\n");
