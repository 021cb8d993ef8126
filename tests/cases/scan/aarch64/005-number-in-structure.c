// The number travels in a structure: to a callee, and through a global pointer to a handler (as setxid does).
// run: $CC -O2 -nostdlib -static $SRC -o prog
// run: $CC -Os -nostdlib -static-pie -fPIE $SRC -o prog2
// calls: exit getppid setgid setuid
#include "calls.h"
struct command {
  int nr;
  long argument;
};
static struct command* shared;
static KEEP void handler(void) { make_call(shared->nr); }
static KEEP void all_threads(struct command* command) {
  shared = command;
  handler();
  make_call(command->nr);
}
KEEP void one(long id) {
  struct command command = {SYS_setuid, id};
  all_threads(&command);
}
KEEP void other(long id) {
  struct command command = {SYS_setgid, id};
  all_threads(&command);
}
void _start(void) {
  one(1);
  other(2);
  make_call(SYS_getppid);
  leave();
}
