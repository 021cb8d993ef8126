// Programs without a C library for aarch64: what they can do is what stands in them, so a case states all of it. Each
// is compiled several times, with the options that the test adds to $CC.
#include <sys/syscall.h>

#define KEEP __attribute__((noinline, noclone, used))

static inline __attribute__((always_inline)) long make_call(long number) {
  register long nr __asm__("x8") = number;
  register long out __asm__("x0");
  __asm__ volatile("svc 0" : "=r"(out) : "r"(nr) : "memory");
  return out;
}

static inline __attribute__((always_inline)) void leave(void) {
  make_call(SYS_exit);
  __builtin_trap();
}
