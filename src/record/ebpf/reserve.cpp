// SPDX-License-Identifier: Apache-2.0
#include "record/ebpf/reserve.h"

#include <bpf/bpf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace callgate::record {

namespace {

template <class Ask>
void learn_from(recorder_reserve& reserve, std::uint32_t which, Ask ask) {
  __atomic_store_n(&reserve.learning, which, __ATOMIC_SEQ_CST);
  ask();
  __atomic_store_n(&reserve.learning, 0U, __ATOMIC_SEQ_CST);
}

// The kernel's programs see the first namespace's numbers of threads: by those of another somebody else might be asked.
bool sees_first_pids() {
  constexpr ino_t kFirst = 0xEFFFFFFC;  // PROC_PID_INIT_INO
  struct stat status{};
  return stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == kFirst;
}

}  // namespace

void learn_reserve(recorder_tables& tables) {
  if (!sees_first_pids()) return;
  recorder_reserve& reserve = tables.reserve;
  reserve.learner = static_cast<std::uint32_t>(syscall(SYS_gettid));
  learn_from(reserve, 1, [] {
    constexpr std::size_t kBytes = 4096;
    void* const page = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED) munmap(page, kBytes);
  });
  learn_from(reserve, 2, [] {
    std::uint32_t next = 0;
    bpf_prog_get_next_id(0, &next);
  });
  for (std::uint32_t depth = 0; depth < RECORDER_STACK; ++depth) {
    if (reserve.learned[0][depth] == reserve.learned[1][depth]) continue;
    reserve.depth = depth;
    if (reserve.learned[1][depth] != 0) __atomic_store_n(&reserve.address, reserve.learned[0][depth], __ATOMIC_SEQ_CST);
    return;
  }
}

}  // namespace callgate::record
