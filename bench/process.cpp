// SPDX-License-Identifier: Apache-2.0
#include "process.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <type_traits>

extern char** environ;

namespace callgate::bench {

namespace {

// Memory that a child fills in: it may not be able to write(2) once its filter is in force.
template <class T>
class Shared {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Shared() : memory_(mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {}
  ~Shared() {
    if (*this) munmap(memory_, sizeof(T));
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  explicit operator bool() const { return memory_ != MAP_FAILED; }
  T* operator->() const { return static_cast<T*>(memory_); }

 private:
  void* memory_;
};

int wait_for(pid_t child, rusage* usage = nullptr) {
  int status = 0;
  while (wait4(child, &status, 0, usage) < 0 && errno == EINTR) {
  }
  return status;
}

bool load(std::span<const bpf::Insn> program) {
  static_assert(sizeof(bpf::Insn) == sizeof(sock_filter));
  std::vector<sock_filter> records;
  for (const bpf::Insn& insn : program) records.push_back({insn.code, insn.jt, insn.jf, insn.k});
  const sock_fprog filter{static_cast<unsigned short>(records.size()), records.data()};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}

double nanoseconds(RawCall call) {
  constexpr int kLoops = 4, kCalls = 3000;
  double best = 1e9;
  for (int loop = 0; loop < kLoops; ++loop) {
    const double start = now_us();
    for (int i = 0; i < kCalls; ++i) syscall(call.nr, call.argument, 0, 0, 0, 0, 0);
    best = std::min(best, (now_us() - start) * 1000 / kCalls);
  }
  return best;
}

}  // namespace

double now_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::micro>(now).count();
}

std::optional<ProcessRun> run_process(const std::vector<std::string>& argv) {
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ProcessRun run;
  rusage usage{};
  pid_t child = -1;
  const double start = now_us();
  const int error = posix_spawn(&child, words[0], &actions, nullptr, words.data(), environ);
  if (error == 0) run.status = wait_for(child, &usage);
  run.us = now_us() - start;
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return std::nullopt;
  run.peak_rss_kib = usage.ru_maxrss;
  return run;
}

std::optional<double> load_us(std::span<const bpf::Insn> program) {
  struct Answer {
    bool done;
    double us;
  };
  const Shared<Answer> answer;
  if (!answer) return std::nullopt;
  const pid_t child = fork();
  if (child < 0) return std::nullopt;
  if (child == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const sock_fprog filter{static_cast<unsigned short>(program.size()),
                            // The kernel reads it only; both are struct sock_filter.
                            reinterpret_cast<sock_filter*>(const_cast<bpf::Insn*>(program.data()))};
    const double start = now_us();
    const long status = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
    answer->us = now_us() - start;
    answer->done = status == 0;
    _exit(0);
  }
  // A filter without exit_group lets the child die by a signal; the answer stands by then.
  wait_for(child);
  return answer->done ? std::optional(answer->us) : std::nullopt;
}

std::optional<std::array<double, kTimedCalls>> call_ns(std::span<const bpf::Insn> program,
                                                       const std::array<RawCall, kTimedCalls>& calls) {
  struct Answer {
    bool done;
    std::array<double, kTimedCalls> ns;
  };
  const Shared<Answer> answer;
  if (!answer) return std::nullopt;
  const pid_t child = fork();
  if (child < 0) return std::nullopt;
  if (child == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (program.empty() || load(program)) {
      for (std::size_t i = 0; i < calls.size(); ++i) answer->ns[i] = nanoseconds(calls[i]);
      answer->done = true;
    }
    _exit(0);
  }
  wait_for(child);
  return answer->done ? std::optional(answer->ns) : std::nullopt;
}

}  // namespace callgate::bench
