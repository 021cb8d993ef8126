// The rest of a program's life: what only comes before the point is left out, whatever may still run is not. Programs
// with the C library of this machine, dynamic, static and static-PIE, with symbols and without.
// SPDX-License-Identifier: Apache-2.0
#include "scan/after.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "arch/calls.h"
#include "scan/files.h"
#include "scan/scan.h"

namespace callgate::scan {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

// Each call of CALL stands for a place in the program's life; the C library makes none of them by itself.
constexpr const char* kHead = R"(
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#define CALL(nr) __asm__ volatile("syscall" : : "a"((long)(nr)) : "rcx", "r11", "memory")
#define KEEP __attribute__((noinline, noclone, used))
)";
constexpr std::array<const char*, 14> kMarks{"getpgrp", "getsid",      "sync",          "setfsuid",  "acct",
                                             "getppid", "setfsgid",    "ioperm",        "setgroups", "swapoff",
                                             "vhangup", "sethostname", "setdomainname", "iopl"};

struct Program {
  const char* name;
  const char* source;
  Names main, listen;     // the marks that remain, sorted
  const char* note = "";  // a word of what is said of listen
  std::vector<Assumption> assume = {};
};

const std::vector<Program>& programs() {
  static const std::vector<Program> all{
      {"in_turn",
       R"(__attribute__((constructor)) static void begin(void) { CALL(SYS_getpgrp); syscall(SYS_getsid, 0); }
__attribute__((destructor)) static void end(void) { CALL(SYS_vhangup); }
KEEP static void before(void) { CALL(SYS_sync); syscall(SYS_setfsuid, -1); }
KEEP static void loop(void) { CALL(SYS_getppid); syscall(SYS_setfsgid, -1); }
KEEP static void handler(int s) { CALL(SYS_setgroups); }
KEEP static void* thread(void* p) { CALL(SYS_ioperm); return p; }
KEEP static void at_end(void) { CALL(SYS_swapoff); }
KEEP static int start(int fd) { CALL(SYS_sethostname); int r = listen(fd, 1); CALL(SYS_setdomainname); return r; }
int main(int argc, char** argv) {
  pthread_t t;
  before();
  signal(SIGUSR1, handler), atexit(at_end), pthread_create(&t, 0, thread, 0);
  CALL(SYS_acct);
  start(argc);
  for (int i = 0; i < argc; i++) loop();
  return 0;
})",
       {"acct", "getppid", "ioperm", "setdomainname", "setfsgid", "setfsuid", "setgroups", "sethostname", "swapoff",
        "sync", "vhangup"},
       {"getppid", "ioperm", "setdomainname", "setfsgid", "setgroups", "swapoff", "vhangup"}},
      // Around the call there is a loop: what comes before it comes again.
      {"around",
       R"(int main(int argc, char** argv) {
  CALL(SYS_acct);
  for (int i = 0; i < argc; i++) { CALL(SYS_getppid); if (i & 1) CALL(SYS_sync); listen(i, 1); }
  CALL(SYS_vhangup);
  return 0;
})",
       {"acct", "getppid", "sync", "vhangup"},
       {"getppid", "sync", "vhangup"}},
      // A long jump comes back to a place that lies before the call.
      {"long_jump",
       R"(static jmp_buf there;
KEEP static void again(void) { longjmp(there, 1); }
int main(int argc, char** argv) {
  CALL(SYS_acct);
  if (setjmp(there)) { CALL(SYS_sync); return 0; }
  CALL(SYS_getppid);
  listen(argc, 1);
  again();
})",
       {"acct", "getppid", "sync"},
       {"getppid", "sync"}},
      // The same, by labels.
      {"labels",
       R"(int main(int argc, char** argv) {
  static void* const way[] = {&&first, &&second, &&third};
  CALL(SYS_acct);
  goto *way[argc % 3];
first: CALL(SYS_sync);
second: CALL(SYS_getppid);
third: listen(argc, 1);
  if (argc > 3) goto *way[--argc % 3];
  return 0;
})",
       {"acct", "getppid", "sync"},
       {"getppid", "sync"}},
      // A thread may come there, or a handler, wherever main is then.
      {"by_pointer",
       R"(KEEP static void* thread(void* p) { CALL(SYS_ioperm); listen(3, 1); return p; }
int main(int argc, char** argv) {
  pthread_t t;
  pthread_create(&t, 0, thread, 0);
  CALL(SYS_acct);
  return 0;
})",
       {"acct", "ioperm"},
       {"acct", "ioperm"},
       "only through pointers"},
      {"both_ways",
       R"(KEEP static int start(int fd) { return listen(fd, 1); }
KEEP static void handler(int s) { start(s); }
int main(int argc, char** argv) {
  signal(SIGUSR1, handler);
  CALL(SYS_acct);
  start(argc);
  CALL(SYS_sync);
  return 0;
})",
       {"acct", "sync"},
       {"acct", "sync"},
       "through a pointer"},
      {"both_ways_assumed",
       R"(KEEP static int start(int fd) { return listen(fd, 1); }
KEEP static void handler(int s) { start(s); }
int main(int argc, char** argv) {
  signal(SIGUSR1, handler);
  CALL(SYS_acct);
  start(argc);
  CALL(SYS_sync);
  return 0;
})",
       {"acct", "sync"},
       {"sync"},
       "",
       {Assumption::direct_point}},
      // An initialiser comes there: main lies behind it.
      {"before_main",
       R"(__attribute__((constructor)) static void begin(void) { CALL(SYS_getpgrp); listen(3, 1); }
int main(int argc, char** argv) { CALL(SYS_acct); return 0; })",
       {"acct"},
       {"acct", "getpgrp"},
       "may come there before main"},
      // Numbers that have been put aside before are used after it.
      {"number_kept",
       R"(static long number;
KEEP static void set(long n) { number = n; }
KEEP static void use(void) { syscall(number, 0); }
KEEP static void waits(long n) { listen(3, 1); syscall(n, 0); }
int main(int argc, char** argv) { set(SYS_sync); if (argc > 1) use(); waits(SYS_acct); use(); return 0; })",
       {"acct", "sync"},
       {"acct", "sync"}},
      // The function is called again: then all of it runs.
      {"called_again",
       R"(KEEP static int start(int fd) { CALL(SYS_sync); int r = listen(fd, 1); CALL(SYS_acct); return r; }
int main(int argc, char** argv) { CALL(SYS_getppid); start(3); return start(4); })",
       {"acct", "getppid", "sync"},
       {"acct", "sync"}},
  };
  return all;
}

