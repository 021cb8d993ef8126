// The program inside the containers. It uses no library and makes no system call of its own accord, so it lives under
// every profile that lets it be executed: without arguments it only runs, to be looked at from outside. With arguments
// (a call number, then up to six arguments, decimal or 0x…) it makes that one call and exits with the error number.
// SPDX-License-Identifier: Apache-2.0
namespace {

long parse(const char* text) {
  unsigned long value = 0, base = 10;
  if (text[0] == '0' && text[1] == 'x') {
    base = 16;
    text += 2;
  }
  for (; *text != '\0'; ++text) {
    const char c = *text;
    value = value * base + static_cast<unsigned long>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return static_cast<long>(value);
}

long call(long nr, const long (&args)[6]) {
  long result;
  register long r10 asm("r10") = args[3];
  register long r8 asm("r8") = args[4];
  register long r9 asm("r9") = args[5];
  asm volatile("syscall"
               : "=a"(result)
               : "a"(nr), "D"(args[0]), "S"(args[1]), "d"(args[2]), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

}  // namespace

// `stack` as the kernel leaves it: argc, then the arguments.
extern "C" [[noreturn]] void contained_main(const long* stack) {
  const long argc = stack[0];
  if (argc > 1) {
    const char* const* argv = reinterpret_cast<const char* const*>(stack + 1);
    long args[6] = {};
    for (long i = 2; i < argc && i < 8; ++i) args[i - 2] = parse(argv[i]);
    const long result = call(parse(argv[1]), args);
    constexpr long kExitGroup = 231;
    call(kExitGroup, {result < 0 ? -result : 0});
  }
  for (;;) __builtin_ia32_pause();
}

asm(R"(
  .globl _start
_start:
  mov %rsp, %rdi
  and $-16, %rsp
  call contained_main
)");
