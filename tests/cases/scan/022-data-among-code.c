// Constants between functions, as hand-written assembly has them: no code, and no reason to stop.
// run: $CC -O2 -nostdlib -static-pie -fPIE $SRC -o prog
// calls: exit getpid
#include "calls.h"
__asm__(
    ".text\n"
    "constants: .byte 0x06,0x0f,0x05,0xff,0xff,0x62,0x0f,0x05,0x06,0x06,0x0e\n"
    "use: lea constants(%rip), %rsi\n movzbl (%rsi), %edi\n jmp over\n"
    ".byte 0x06,0x07,0x0f,0x05\n"
    "over: mov $39, %eax\n syscall\n ret\n"
    ".globl _start\n"
    "_start: call use\n mov $60, %eax\n syscall\n hlt\n");
