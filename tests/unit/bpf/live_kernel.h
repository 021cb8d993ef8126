// Talks to seccomp(2) of the running kernel from forked children. A child reports through shared memory, for its
// filters may refuse every other way.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <span>

#include "bpf/program.h"

namespace callgate::bpf::testing {

// 0, or the errno of seccomp(2).
inline int attach(std::span<const Insn> program) {
  sock_fprog prog{static_cast<unsigned short>(program.size()), nullptr};
  static_assert(sizeof(sock_filter) == sizeof(Insn));
  prog.filter = reinterpret_cast<sock_filter*>(const_cast<Insn*>(program.data()));
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0 ? 0 : errno;
}

inline void prepare_child() {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

// `count` zeroed elements that parent and children share.
template <class T>
class Shared {
 public:
  explicit Shared(std::size_t count) : bytes_(count * sizeof(T)) {
    void* place = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    items_ = place == MAP_FAILED ? nullptr : static_cast<T*>(place);
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() {
    if (items_ != nullptr) munmap(items_, bytes_);
  }
  explicit operator bool() const { return items_ != nullptr; }
  T& operator[](std::size_t i) { return items_[i]; }

 private:
  std::size_t bytes_;
  T* items_ = nullptr;
};

// Runs `body` in a child and returns its wait status, -1 if there could be no child.
template <class Body>
int in_child(Body body) {
  const pid_t child = fork();
  if (child < 0) return -1;
  if (child == 0) {
    prepare_child();
    body();
    _exit(0);
  }
  int status = -1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

// Whether this process may install filters at all (a container's own filter may forbid it).
inline bool filters_available() {
  const Insn allow{op::kRetK, 0, 0, kRetAllow};
  const int status = in_child([&] { _exit(attach({&allow, 1})); });
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace callgate::bpf::testing
