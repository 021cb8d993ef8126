# Object files.
#
# packages: binutils gcc mold elfutils patchelf chrpath pax-utils
# SPDX-License-Identifier: Apache-2.0

## 1
printf '#include <stdio.h>\n#include <math.h>\nint twice(int x) { return 2 * x; }\nint main(void) { printf("%%f\\n", sqrt(twice(2))); }\n' >m.c
gcc -g -O1 -c m.c -o m.o
gcc -g m.o -o m -lm
gcc -g -pg m.c -o prof -lm
./prof
gcc -shared -fPIC -g -O2 m.c -o libm2.so
gcc -static m.c -o st -lm
as -al=list -g -o a.o <(printf '.globl f\nf: mov $1, %%eax\n ret\n.data\nx: .quad f\n')
as --64 --statistics -o b.o /dev/null
gcc -S -o - m.c | as -o s.o -
ld -r -o r.o m.o a.o
ld.bfd -o exe m.o -e main --unresolved-symbols=ignore-all -Map=map --gc-sections --print-memory-usage
ld.gold -r -o g.o m.o a.o
gcc -fuse-ld=gold -Wl,--threads m.c -o gold -lm
gcc -fuse-ld=mold m.c -o molded -lm
mold --relocatable -o mr.o m.o
mold --version
ld --verbose | head -n 3
gcc -flto m.c -o lto -lm
nm -D libm2.so
nm -anSl m
nm --size-sort -C st | tail -n 1
objdump -dSlr m >/dev/null
objdump -x -s libm2.so >/dev/null
objdump -W m >/dev/null
objdump --dwarf=info -g m.o >/dev/null
readelf -aW libm2.so >/dev/null
readelf -wi m >/dev/null
readelf -p .comment m
size -A m
size -B -t m.o a.o
strings -a -t x m | tail -n 1
strings -n 8 -el m
objcopy --only-keep-debug m m.dbg
objcopy --strip-debug --add-gnu-debuglink=m.dbg m m.s
objcopy -O binary -j .text m text.bin
objcopy -I binary -O elf64-x86-64 -B i386 a.txt at.o
objcopy --compress-debug-sections m mz
objcopy -O srec m m.srec
strip -s -o m.st m
strip --strip-unneeded libm2.so -o u.so
addr2line -e m -f -i -p 0x1139 0x1150
elfedit --output-osabi=none m.o
c++filt _ZN1aC1Ev
echo _Z3fooi | c++filt

## 2
ar crsT thin.a m.o
ar crs lib.a m.o a.o
ar tvO lib.a
ranlib -D lib.a
nm -s lib.a
ar mb m.o lib.a a.o
gprof -b prof gmon.out >/dev/null
gprof -A prof gmon.out >/dev/null || true
dwp --version
gcc -gsplit-dwarf -c m.c -o sp.o
dwp -o sp.dwp sp.dwo
gp-display-text --version >/dev/null
gprofng collect app -o e.er ./m >/dev/null || true
gprofng display text -functions e.er >/dev/null || true
gp-archive e.er || true
gp-display-src m.o >/dev/null || true
eu-readelf -a m >/dev/null
eu-nm m >/dev/null
eu-size m
eu-strip -f m.dbg2 -o m.eu m
eu-unstrip -n -e m
eu-unstrip m.eu m.dbg2 -o m.un
eu-objdump -d m.o
eu-elfcmp m m
eu-elflint --gnu-ld m || true
eu-findtextrel libm2.so || true
eu-ranlib lib.a
eu-ar t lib.a
eu-strings m | tail -n 1
eu-addr2line -e m 0x1139
eu-elfclassify --elf m
eu-elfcompress -o mc m
eu-make-debug-archive --help >/dev/null
eu-stack -p $$ >/dev/null || true
eu-srcfiles -e m 2>/dev/null || true

## 3
patchelf --print-needed m
cp m pe
patchelf --set-rpath /tmp --set-interpreter /lib64/ld-linux-x86-64.so.2 pe
patchelf --add-needed libc.so.6 pe
patchelf --remove-rpath pe
./pe
gcc -Wl,-rpath,/usr/lib m.c -o rp -lm
chrpath -l rp
chrpath -r /lib rp
chrpath -d rp
scanelf -a m libm2.so
scanelf -qR tree
dumpelf m >/dev/null
pspax -p $$ >/dev/null || true
ldd m
symtree m >/dev/null 2>&1 || true
scanmacho -a tree || true
