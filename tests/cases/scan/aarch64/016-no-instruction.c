// Control runs into a word that is no instruction.
// run: $CC -nostdlib -static $SRC -o prog
// calls: exit getpid
// unresolved: undecodable
#include "calls.h"
static KEEP void a(void) {
  make_call(SYS_getpid);
  __asm__ volatile(".inst 0x02000000");
}
void _start(void) {
  a();
  leave();
}
