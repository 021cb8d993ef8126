# Compilers and build tools.
#
# packages: gcc g++ gfortran cpp tcc bison flex byacc re2c gperf indent m4 make cmake ninja-build ccache cppcheck
#   cscope universal-ctags nasm yasm fpc gnucobol3 protobuf-compiler gettext splint sparse astyle bcc pkgconf
#   clang-format-19 global cflow cproto cutils complexity bear ragel lemon unifdef txt2man
# SPDX-License-Identifier: Apache-2.0

## 1
printf '#include <stdio.h>\n#include <string.h>\nint f(const char *s) { return (int)strlen(s); }\nint main(int c, char **v) { for (int i = 0; i < 3; ++i) printf("%%d %%s\\n", f(v[0]) + c, "x"); return 0; }\n' >p.c
gcc -O2 -Wall -pipe -save-temps p.c -o p
./p
gcc --coverage p.c -o cov
./cov
gcov cov-p.gcda
gcov -b -j cov-p.gcda
gcov-dump -l cov-p.gcno
mkdir cd
(
  cd cd
  ../cov
)
gcov-tool merge . . -o merged || true
gcc -flto -O2 -c p.c -o l.o
gcc-ar crs l.a l.o
gcc-nm l.o
gcc-ranlib l.a
gcc -flto=2 l.o -o lto
lto-dump-12 -list l.o
cpp -dM p.c | wc -l
cpp -M p.c
gcc -fsyntax-only -x c - <<<'int x' || true
gcc -E p.c | gcc -x cpp-output -S -o - - >p.s
gcc -print-prog-name=cc1
gcc -fprofile-generate p.c -o pg
./pg
gcc -fanalyzer -c p.c
gcc -fsanitize=address,undefined -g p.c -o asan
./asan
gcc -fsanitize=thread p.c -o tsan
./tsan
printf '#include <iostream>\n#include <thread>\n#include <vector>\nint main() { std::vector<int> v(5, 1); std::thread t([&] { try { throw v.size(); } catch (std::size_t n) { std::cout << n; } }); t.join(); }\n' >q.cpp
g++ -std=c++20 -O1 q.cpp -o q -pthread
./q
g++ -x c++-header -o h.gch - <<<'int y;'
g++ -fmodules-ts -std=c++20 -c q.cpp -o qm.o || true
printf 'program a\n real :: x(100)\n call random_number(x)\n open(9, file="f.out")\n write(9, *) sum(x)\n close(9)\n print *, "ok"\nend program\n' >a.f90
gfortran -fopenmp a.f90 -o af
./af
gfortran -J . -c a.f90

## 2
mkdir ada
cd ada
printf 'with Ada.Text_IO; procedure Hi is\n task type T; task body T is begin delay 0.01; end T; X : T;\nbegin Ada.Text_IO.Put_Line ("hi"); end Hi;\n' >hi.adb
gnatmake -q hi.adb
./hi
gnatls hi.ali
gnatclean hi
cat hi.adb >all.ada
gnatchop -w all.ada
gnatkr ada-text_io.ads
printf 'a $X\n' >g.in
gnatprep -DX=1 g.in g.out
gnat xref hi.adb 2>/dev/null || true
gnatname -P def '*.adb' 2>/dev/null || true
gnatmake -c hi.adb
gnatbind hi.ali
gnatlink hi.ali
gnat ls hi.ali
cd ..
printf 'program a;\nuses sysutils;\nvar f: text; begin assign(f, %so%s); rewrite(f); writeln(f, FormatDateTime(%sYYYY%s, Now)); close(f); writeln(%shi%s); end.\n' "'" "'" "'" "'" "'" "'" >a.pas
fpc -v0 a.pas
./a
ptop a.pas b.pas
ppudump-3.2.2 /usr/lib/x86_64-linux-gnu/fpc/3.2.2/units/x86_64-linux/rtl/strings.ppu >/dev/null
h2pas -o h.pas <(echo 'int f(int);') || true
fpcmake -h || true
ppdep a.pas
delp -e .
fpcsubst -i a.txt -o sub || true
printf '%%%%\n[0-9]+ writeln(yytext);\n%%%%\nbegin end.\n' >l.l
plex l.l || true
bin2obj -c X -o b2 a.txt
data2inc a.txt d.inc C || true
unitdiff a.pas b.pas || true
rstconv -i nothing || true
relpath . tree || true
ppufiles /usr/lib/x86_64-linux-gnu/fpc/3.2.2/units/x86_64-linux/rtl/strings.ppu
fpclasschart 2>/dev/null || true
rmcvsdir . || true
json2pas-3.2.2 -h 2>/dev/null || true
fpcres-3.2.2 -V || true
makeskel --help || true
chmls-3.2.2 2>/dev/null || true
printf '       IDENTIFICATION DIVISION.\n       PROGRAM-ID. HI.\n       PROCEDURE DIVISION.\n           DISPLAY "HI".\n           STOP RUN.\n' >hi.cob
cobc -x hi.cob -o hicob && ./hicob
cobc -m hi.cob && cobcrun HI
cobc --info >/dev/null

