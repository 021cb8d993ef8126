// The same, but the pointer is stored: it may be called with any number.
// run: $CC -shared -fPIC -O1 -nostdlib -DLIBRARY $SRC -o libraw.so
// run: $CC -O2 -nostdlib -fPIE -pie -fno-plt $SRC -o prog -L. -lraw -Wl,-rpath,'$ORIGIN' -Wl,--no-dynamic-linker
// calls: exit
// unresolved: number
#include "calls.h"
long raw(long nr);
#ifdef LIBRARY
long raw(long nr) {
  long out;
  __asm__ volatile("syscall" : "=a"(out) : "a"(nr) : "rcx", "r11", "memory");
  return out;
}
#else
__attribute__((visibility("hidden"))) void* volatile kept;
__asm__(
    ".text\n.globl _start\n"
    "_start: mov raw@GOTPCREL(%rip), %rbx\n"
    "mov $39, %edi\n call *%rbx\n mov %rbx, kept(%rip)\n"
    "1: jmp end\n");
__attribute__((used, visibility("hidden"))) void end(void) { leave(); }
#endif