struct Way {
  const char* name;
  const char* options;
};
constexpr std::array<Way, 4> kWays{
    {{"dynamic", ""}, {"static_", "-static"}, {"static_pie", "-static-pie"}, {"stripped", "-static -s"}}};

class ScanAfter : public testing::TestWithParam<std::tuple<std::size_t, std::size_t>> {};

Names marks_of(const Answer& answer) {
  Names out;
  for (const Call& call : answer.calls) {
    const std::string name(arch::name_of(arch::Arch::x86_64, call.nr));
    if (std::find(kMarks.begin(), kMarks.end(), name) != kMarks.end()) out.push_back(name);
    EXPECT_GE(call.chain.size(), 2U);
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST_P(ScanAfter, OnlyWhatMayRunThen) {
  const Program& program = programs()[std::get<0>(GetParam())];
  const Way& way = kWays[std::get<1>(GetParam())];
  char name[] = "/tmp/callgate-scan.XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  const fs::path folder = name;
  std::ofstream(folder / "s.c") << kHead << program.source;
  const std::string line =
      std::string(CALLGATE_CC " -w -O1 -pthread -o ") + name + "/program " + name + "/s.c " + way.options + " 2>&1";
  // NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): runs the compiler
  const int compiled = std::system(line.c_str());
  Library library(reader("/"));
  Options options;
  options.assume = program.assume;
  std::vector<Answer> answers;
  for (const Point point : {Point::start, Point::main, Point::listen}) {
    options.after = point;
    auto answer = scan(library, folder / "program", options);
    if (answer) answers.push_back(std::move(*answer));
  }
  fs::remove_all(folder);
  ASSERT_EQ(compiled, 0);
  ASSERT_EQ(answers.size(), 3U);
  const auto &life = answers[0], &main = answers[1], &listen = answers[2];
  EXPECT_EQ(marks_of(main), program.main);
  EXPECT_EQ(marks_of(listen), program.listen);
  EXPECT_FALSE(main.whole_life);
  EXPECT_EQ(main.after_note, "");
  EXPECT_NE(listen.after_note.find(program.note), std::string::npos) << listen.after_note;
  EXPECT_EQ(listen.after_note.empty(), std::string(program.note).empty()) << listen.after_note;
  // Never a call that the whole life does not have.
  for (const Answer* const part : {&main, &listen}) {
    EXPECT_LE(part->calls.size(), life.calls.size());
    for (const Call& call : part->calls)
      EXPECT_TRUE(std::any_of(life.calls.begin(), life.calls.end(), [&](const Call& c) { return c.nr == call.nr; }))
          << call.nr;
  }
  const bool assumed =
      std::find(listen.assumed.begin(), listen.assumed.end(), Assumption::direct_point) != listen.assumed.end();
  EXPECT_EQ(assumed, !program.assume.empty());
}

INSTANTIATE_TEST_SUITE_P(Programs, ScanAfter,
                         testing::Combine(testing::Range(std::size_t{0}, programs().size()),
                                          testing::Range(std::size_t{0}, kWays.size())),
                         [](const auto& which) {
                           return std::string(programs()[std::get<0>(which.param)].name) + "_" +
                                  kWays[std::get<1>(which.param)].name;
                         });

TEST(ScanPoint, APointThatCannotBeToldIsNone) {
  Library library(reader("/"));
  Options options;
  const auto life = scan(library, "/lib64/ld-linux-x86-64.so.2", options);
  options.after = Point::main;
  const auto answer = scan(library, "/lib64/ld-linux-x86-64.so.2", options);
  ASSERT_TRUE(life.has_value() && answer.has_value());
  EXPECT_TRUE(answer->whole_life);
  EXPECT_EQ(answer->calls.size(), life->calls.size());
  EXPECT_TRUE(answer->after_note.starts_with("where ")) << answer->after_note;
}

TEST(ScanPoint, PointsHaveNames) {
  for (const Point p : {Point::start, Point::main, Point::listen}) EXPECT_EQ(find_point(name(p)), p);
  EXPECT_FALSE(find_point("accept"));
}

}  // namespace
}  // namespace callgate::scan
