// int 0x80 makes calls by the numbers of 32-bit programs.
// run: $CC -O2 -nostdlib -static $SRC -o prog
// calls: exit
// unresolved: other-entry
#include "calls.h"
void _start(void) {
  __asm__ volatile("int $0x80" : : "a"(20) : "memory");
  leave();
}
