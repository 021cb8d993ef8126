// Functions that are called through pointers: in data, formed by code, by a jump. One that nothing names is not reached.
// run: $CC -nostdlib -static $SRC -o prog
// run: $CC -nostdlib -static-pie -fPIE $SRC -o prog2
// calls: exit getegid getgid getpid getppid
#include "calls.h"
static KEEP void in_data(void) { make_call(SYS_getpid); }
static KEEP void formed(void) { make_call(SYS_getppid); }
static KEEP void jumped(void) { make_call(SYS_getgid); }
KEEP void taken(void) { make_call(SYS_getegid); }
static KEEP void unused(void) { make_call(SYS_times); }
void (*table[2])(void) = {in_data, 0};
void (*volatile other)(void);
static KEEP void jump(void (*f)(void)) { f(); }
void _start(void) {
  table[0]();
  other = formed;
  other();
  jump(jumped);
  jump(taken);
  leave();
}
