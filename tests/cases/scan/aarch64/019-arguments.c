// Arguments that say what a call does.
// run: $CC -nostdlib -static $SRC -o prog
// calls: exit fcntl ioctl mmap
// arguments: fcntl.1=3,4 ioctl.1=21505,21523 mmap.2=1,3 mmap.3=34
#include "calls.h"
static KEEP long map(long protection) {
  register long nr __asm__("x8") = SYS_mmap;
  register long x0 __asm__("x0") = 0;
  register long x1 __asm__("x1") = 4096;
  register long x2 __asm__("x2") = protection;
  register long x3 __asm__("x3") = 0x22;
  register long x4 __asm__("x4") = -1;
  register long x5 __asm__("x5") = 0;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(nr), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
static KEEP long control(long request) {
  register long nr __asm__("x8") = SYS_ioctl;
  register long x0 __asm__("x0") = 1;
  register long x1 __asm__("x1") = request;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(nr), "r"(x1) : "memory");
  return x0;
}
static KEEP long file(long command) {
  register long nr __asm__("x8") = SYS_fcntl;
  register long x0 __asm__("x0") = 1;
  register long x1 __asm__("x1") = command;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(nr), "r"(x1) : "memory");
  return x0;
}
void _start(void) {
  map(1);
  map(3);
  control(0x5401);
  control(0x5413);
  file(3);
  file(4);
  leave();
}
