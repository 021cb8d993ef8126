# Aarch64, compiled and emulated.
#
# packages: g++-aarch64-linux-gnu qemu-user-static binutils-aarch64-linux-gnu
# SPDX-License-Identifier: Apache-2.0

## 1
t=aarch64-linux-gnu
printf '#include <stdio.h>\n#include <unistd.h>\n#include <sys/wait.h>\nint main(void) { if (fork() == 0) { puts("a"); return 3; } int s; wait(&s); FILE *f = fopen("a.txt", "r"); char b[9]; fread(b, 1, 9, f); return WEXITSTATUS(s) != 3; }\n' >p.c
$t-gcc -O2 -g -static p.c -o p
$t-gcc -g p.c -o d -save-temps
qemu-aarch64-static p
qemu-aarch64-static -strace p 2>/dev/null
qemu-aarch64-static -L /usr/$t d
qemu-aarch64-static -d in_asm -D log p
$t-g++ -x c++ -c - -o c.o <<<'int f() { throw 1; }'
$t-cpp p.c | tail -n 1
$t-gcc -c -g p.c -o p.o
$t-nm p
$t-objdump -dS p.o >/dev/null
$t-readelf -aW d >/dev/null
$t-size p d
$t-strings p | head -n 1
$t-strip -o s p
$t-objcopy -O binary p bin
$t-addr2line -e p 0x4005e0
$t-ar crs l.a p.o
$t-ranlib l.a
$t-c++filt _Z1fv
$t-elfedit --output-osabi=none p.o
$t-as -o a.o <<<'ret'
$t-ld -r -o r.o p.o a.o
$t-ld.gold -r -o g.o p.o
$t-dwp --version
$t-gprof --version
$t-gcc --coverage -c p.c -o v.o
$t-gcov-dump p.gcno || true
$t-gcov --version
$t-gcov-tool --version
$t-gcc -flto -c p.c -o lto.o
$t-gcc-ar crs lto.a lto.o
$t-gcc-nm lto.o
$t-gcc-ranlib lto.a
$t-gcc -flto lto.o -o lto
$t-lto-dump-12 -list lto.o
printf '.globl _start\n_start: mov $60, %%eax\n xor %%edi, %%edi\n syscall\n' >x.s
gcc -nostdlib -static x.s -o x
qemu-x86_64-static x
qemu-x86_64-static /bin/ls -l
qemu-x86_64-static /bin/sh -c 'echo a | cat; sleep 0.1'
qemu-x86_64-static /usr/bin/sort -u big.txt >/dev/null
qemu-x86_64-static /usr/bin/python3 -c 'import threading; t = threading.Thread(target=print); t.start(); t.join()'
