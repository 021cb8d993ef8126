// Each way of making a call that recorders are known to miss (record_cases.cpp), under each of our four recorders, and
// whether that one must see it. A cell that is `no` is a limit that docs/guide/record.md tells; it is tested, too, so
// that the text stays true.
//
//   every number 0 … 470 of both tables, numbers beyond them, x32           EveryNumber, NumbersThatNoTableHolds
//   the first instruction of a program, 64 and 32 bits, no libc             FirstInstruction
//   fork, vfork, clone, clone3, threads, posix_spawn, thread that executes  kCases, natively and by int $0x80
//   orphan daemon, cgroup that is left, signal's return, restarted call     kCases
//   calls that the program's own filter answers or kills for, of both kinds kCases
//   the vsyscall page, operations of io_uring                               kCases, OperationsOfIoUring
// SPDX-License-Identifier: Apache-2.0
#include <elf.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <unistd.h>
#include <cstdlib>

#include <array>
#include <cstring>
#include <fstream>

#include "raw_calls.h"
#include "recorded.h"
#include "support/i386.h"

namespace callgate::record {

namespace {

constexpr arch::SyscallNr kMark = 140, kMarkI386 = 96;  // getpriority

enum Recorder : std::uint8_t { ebpf, ebpf_denied, by_ptrace, by_ptrace_denied };
constexpr std::array<Wanted, 4> kRecorders{{
    {{false, false}, Method::ebpf},
    {{false, true}, Method::ebpf},
    {{false, false}, Method::ptrace},
    {{false, true}, Method::ptrace},
}};
constexpr std::array<const char*, 4> kNames{"Ebpf", "EbpfDenied", "Ptrace", "PtraceDenied"};

struct Case {
  const char* name;  // the word
  arch::AuditArch audit;
  arch::SyscallNr nr;
  std::array<bool, 4> seen;
};
constexpr bool yes = true, no = false;
constexpr std::array<bool, 4> kAll{yes, yes, yes, yes};
constexpr Case kCases[] = {
    {"mark", kNative, kMark, kAll},
    {"mark-i386", kCompat, kMarkI386, kAll},
    {"fork", kNative, kMark, kAll},
    {"vfork", kNative, kMark, kAll},
    {"clone", kNative, kMark, kAll},
    {"clone3", kNative, kMark, kAll},
    {"thread", kNative, kMark, kAll},
    {"i386-thread", kCompat, kMarkI386, kAll},
    {"thread", kNative, 60 /* exit: a thread ends by it */, kAll},
    {"thread", kNative, 231 /* exit_group */, kAll},
    {"spawn", kNative, kMark, kAll},
    {"thread-executes", kNative, kMark, kAll},
    {"i386-fork", kCompat, kMarkI386, kAll},
    {"i386-vfork", kCompat, kMarkI386, kAll},
    {"i386-clone", kCompat, kMarkI386, kAll},
    {"i386-executes", kCompat, 11 /* execve */, kAll},
    {"i386-executes", kCompat, kMarkI386, kAll},
    {"daemon", kNative, kMark, kAll},
    {"i386-daemon", kCompat, kMarkI386, kAll},
    {"signal", kNative, 15 /* rt_sigreturn */, kAll},
    {"restart", kNative, 219 /* restart_syscall */, kAll},
    // A filter comes before sys_enter, and of two filters the one that says ERRNO or KILL prevails over TRACE.
    {"denied", kNative, kMark, {no, yes, no, yes}},
    {"denied-i386", kCompat, kMarkI386, {no, yes, no, yes}},
    {"killed", kNative, kMark, {no, yes, no, yes}},
    {"killed-i386", kCompat, kMarkI386, {no, yes, no, yes}},
    // Filters see the vsyscall page, system call stops do not; the kernel's own tracepoint does.
    {"vsyscall", kNative, 201 /* time */, {yes, yes, yes, no}},
    // Nobody sees an operation of io_uring as the call it stands for.
    {"uring", kNative, 41 /* socket */, {no, no, no, no}},
    {"uring", kNative, 426 /* io_uring_enter */, kAll},
};

std::string needs(const Wanted& wanted) {
  if (wanted.method == Method::ptrace) return {};
  const auto probe = Ebpf::attach({});
  return probe ? std::string() : probe.error().message;
}

// A cgroup of version 2 that this process made; an empty path where no hierarchy may be written to.
class OtherCgroup {
 public:
  OtherCgroup() {
    for (const std::string root : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"}) {
      const std::string path = root + "/callgate-record-test-" + std::to_string(getpid());
      if (access((root + "/cgroup.procs").c_str(), W_OK) != 0 || mkdir(path.c_str(), 0700) != 0) continue;
      path_ = path;
      return;
    }
  }
  ~OtherCgroup() {
    if (!path_.empty()) rmdir(path_.c_str());
  }
  OtherCgroup(const OtherCgroup&) = delete;
  OtherCgroup& operator=(const OtherCgroup&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class LiveRecordCases : public testing::TestWithParam<Recorder> {
 protected:
  void SetUp() override {
    // For developers without rights; continuous integration is root, and counts a skip as a failure.
    if (const std::string why = needs(wanted()); !why.empty()) GTEST_SKIP() << why;
  }
  Wanted wanted() const { return kRecorders[GetParam()]; }
  bool is_by_filter() const { return GetParam() == by_ptrace; }
};

class LiveRecordI386Cases : public LiveRecordCases {};

void expect_case(const Case& row, Recorder recorder) {
  const auto run = recorded({row.name}, kRecorders[recorder]);
  if (run.signal == SIGSEGV && std::string_view(row.name) == "vsyscall") return;  // vsyscall=none
  if (run.exit_status == 8 && std::string_view(row.name) == "uring") return;      // no io_uring in this kernel
  const bool killed = std::string_view(row.name).starts_with("killed");
  EXPECT_EQ(run.signal, killed ? SIGSYS : 0) << row.name;
  EXPECT_EQ(run.exit_status, killed ? 128 + SIGSYS : 0) << row.name;
  EXPECT_EQ(find(run, row.audit, row.nr) != nullptr, row.seen[recorder]) << row.name << " " << row.nr;
  constexpr arch::SyscallNr kMunmap = 11;  // natively; every program's loader calls it
  if (row.audit == kCompat && row.nr != kMunmap) {
    EXPECT_EQ(find(run, kNative, row.nr), nullptr) << row.name << ": the same number of the other table";
  }
}

TEST_P(LiveRecordCases, SpecialCases) {
  for (const Case& row : kCases)
    if (row.audit == kNative) expect_case(row, GetParam());
}
TEST_P(LiveRecordI386Cases, SpecialCases) {
  for (const Case& row : kCases)
    if (row.audit == kCompat) expect_case(row, GetParam());
}

TEST_P(LiveRecordCases, EveryNumber) {
  if (geteuid() != 0) GTEST_SKIP() << "the sweep takes on the rights of nobody, which takes root";
  const auto run = recorded({"sweep"}, wanted());
  EXPECT_EQ(run.exit_status, 0);
  for (arch::SyscallNr nr = 0; nr <= 470; ++nr) {
    // uretprobe and uprobe: no filter judges them, so that a filter's stops do not show them.
    const bool unseen = is_by_filter() && (nr == 335 || nr == 336);
    EXPECT_TRUE(nr == 162 || unseen || find(run, kNative, nr) != nullptr) << nr;
  }
  EXPECT_FALSE(has(run, "sync"));
}
TEST_P(LiveRecordI386Cases, EveryNumber) {
  if (geteuid() != 0) GTEST_SKIP() << "the sweep takes on the rights of nobody, which takes root";
  const auto run = recorded({"sweep-i386"}, wanted());
  EXPECT_EQ(run.exit_status, 0);
  for (arch::SyscallNr nr = 0; nr <= 470; ++nr) EXPECT_TRUE(nr == 36 || find(run, kCompat, nr) != nullptr) << nr;
}

TEST_P(LiveRecordCases, NumbersThatNoTableHolds) {
  const auto run = recorded({"odd-numbers"}, wanted());
  for (const arch::SyscallNr nr : {0x40000027U, 999U, 511U, 512U}) EXPECT_NE(find(run, kNative, nr), nullptr) << nr;
  if (wanted().method == Method::ebpf) {
    EXPECT_NE(find(run, kNative, 0xffffffff), nullptr) << "-1: no call to a tracer";
  }
}
TEST_P(LiveRecordI386Cases, NumbersThatNoTableHolds) {
  const auto run = recorded({"odd-numbers-i386"}, wanted());
  EXPECT_NE(find(run, kCompat, 998), nullptr);
  EXPECT_EQ(find(run, kNative, 998), nullptr);
}

// A program of two calls, the mark and exit, as an ELF file with one segment. Its first instructions make them.
std::string program_without_libc(bool compat, const std::string& path) {
  constexpr std::array<unsigned char, 14> kCode64{0xb8, 140, 0, 0, 0, 0x0f, 0x05,  // mov $getpriority, %eax; syscall
                                                  0xb8, 60,  0, 0, 0, 0x0f, 0x05};
  constexpr std::array<unsigned char, 14> kCode32{0xb8, 96, 0, 0, 0, 0xcd, 0x80,  // … int $0x80
                                                  0xb8, 1,  0, 0, 0, 0xcd, 0x80};
  const auto write = [&](auto header, auto segment, std::uint16_t machine, const auto& code) {
    constexpr std::size_t kBase = 0x400000;
    const std::size_t size = sizeof header + sizeof segment + code.size();
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = compat ? ELFCLASS32 : ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = machine;
    header.e_version = EV_CURRENT;
    header.e_entry = kBase + sizeof header + sizeof segment;
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof segment;
    header.e_phnum = 1;
    segment.p_type = PT_LOAD;
    segment.p_vaddr = kBase;
    segment.p_filesz = segment.p_memsz = static_cast<decltype(segment.p_filesz)>(size);
    segment.p_flags = PF_R | PF_X;
    segment.p_align = 0x1000;
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(&header), sizeof header);
    file.write(reinterpret_cast<const char*>(&segment), sizeof segment);
    file.write(reinterpret_cast<const char*>(code.data()), static_cast<std::streamsize>(code.size()));
  };
  if (compat)
    write(Elf32_Ehdr{}, Elf32_Phdr{}, EM_386, kCode32);
  else
    write(Elf64_Ehdr{}, Elf64_Phdr{}, EM_X86_64, kCode64);
  chmod(path.c_str(), 0755);
  return path;
}

using Calls = std::vector<std::pair<arch::AuditArch, arch::SyscallNr>>;

Calls calls_without_libc(bool compat, const Wanted& wanted) {
  const std::string path = testing::TempDir() + "callgate-record-first-" + std::to_string(getpid());
  const auto run = recorded_program(program_without_libc(compat, path), {}, wanted);
  unlink(path.c_str());
  EXPECT_EQ(run.signal, 0);
  Calls calls;
  for (const recording::Call& call : run.calls) calls.emplace_back(call.audit, call.nr);
  return calls;
}

constexpr std::pair kExecve(kNative, 59U);
TEST_P(LiveRecordCases, FirstInstruction) {
  EXPECT_THAT(calls_without_libc(false, wanted()),
              testing::ElementsAre(kExecve, std::pair(kNative, 60U), std::pair(kNative, kMark)));
}
TEST_P(LiveRecordI386Cases, FirstInstruction) {
  EXPECT_THAT(calls_without_libc(true, wanted()),
              testing::ElementsAre(std::pair(kCompat, 1U), std::pair(kCompat, kMarkI386), kExecve));
}

TEST_P(LiveRecordCases, LeavingTheCgroup) {
  const OtherCgroup other;
  if (other.path().empty()) GTEST_SKIP() << "no cgroup can be made here: no hierarchy is mounted that we may write to";
  const auto run = recorded({"leave-cgroup", other.path() + "/cgroup.procs"}, wanted());
  EXPECT_EQ(run.exit_status, 0);
  EXPECT_NE(find(run, kNative, kMark), nullptr);
}

// Without a tracepoint whose arguments are known.
bool kernel_before_6() {
  utsname machine{};
  return uname(&machine) == 0 && std::atoi(machine.release) < 6;
}

TEST_P(LiveRecordCases, OperationsOfIoUring) {
  const auto run = recorded({"uring"}, wanted());
  if (run.exit_status == 8) GTEST_SKIP() << "io_uring is not in this kernel, or kernel.io_uring_disabled forbids it";
  ASSERT_EQ(run.exit_status, 0);
  const bool blind = std::ranges::find(run.blind, recording::Blind::io_uring) != run.blind.end();
  EXPECT_EQ(blind, wanted().method == Method::ptrace || kernel_before_6()) << "and says so";
  ASSERT_EQ(run.uring.size(), blind ? 0U : 1U);
  if (!blind) {
    EXPECT_EQ(run.uring[0].opcode, 45);
  }
}

const auto kEach = testing::Values(ebpf, ebpf_denied, by_ptrace, by_ptrace_denied);
constexpr auto kNameOf = [](const auto& which) { return std::string(kNames[which.param]); };
INSTANTIATE_TEST_SUITE_P(By, LiveRecordCases, kEach, kNameOf);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LiveRecordI386Cases);  // by no recorder where there are no such calls
INSTANTIATE_TEST_SUITE_P(By, LiveRecordI386Cases,
                         testing::ValuesIn(test_support::runs_i386()
                                               ? std::vector{ebpf, ebpf_denied, by_ptrace, by_ptrace_denied}
                                               : std::vector<Recorder>{}),
                         kNameOf);

}  // namespace
}  // namespace callgate::record
