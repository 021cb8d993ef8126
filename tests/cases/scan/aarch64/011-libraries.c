// Through a library's table of procedures, by an address that the loader fills in, and by an IFUNC.
// run: $CC -shared -fPIC -nostdlib -DLIBRARY $SRC -o libcalls.so
// run: $CC -nostdlib -fPIE -pie $SRC -o prog -L. -lcalls -Wl,-rpath,'$ORIGIN' -Wl,--no-dynamic-linker -Wl,-z,lazy
// run: $CC -nostdlib -fPIE -pie -fno-plt $SRC -o prog2 -L. -lcalls -Wl,-rpath,'$ORIGIN' -Wl,--no-dynamic-linker -Wl,-z,now
// calls: exit getegid getpid getppid
#include "calls.h"
void entry(void);
void pointed(void);
void chosen(void);
#ifdef LIBRARY
void inner(void) { make_call(SYS_getpid); }
void entry(void) { inner(); }
void pointed(void) { make_call(SYS_getppid); }
static void best(void) { make_call(SYS_getegid); }
static void (*resolve(void))(void) { return best; }
void chosen(void) __attribute__((ifunc("resolve")));
void unused(void) { make_call(SYS_times); }
#else
void (*volatile pointer)(void);
void _start(void) {
  entry();
  pointer = pointed;
  pointer();
  chosen();
  leave();
}
#endif
