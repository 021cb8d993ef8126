// The program's definition wins over the library's, also for calls inside of the library.
// run: $CC -shared -fPIC -O1 -nostdlib -DLIBRARY $SRC -o libshadow.so
// run: $CC -O1 -nostdlib -fPIE -pie $SRC -o prog -L. -lshadow -Wl,-rpath,'$ORIGIN' -Wl,--no-dynamic-linker -Wl,--export-dynamic
// calls: exit getpid
#include "calls.h"
void entry(void);
#ifdef LIBRARY
void shadowed(void) { ASM_CALL(SYS_getppid); }
void entry(void) { shadowed(); }
#else
void shadowed(void) { ASM_CALL(SYS_getpid); }
void _start(void) {
  entry();
  leave();
}
#endif
