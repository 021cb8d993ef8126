// Pointers taken from the table of the loader by their distance from its beginning.
// run: $CC -shared -fPIC -O1 -nostdlib -DLIBRARY $SRC -o libfar.so
// run: $CC -O2 -nostdlib -fPIC -pie -mcmodel=large $SRC -o prog -L. -lfar -Wl,-rpath,'$ORIGIN' -Wl,--no-dynamic-linker
// calls: exit getpid
#include "calls.h"
void far(void);
#ifdef LIBRARY
void far(void) { ASM_CALL(SYS_getpid); }
#else
void _start(void) {
  far();
  leave();
}
#endif
