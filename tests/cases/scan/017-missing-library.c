// What a library that is not there would do is not known.
// run: $CC -shared -fPIC -O1 -nostdlib -DLIBRARY $SRC -o libgone.so
// run: $CC -O1 -nostdlib -fPIE -pie $SRC -o prog -L. -lgone -Wl,-rpath,'$ORIGIN' -Wl,--no-dynamic-linker
// run: rm libgone.so
// calls: exit
// unresolved: missing-library
#include "calls.h"
void act(void);
#ifdef LIBRARY
void act(void) { ASM_CALL(SYS_getpid); }
#else
void _start(void) {
  act();
  leave();
}
#endif
