// A wrapper whose address is loaded into a register and called through it, or only compared: no pointer that goes anywhere.
// run: $CC -shared -fPIC -O1 -nostdlib -DLIBRARY $SRC -o libraw.so
// run: $CC -O2 -nostdlib -fPIE -pie -fno-plt $SRC -o prog -L. -lraw -Wl,-rpath,'$ORIGIN' -Wl,--no-dynamic-linker
// calls: exit getpid getppid
#include "calls.h"
long raw(long nr);
#ifdef LIBRARY
long raw(long nr) {
  long out;
  __asm__ volatile("syscall" : "=a"(out) : "a"(nr) : "rcx", "r11", "memory");
  return out;
}
#else
__asm__(
    ".text\n.globl _start\n"
    "_start: mov raw@GOTPCREL(%rip), %rbx\n cmp %rbx, %rsp\n je 1f\n"
    "mov $39, %edi\n call *%rbx\n mov $110, %edi\n call *%rbx\n"
    "1: jmp end\n");
__attribute__((used, visibility("hidden"))) void end(void) { leave(); }
#endif
