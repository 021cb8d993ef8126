// After a signal the kernel goes on with a call by one that the program does not make itself.
// run: $CC -nostdlib -static $SRC -o prog
// calls: exit nanosleep restart_syscall rt_sigaction rt_sigreturn
#include "calls.h"
void _start(void) {
  make_call(SYS_rt_sigaction);
  make_call(SYS_nanosleep);
  leave();
}