## 3
tcc -o tp p.c
./tp
tcc -run p.c
tcc -c p.c -o tp.o
tcc -E p.c | tail -n 1
echo '.text' | tcc -c -x a - -o ta.o || true
printf '%%token N\n%%%%\ns: s N | ;\n%%%%\nint yylex(void) { return 0; } int yyerror(const char *s) { return !s; } int main(void) { return yyparse(); }\n' >g.y
bison -d -v -g g.y
bison --report=all --xml g.y
byacc -b by -d g.y
gcc g.tab.c -o gp
./gp
printf '%%%%\n[a-z]+ ECHO;\n%%%%\nint yywrap(void) { return 1; } int main(void) { yylex(); }\n' >f.l
flex f.l
gcc lex.yy.c -o fl
./fl <a.txt
flex -+ -o f.cc f.l
re2c -o re.c - <<<'/*!re2c re2c:yyfill:enable = 0; "a" { return 1; } * { return 0; } */'
re2c -D --emit-dot -o re.dot <(echo '/*!re2c "a" { return 1; } * { return 0; } */') || true
printf 'a\nbb\nccc\n' | gperf -L ANSI-C >hash.c
lemon -q <(echo 's ::= A.') 2>/dev/null || true
printf 's ::= A.\n' >le.y
lemon -q le.y || true
printf '%%%%{ machine m; main := "a"+; }%%%%\n%%%% write data;\n' >r.rl
ragel -o r.c r.rl
ragel -V -o r.dot r.rl

## 4
indent -kr p.c -o pi.c
astyle <p.c | tail -n 1
clang-format-19 p.c | tail -n 1
cflow p.c
cproto p.c || true
splint p.c || true
sparse p.c || true
cppcheck -q --enable=all -j 2 p.c
cppcheck --dump p.c
cscope -b -q p.c
cscope -d -L -1 main
ctags -x p.c
ctags -R -e .
ctags p.c
readtags -t tags -l | head -n 2
readtags main
optscript -l >/dev/null
gtags
global main
global -x main
htags 2>/dev/null || true
unifdef -DX p.c || true
swig -python -o w.c <(printf '%%module m\nint f(int);\n')
complexity p.c || true
printf 'define(`x'"'"', `y'"'"')x esyscmd(echo a)syscmd(true)include(a.txt)divert(1)z\n' | m4 -P /dev/stdin || true
printf 'define(`x'"'"', `y$1'"'"')x(1)\nesyscmd(`date'"'"')syscmd(`true'"'"')include(`a.txt'"'"')divert(1)mkstemp(`mXXXXXX'"'"')\n' | m4 -F froz
m4 -R froz <<<'x(2)'
bcc -ansi -S p.c 2>/dev/null || true

## 5
printf 'all: p.o q.o; echo $^\n%%.o:; touch $@\nX := $(shell date)\n.PHONY: clean\nclean:; rm -f *.o\ninclude d.mk\nd.mk:; touch $@\n' >Makefile
make -j 2 all
make -n -p >/dev/null
make -s -B -Otarget -j2
make clean
make -q || true
printf 'rule c\n command = gcc -c $in -o $out\n description = C $out\nbuild p.o: c p.c\nbuild all: phony p.o\n' >build.ninja
ninja -v
ninja -t clean
ninja -j 2 -d stats
ninja -t deps
ninja -n
printf 'cmake_minimum_required(VERSION 3.10)\nproject(t C)\nadd_executable(t p.c)\nenable_testing()\nadd_test(NAME x COMMAND t)\ninstall(TARGETS t)\ninclude(CPack)\n' >CMakeLists.txt
cmake -S . -B cb -G Ninja -DCMAKE_C_COMPILER=gcc >/dev/null
cmake --build cb
(
  cd cb
  ctest -j 2
  ctest -T Test --no-compress-output || true
  cpack -G TGZ
)
cmake --install cb --prefix inst
cmake -E tar czf c.tgz p.c
cmake -E sha256sum p.c
cmake -E env X=1 true
cmake -P <(echo 'message(hi)')
CCACHE_DIR=$PWD/cc ccache gcc -c p.c -o p1.o
CCACHE_DIR=$PWD/cc ccache gcc -c p.c -o p1.o
CCACHE_DIR=$PWD/cc ccache -s -v
CCACHE_DIR=$PWD/cc ccache -C
nasm -f elf64 -o n.o -l n.lst <(printf 'section .text\nglobal _start\n_start: mov eax, 60\n xor edi, edi\n syscall\n')
ld n.o -o n
./n
nasm -f bin -o nb /dev/stdin <<<'nop' || true
ndisasm -b 64 n | head -n 1
yasm -f elf64 -o y.o <(printf 'section .text\nnop\n')
ytasm --version || true
vsyasm --version || true
printf 'syntax = "proto3"; message M { int32 a = 1; }' >m.proto
protoc --cpp_out=. --python_out=. m.proto
echo 'a: 1' | protoc --encode=M m.proto | protoc --decode=M m.proto
pkgconf --cflags zlib || true
pkgconf --list-all | head -n 2
