// A number that comes from outside: never granted, never silent.
// run: $CC -O2 -nostdlib -static $SRC -o prog
// calls: exit
// unresolved: number
#include "calls.h"
volatile long from_outside;
__asm__(".globl _start\n_start: mov (%rsp), %rax\n syscall\n jmp end\n");
KEEP void end(void) { leave(); }
