// Pointers in data that reached code comes to by way of other data: an object in an object, a symbol, a copy.
// run: $CC -shared -fPIC -O1 -nostdlib -DLIBRARY $SRC -o libdeep.so
// run: $CC -O1 -nostdlib -fPIE -pie $SRC -o prog -L. -ldeep -Wl,-rpath,'$ORIGIN' -Wl,--no-dynamic-linker
// calls: exit getpid getppid getuid
#include "calls.h"
struct inner {
  int n;
  void (*call)(void);
};
struct outer {
  const struct inner* inner;
};
extern const struct outer deep;
extern struct inner plain;
#ifdef LIBRARY
static KEEP void a(void) { ASM_CALL(SYS_getpid); }
static KEEP void b(void) { ASM_CALL(SYS_getppid); }
static KEEP void c(void) { ASM_CALL(SYS_getuid); }
static const struct inner hidden[2] = {{1, a}, {2, c}};
const struct outer deep = {hidden};
struct inner plain = {3, b};
#else
volatile int which;
void _start(void) {
  deep.inner[which].call();
  plain.call();
  leave();
}
#endif
