// Executes a plan: every privileged or irreversible step stands in launch.cpp, those of seals in steps.cpp, and each
// goes through the table below, so that tests can make any one of them fail.
//
// The child shares our memory until it executes (CLONE_VM | CLONE_VFORK, as posix_spawn does), which makes starting it
// cheap however large we are. What failed is therefore written to memory both see: after the filter is in force a
// write(2) to a pipe might not be allowed any more.
//
// What seals change belongs to the child alone, memory shared or not; but for init, which stays, and must be no way
// into us: it is a copy, and the program is its child; a pipe closes once init has nothing more to do than wait.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/io.h"
#include "base/result.h"
#include "sandbox/plan.h"
#include "sandbox/steps.h"

namespace callgate::sandbox {

enum class Stage : int { none, memory, clone, trace, signals, no_new_privs, filter, exec, seal, init };
std::string_view name(Stage stage);

struct Failure {
  Stage stage = Stage::none;
  int os_errno = 0;
  std::size_t step = 0;   // of Seals::step(), where the stage is `seal`
  int signal = 0;         // what ended the child there, instead of an error
  std::string left = {};  // what could not be removed afterwards, in words
  bool operator==(const Failure&) const = default;
};
// The message and exit status for a failed launch of `program`.
Refusal describe(const Failure& failure, const std::string& program, const Seals& seals = {});

// The kernel as a launch sees it. Each returns 0 (or the value asked for) or minus errno; all but `clone`, `seize` and
// `await_end` run in the child and are async-signal-safe.
struct Kernel {
  pid_t (*clone)(int (*body)(void*), void* stack_top, int flags, void* argument);
  int (*seize)(pid_t child);                    // ptrace, by the parent
  int (*await_tracer)(int fd);                  // returns once the parent has seized us
  int (*await_end)(int fd);                     // by the parent: -EPIPE once init needs nothing more
  int (*step)(const Step& step, Slots& slots);  // of a seal
  int (*set_mask)(const sigset_t*);
  int (*no_new_privs)();
  int (*load_filter)(std::uint32_t flags, std::span<const bpf::Insn> program);
  int (*exec)(const char* path, char* const* argv, char* const* environment);
};
const Kernel& real_kernel();

// Blocks every signal while it lives, so that they can be taken one by one and passed on (supervise.h).
class SignalBlock {
 public:
  SignalBlock();
  ~SignalBlock();
  SignalBlock(const SignalBlock&) = delete;
  SignalBlock& operator=(const SignalBlock&) = delete;
  const sigset_t& original() const { return original_; }
  int error() const { return error_; }  // errno if they could not be blocked; launch() refuses then

 private:
  sigset_t original_{};
  int error_ = 0;
};

struct ChildMemory;  // what parent and child share
struct ChildMemoryDeleter {
  void operator()(ChildMemory* memory) const;
};

// Removes them when it goes, and kills what is still in them.
class Cgroups {
 public:
  Cgroups() = default;
  Cgroups(Cgroups&& other) noexcept : paths_(std::exchange(other.paths_, {})) {}
  Cgroups& operator=(Cgroups&& other) noexcept {
    std::swap(paths_, other.paths_);
    return *this;
  }
  ~Cgroups() { remove(); }
  void add(const std::string& path) { paths_.push_back(path); }
  // The same at once: what could not be removed, in words, or nothing.
  std::string remove();

 private:
  std::vector<std::string> paths_;
};

// A child that has executed the program (not traced), or is about to (traced), or the init whose child has.
class Launched {
 public:
  Launched(pid_t pid, std::unique_ptr<ChildMemory, ChildMemoryDeleter> memory, bool has_init = false)
      : pid_(pid), has_init_(has_init), memory_(std::move(memory)) {}
  pid_t pid() const { return pid_; }
  void keep(Cgroups cgroups) { cgroups_ = std::move(cgroups); }  // as long as this lives
  std::string remove_cgroups() { return cgroups_.remove(); }     // once the program has ended
  void keep(base::UniqueFd status) { status_ = std::move(status); }
  bool has_init() const { return has_init_; }
  // Final once the child has executed or ended; `signal`: what ended it, where that is known.
  Failure failure(int signal = 0) const;
  // What waitpid told init of the program; nothing without an init of ours, or before the end.
  std::optional<int> program_status() const;

 private:
  pid_t pid_;
  bool has_init_;
  Cgroups cgroups_;
  base::UniqueFd status_;  // of a traced init, which sees by it that we are still there
  std::unique_ptr<ChildMemory, ChildMemoryDeleter> memory_;
};

// Starts the plan's program. On failure no child is left. With `traced` the child is a separate copy (a stopped child
// that shares our memory would stop us, too), seized by us before it executes.
tl::expected<Launched, Failure> launch(const Plan& plan, const SignalBlock& signals, bool traced,
                                       const Kernel& kernel = real_kernel());

}  // namespace callgate::sandbox
