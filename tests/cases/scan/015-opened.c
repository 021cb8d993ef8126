// A library opened by a constant name counts, with its initialiser and what is looked up in it.
// run: $CC -shared -fPIC -O1 -nostdlib -DPLUGIN $SRC -o plugin.so
// run: $CC -shared -fPIC -O1 -nostdlib -DLOADER $SRC -o libload.so
// run: $CC -O1 -nostdlib -fPIE -pie $SRC -o prog -L. -lload -Wl,-rpath,'$ORIGIN' -Wl,--no-dynamic-linker
// calls: exit getpid getppid
#include "calls.h"
void* dlopen(const char* name, int flags);
void* dlsym(void* library, const char* name);
#if defined PLUGIN
__attribute__((constructor)) static void begin(void) { ASM_CALL(SYS_getpid); }
void act(void) { ASM_CALL(SYS_getppid); }
#elif defined LOADER
void* dlopen(const char* name, int flags) { return (void*)(name + flags); }
void* dlsym(void* library, const char* name) { return (char*)library + *name; }
#else
void _start(void) {
  ((void (*)(void))dlsym(dlopen("plugin.so", 2), "act"))();
  leave();
}
#endif
