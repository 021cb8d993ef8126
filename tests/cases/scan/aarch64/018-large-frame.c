// The stack moves by more than an instruction holds, and by a pair of them.
// run: $CC -nostdlib -static $SRC -o prog
// calls: exit getpid getppid
#include "calls.h"
static KEEP void use(volatile int* numbers) { make_call(numbers[0]); }
KEEP void large(void) {
  volatile int numbers[40000];
  numbers[0] = SYS_getpid;
  use(numbers);
}
KEEP void larger(void) {
  volatile int numbers[2000];
  numbers[0] = SYS_getppid;
  use(numbers);
}
void _start(void) {
  large();
  larger();
  leave();
}
