// A pointer in an object that the program has copied: only the library's original is relocated.
// run: $CC -shared -fPIC -O1 -nostdlib -DLIBRARY $SRC -o libops.so
// run: $CC -O1 -fno-pic -no-pie -nostdlib $SRC -o prog -L. -lops -Wl,-rpath,'$ORIGIN' -Wl,--no-dynamic-linker
// calls: exit getpid
#include "calls.h"
struct operations {
  void (*first)(void);
};
#ifdef LIBRARY
static KEEP void marker(void) { ASM_CALL(SYS_getpid); }
struct operations operations = {marker};
#else
extern struct operations operations;
void _start(void) {
  operations.first();
  leave();
}
#endif
