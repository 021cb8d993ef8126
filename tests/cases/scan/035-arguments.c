// Values of arguments: complete sets, through a wrapper too; none where one of them comes from memory.
// run: $CC -O2 -nostdlib -static-pie -fPIE -fasynchronous-unwind-tables $SRC -o prog
// calls: exit ioctl madvise prctl
// arguments: ioctl.1=21505,21523 madvise.2=0,4 prctl.0=4,15
#include "calls.h"
static KEEP int my_ioctl(int fd, unsigned request) {
  long out;
  __asm__ volatile("syscall" : "=a"(out) : "a"((long)SYS_ioctl), "D"((long)fd), "S"((long)request), "d"(0L) : "rcx", "r11", "memory");
  return (int)out;
}
static KEEP int my_prctl(int option) {
  long out;
  __asm__ volatile("syscall" : "=a"(out) : "a"((long)SYS_prctl), "D"((long)option) : "rcx", "r11", "memory");
  return (int)out;
}
static KEEP int my_madvise(int advice) {
  long out;
  __asm__ volatile("syscall" : "=a"(out) : "a"((long)SYS_madvise), "D"(0L), "S"(0L), "d"((long)advice) : "rcx", "r11", "memory");
  return (int)out;
}
volatile int cell;
void _start(void) {
  my_ioctl(0, 21505);
  my_ioctl(1, 21523);
  my_prctl(cell ? 4 : 15);
  my_madvise(4);
  my_madvise(cell);
  leave();
}
