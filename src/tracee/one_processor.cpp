// SPDX-License-Identifier: Apache-2.0
#include "tracee/one_processor.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "arch/calls.h"
#include "tracee/memory.h"

namespace callgate::tracee {

namespace {

// So many stops in a row, and a task is joined. After a look at affinities it takes longer: the file is read later.
constexpr int kInARow = 32, kNotYet = 512;

// What a call may have to do with an affinity.
enum class Care : std::uint8_t { none, hands_on, shows };

Care care_of(pid_t tid, const bpf::SeccompData& call) {
  constexpr std::array<std::string_view, 6> kHandsOn{"clone", "clone3", "execve", "execveat", "fork", "vfork"};
  const std::string_view name = arch::name_of_call(call.arch, call.nr);
  if (std::ranges::find(kHandsOn, name) != kHandsOn.end()) return Care::hands_on;
  if (name == "sched_getaffinity" || name == "sched_setaffinity") return Care::shows;
  if (name != "open" && name != "openat" && name != "openat2") return Care::none;
  constexpr std::string_view kProc = "/proc";
  const auto path = read_text(tid, call.args[name == "open" ? 0 : 1], kProc.size());
  return !path || path->starts_with(kProc) ? Care::shows : Care::none;
}

}  // namespace

OneProcessor::OneProcessor() : tracer_(static_cast<pid_t>(syscall(SYS_gettid))) {}

void OneProcessor::at_call(pid_t tid, const bpf::SeccompData& call) {
  const std::lock_guard lock(mutex_);
  in_a_row_ = tid == last_ ? in_a_row_ + 1 : 1;
  last_ = tid;
  if (not_yet_ > 0) --not_yet_;
  if (joined_ == 0 && (in_a_row_ < kInARow || not_yet_ > 0)) return;
  // A call of any task may ask for the joined one's affinity.
  if (const Care care = care_of(tid, call); care != Care::none) {
    leave();
    if (care == Care::shows) not_yet_ = kNotYet;
    in_a_row_ = 0;
    return;
  }
  if (tid == joined_) stopped_ = true;
  if (tid != joined_ && in_a_row_ >= kInARow) join(tid);
}

void OneProcessor::ended(pid_t tid) {
  const std::lock_guard lock(mutex_);
  if (tid == joined_) leave();
}

void OneProcessor::tick() {
  const std::lock_guard lock(mutex_);
  if (joined_ == 0) return;
  if (!stopped_) leave();
  stopped_ = false;
}

pid_t OneProcessor::joined() const {
  const std::lock_guard lock(mutex_);
  return joined_;
}

void OneProcessor::join(pid_t tid) {
  leave();
  cpu_set_t both;
  if (sched_getaffinity(tid, sizeof theirs_, &theirs_) != 0 || sched_getaffinity(0, sizeof ours_, &ours_) != 0) return;
  CPU_AND(&both, &theirs_, &ours_);
  constexpr std::size_t kMost = CPU_SETSIZE;
  auto processor = static_cast<std::size_t>(sched_getcpu());
  if (processor >= kMost || !CPU_ISSET(processor, &both))
    for (processor = 0; processor < kMost && !CPU_ISSET(processor, &both);) ++processor;
  in_a_row_ = 0;
  if (processor == kMost) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  if (sched_setaffinity(tid, sizeof one, &one) != 0) return;
  sched_setaffinity(tracer_, sizeof one, &one);
  joined_ = tid;
  stopped_ = true;
}

void OneProcessor::leave() {
  if (joined_ == 0) return;
  sched_setaffinity(joined_, sizeof theirs_, &theirs_);
  sched_setaffinity(tracer_, sizeof ours_, &ours_);
  joined_ = 0;
}

}  // namespace callgate::tracee
