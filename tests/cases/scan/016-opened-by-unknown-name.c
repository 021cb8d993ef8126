// A library whose name is not known.
// run: $CC -shared -fPIC -O1 -nostdlib -DLOADER $SRC -o libload.so
// run: $CC -O1 -nostdlib -fPIE -pie $SRC -o prog -L. -lload -Wl,-rpath,'$ORIGIN' -Wl,--no-dynamic-linker
// calls: exit
// unresolved: dlopen
#include "calls.h"
void* dlopen(const char* name, int flags);
#if defined LOADER
void* dlopen(const char* name, int flags) { return (void*)(name + flags); }
#else
__asm__(".globl _start\n_start: mov 16(%rsp), %rdi\n call dlopen@PLT\n jmp end\n");
__attribute__((used, visibility("hidden"))) void end(void) { leave(); }
#endif
