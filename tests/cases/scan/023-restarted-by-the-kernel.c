// After a signal the kernel goes on with a sleep by a call of its own; a handler ends by another.
// run: $CC -O2 -nostdlib -static $SRC -o prog
// calls: exit nanosleep restart_syscall rt_sigaction rt_sigreturn
#include "calls.h"
void _start(void) {
  ASM_CALL(SYS_rt_sigaction);
  ASM_CALL(SYS_nanosleep);
  leave();
}
