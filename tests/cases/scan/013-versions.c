// Two versions of one function: the program was linked with the first when it was the default.
// run: printf 'V1 { global: act; };\n' > v1; printf 'V1 { global: act; };\nV2 { global: act; } V1;\n' > v2
// run: $CC -shared -fPIC -O1 -nostdlib -DOLD $SRC -o libact.so -Wl,--version-script=v1 -Wl,-soname,libact.so
// run: $CC -O1 -nostdlib -fPIE -pie $SRC -o prog -L. -lact -Wl,-rpath,'$ORIGIN' -Wl,--no-dynamic-linker
// run: $CC -shared -fPIC -O1 -nostdlib -DNEW $SRC -o libact.so -Wl,--version-script=v2 -Wl,-soname,libact.so
// calls: exit getpid
#include "calls.h"
#if defined OLD
void act(void) { ASM_CALL(SYS_getpid); }
#elif defined NEW
__asm__(".symver act_1, act@V1\n.symver act_2, act@@V2\n");
void act_1(void) { ASM_CALL(SYS_getpid); }
void act_2(void) { ASM_CALL(SYS_getppid); }
#else
void act(void);
void _start(void) {
  act();
  leave();
}
#endif
