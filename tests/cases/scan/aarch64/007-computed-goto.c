// Labels whose addresses, and whose distances from one another, stand in data.
// run: $CC -nostdlib -static $SRC -o prog
// run: $CC -nostdlib -static-pie -fPIE $SRC -o prog2
// calls: exit getegid geteuid getpid getppid
#include "calls.h"
static KEEP void a(void) { make_call(SYS_getpid); }
static KEEP void b(void) { make_call(SYS_getppid); }
volatile int which;
KEEP void by_address(void) {
  static void* const labels[] = {&&first, &&second, &&last};
  goto* labels[which];
first:
  a();
  goto* labels[which];
second:
  b();
  goto* labels[which];
last:
  make_call(SYS_geteuid);
}
KEEP void by_distance(void) {
  static const int distances[] = {&&first - &&base, &&second - &&base, &&last - &&base};
base:
  goto*(&&base + distances[which]);
first:
  a();
  goto*(&&base + distances[which]);
second:
  b();
  goto*(&&base + distances[which]);
last:
  make_call(SYS_getegid);
}
void _start(void) {
  by_address();
  by_distance();
  leave();
}
