// A number put together as hand-written assembly does to save bytes, and one of two by the carry.
// run: $CC -O2 -nostdlib -static $SRC -o prog
// calls: exit getpid getppid times uname wait4
#include "calls.h"
__asm__(
    ".text\n.globl _start\n"
    "_start: xor %eax, %eax\n mov $100, %al\n syscall\n"
    "cmp $1, %rdi\n sbb %eax, %eax\n and $71, %eax\n add $39, %eax\n syscall\n"  // 39 or 110
    "cmp $1, %rsi\n mov $63, %eax\n adc $-3, %eax\n syscall\n"                   // 60 or 61
    "mov $63, %eax\n syscall\n mov $60, %eax\n syscall\n hlt\n");
