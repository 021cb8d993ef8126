// An initialiser that others may interpose: its slot in the array is filled by a symbol, not by a base address.
// run: $CC -shared -fPIC -O1 -nostdlib -DLIBRARY $SRC -o libinit.so
// run: $CC -O1 -nostdlib -fPIE -pie $SRC -o prog -L. -linit -Wl,-rpath,'$ORIGIN' -Wl,--no-dynamic-linker -Wl,--no-as-needed
// calls: exit umask
#include "calls.h"
#ifdef LIBRARY
__attribute__((constructor)) void begin(void) { ASM_CALL(SYS_umask); }
#else
void begin(void);
void* needed(void) { return (void*)begin; }
void _start(void) { leave(); }
#endif
