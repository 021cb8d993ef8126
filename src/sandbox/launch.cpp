// The steps, in order: block signals, share memory, clone; in the child: wait for the tracer (traced runs), the seals'
// steps, restore the signal mask, no_new_privs, filter, exec. Nothing in the child allocates, locks or formats.
// SPDX-License-Identifier: Apache-2.0
#include "sandbox/launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include "base/io.h"
#include "base/text.h"
#include "sandbox/diagnostic_ids.h"
#include "sandbox/init.h"

namespace callgate::sandbox {

std::string_view name(Stage stage) {
  constexpr std::array<std::string_view, 10> kNames{
      "nothing",      "mmap of the child's stack", "clone",  "ptrace", "sigprocmask",
      "no_new_privs", "seccomp(2) filter",         "execve", "seal",   "init"};
  return kNames[static_cast<std::size_t>(stage)];
}

namespace {

Refusal describe_seal(const Failure& failure, const Seals& seals) {
  const std::string why = base::errno_text(failure.os_errno);
  if (failure.stage == Stage::clone) {
    const bool forbidden = failure.os_errno == EPERM || failure.os_errno == ENOSPC || failure.os_errno == EUSERS;
    return {kCannotSeal, kExitOwnFailure,
            fmt::format("no new namespaces ({}): {}", namespaces_text(seals.namespaces), why),
            forbidden ? "this machine, or the sandbox that we are in, forbids them" : ""};
  }
  const Step* const step = seals.step(failure.step);
  return {kCannotSeal, kExitOwnFailure, fmt::format("cannot {}: {}", step ? describe(*step) : "seal", why),
          "nothing was started"};
}

}  // namespace

Refusal describe(const Failure& failure, const std::string& program, const Seals& seals) {
  if (failure.stage == Stage::seal || (failure.stage == Stage::clone && seals.namespaces != 0))
    return describe_seal(failure, seals);
  const std::string why = base::errno_text(failure.os_errno);
  if (failure.stage == Stage::exec) {
    const bool missing = failure.os_errno == ENOENT;
    return {missing ? kNotFound : kNotExecutable, missing ? kExitNotFound : kExitNotExecutable,
            fmt::format("'{}' cannot be executed: {}", base::printable(program), why),
            !missing ? ""
            : (seals.seals & bit(Seal::file)) != 0
                ? "the sealed view has no such file, or not its interpreter; --ro PATH adds one"
                : "the file exists, but the interpreter it names may not"};
  }
  std::string help;
  if (failure.stage == Stage::filter && failure.os_errno == EINVAL)
    help = "this kernel was built without CONFIG_SECCOMP_FILTER, or refuses a flag of the profile";
  const bool denied = failure.os_errno == EPERM || failure.os_errno == ENOSYS || failure.os_errno == EACCES;
  if ((failure.stage == Stage::filter || failure.stage == Stage::no_new_privs) && denied)
    help =
        "a filter that we are under ourselves, as a container's, denies it: its profile has to allow prctl and seccomp";
  return {kStepFailed, kExitOwnFailure, fmt::format("{} failed: {}", name(failure.stage), why), help};
}

namespace {

int result(long value) {
  return value < 0 ? -errno : static_cast<int>(value);
}

int read_byte(int fd) {
  char byte = 0;
  ssize_t got = 0;
  while ((got = read(fd, &byte, 1)) < 0 && errno == EINTR) {
  }
  return got == 1 ? 0 : got == 0 ? -EPIPE : -errno;
}

int load_filter(std::uint32_t flags, std::span<const bpf::Insn> program) {
  // bpf::Insn has struct sock_filter's layout; the kernel only reads it.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  sock_filter* const first = reinterpret_cast<sock_filter*>(const_cast<bpf::Insn*>(program.data()));
  sock_fprog filter{static_cast<unsigned short>(program.size()), first};
  return result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter));
}

constexpr long kTraceOptions =
    PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;

constexpr Kernel kRealKernel{
    .clone = [](int (*body)(void*), void* top, int flags, void* argument) -> pid_t {
      return result(::clone(body, top, flags, argument));
    },
    .seize = [](pid_t child) { return result(ptrace(PTRACE_SEIZE, child, nullptr, kTraceOptions)); },
    .await_tracer = read_byte,
    .await_end = read_byte,
    .step = run_step,
    .set_mask = [](const sigset_t* mask) { return -pthread_sigmask(SIG_SETMASK, mask, nullptr); },
    .no_new_privs = [] { return result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); },
    .load_filter = load_filter,
    .exec = [](const char* path, char* const* argv, char* const* envp) { return result(execve(path, argv, envp)); },
};

constexpr std::size_t kStackBytes = std::size_t{64} * 1024;

// All that the child reads.
struct ChildPlan {
  const Kernel* kernel;
  const sigset_t* mask;
  const char* program;
  char* const* argv;
  char* const* script_argv;  // for a script without an interpreter line
  char* const* environment;
  std::span<const bpf::Insn> filter;
  bool confined;
  std::uint32_t flags;
  std::span<const bpf::Insn> guard;
  const Seals* seals;
  int tracer_fd;  // -1: not traced
  int unused_fd;  // the parent's end of the same pipe
  int status_fd;  // -1: no init; open until the program has been executed
  int parent_fd;  // the parent's end of that
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  // execve takes char* for history's sake and does not write.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace

const Kernel& real_kernel() {
  return kRealKernel;
}

struct ChildMemory {
  ChildPlan plan;
  volatile int stage;
  volatile int os_errno;
  volatile std::size_t step;
  volatile int program_status;
  Slots slots;
  alignas(16) std::array<char, kStackBytes> stack;
  alignas(16) std::array<char, kStackBytes> program_stack;  // of init's child
};
constexpr int kNoStatus = -1;

void ChildMemoryDeleter::operator()(ChildMemory* memory) const {
  munmap(memory, sizeof(ChildMemory));
}

Failure Launched::failure() const {
  return {static_cast<Stage>(memory_->stage), memory_->os_errno, memory_->step};
}

std::optional<int> Launched::program_status() const {
  return memory_->program_status == kNoStatus ? std::nullopt : std::optional(memory_->program_status);
}

namespace {

int fail_in_child(ChildMemory& memory, Stage stage, int negative_errno) {
  memory.os_errno = -negative_errno;
  memory.stage = static_cast<int>(stage);
  return kExitOwnFailure;
}

int exec_in_child(const ChildPlan& plan) {
  const int error = plan.kernel->exec(plan.program, plan.argv, plan.environment);
  // What execvp does with a text file that has no "#!" line.
  if (error == -ENOEXEC) return plan.kernel->exec("/bin/sh", plan.script_argv, plan.environment);
  return error;
}

// `first`: the index in Seals::step() of the first of `steps`.
int run_steps(ChildMemory& memory, const std::vector<Step>& steps, std::size_t first) {
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (const int e = memory.plan.kernel->step(steps[i], memory.slots); e < 0) {
      memory.step = first + i;
      return fail_in_child(memory, Stage::seal, e);
    }
  return 0;
}

// The last steps, by the process that becomes the program. Never returns 0.
int program_body(void* argument) {
  ChildMemory& memory = *static_cast<ChildMemory*>(argument);
  const ChildPlan& plan = memory.plan;
  if (const int status = run_steps(memory, plan.seals->program, plan.seals->prepare.size() + plan.seals->setup.size());
      status != 0)
    return status;
  if (const int e = plan.kernel->set_mask(plan.mask); e < 0) return fail_in_child(memory, Stage::signals, e);
  if (const int e = plan.kernel->no_new_privs(); e < 0) return fail_in_child(memory, Stage::no_new_privs, e);
  if (!plan.guard.empty())
    if (const int e = plan.kernel->load_filter(0, plan.guard); e < 0) return fail_in_child(memory, Stage::filter, e);
  if (plan.confined)
    if (const int e = plan.kernel->load_filter(plan.flags, plan.filter); e < 0)
      return fail_in_child(memory, Stage::filter, e);
  return fail_in_child(memory, Stage::exec, exec_in_child(plan));
}

int init_body(ChildMemory& memory) {
  const ChildPlan& plan = memory.plan;
  close(plan.parent_fd);
  pollfd parent{plan.status_fd, 0, 0};
  if (poll(&parent, 1, 0) != 0) return fail_in_child(memory, Stage::init, -EPIPE);  // it ended before it was tied to us
  char* const stack = memory.program_stack.data() + memory.program_stack.size();
  const pid_t program = plan.kernel->clone(program_body, stack, SIGCHLD | CLONE_VM | CLONE_VFORK, &memory);
  if (program < 0) return fail_in_child(memory, Stage::init, program);
  if (memory.stage != static_cast<int>(Stage::none)) return kExitOwnFailure;
  const int status = run_init(program);
  if (status < 0) return fail_in_child(memory, Stage::init, status);
  memory.program_status = status;
  return 0;
}

int child_body(void* argument) {
  ChildMemory& memory = *static_cast<ChildMemory*>(argument);
  const ChildPlan& plan = memory.plan;
  if (plan.tracer_fd >= 0) {
    close(plan.unused_fd);  // this copy's, so that the parent's death ends the wait
    if (const int e = plan.kernel->await_tracer(plan.tracer_fd); e < 0) return fail_in_child(memory, Stage::trace, e);
  }
  if (const int status = run_steps(memory, plan.seals->setup, plan.seals->prepare.size()); status != 0) return status;
  return plan.seals->init ? init_body(memory) : program_body(argument);
}

struct Pipe {
  base::UniqueFd read_end, write_end;
};

int make_pipe(Pipe& out) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  out.read_end = base::UniqueFd(ends[0]);
  out.write_end = base::UniqueFd(ends[1]);
  return 0;
}

void reap(pid_t pid) {
  while (waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

// Seizes the child and lets it go on; on failure the child is ended.
int start_traced(pid_t pid, const Pipe& pipe, const Kernel& kernel) {
  int error = kernel.seize(pid);
  if (error == 0 && write(pipe.write_end.get(), "", 1) != 1) error = -errno;
  if (error == 0) return 0;
  kill(pid, SIGKILL);
  reap(pid);
  return -error;
}

std::span<const bpf::Insn> instructions(const std::optional<bpf::Program>& program) {
  return program ? std::span<const bpf::Insn>(*program) : std::span<const bpf::Insn>();
}

// The launcher's own steps.
std::optional<Failure> prepare(const Seals& seals, const Kernel& kernel, Cgroups& cgroups) {
  Slots none{};
  for (std::size_t i = 0; i < seals.prepare.size(); ++i) {
    const Step& step = seals.prepare[i];
    if (const int error = kernel.step(step, none); error < 0) return Failure{Stage::seal, -error, i};
    if (step.kind == StepKind::make_cgroup) cgroups.add(step.path);
  }
  return std::nullopt;
}

int clone_flags(const Seals& seals, bool traced) {
  const int namespaces = SIGCHLD | static_cast<int>(seals.namespaces);
  if (traced || seals.init) return namespaces;
  return namespaces | CLONE_VFORK | CLONE_VM;
}

}  // namespace

SignalBlock::SignalBlock() {
  sigset_t all;
  sigfillset(&all);
  // A fault of our own must end us at once, not wait.
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) sigdelset(&all, signal);
  error_ = pthread_sigmask(SIG_BLOCK, &all, &original_);
  // A caller that ignores SIGCHLD would make the kernel reap the child before we can see its status.
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  if (sigaction(SIGCHLD, &action, nullptr) != 0 && error_ == 0) error_ = errno;
}

SignalBlock::~SignalBlock() {
  pthread_sigmask(SIG_SETMASK, &original_, nullptr);
}

tl::expected<Launched, Failure> launch(const Plan& plan, const SignalBlock& signals, bool traced,
                                       const Kernel& kernel) {
  if (signals.error() != 0) return tl::unexpected(Failure{Stage::signals, signals.error()});
  const std::vector<char*> argv = pointers(plan.argv), environment = pointers(plan.environment);
  std::vector<std::string> script{"sh", plan.program};
  if (plan.argv.size() > 1) script.insert(script.end(), plan.argv.begin() + 1, plan.argv.end());
  const std::vector<char*> script_argv = pointers(script);

  void* const place = mmap(nullptr, sizeof(ChildMemory), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) return tl::unexpected(Failure{Stage::memory, errno});
  std::unique_ptr<ChildMemory, ChildMemoryDeleter> memory(new (place) ChildMemory);
  memory->program_status = kNoStatus;
  Pipe tracing, status;
  if (traced)
    if (const int error = make_pipe(tracing); error != 0) return tl::unexpected(Failure{Stage::trace, error});
  if (plan.seals.init)
    if (const int error = make_pipe(status); error != 0) return tl::unexpected(Failure{Stage::init, error});
  memory->plan = {&kernel,
                  &signals.original(),
                  plan.program.c_str(),
                  argv.data(),
                  script_argv.data(),
                  environment.data(),
                  instructions(plan.filter),
                  plan.filter.has_value(),
                  plan.filter_flags,
                  instructions(plan.guard),
                  &plan.seals,
                  tracing.read_end.get(),
                  tracing.write_end.get(),
                  status.write_end.get(),
                  status.read_end.get()};
  Cgroups cgroups;
  if (const auto failure = prepare(plan.seals, kernel, cgroups)) return tl::unexpected(*failure);
  const pid_t pid = kernel.clone(child_body, memory->stack.data() + memory->stack.size(),
                                 clone_flags(plan.seals, traced), memory.get());
  if (pid < 0) return tl::unexpected(Failure{Stage::clone, -pid});
  if (traced)
    if (const int error = start_traced(pid, tracing, kernel); error != 0)
      return tl::unexpected(Failure{Stage::trace, error});
  // A traced init stops at its first event, and goes on once its tracer, who is us, is through here.
  if (plan.seals.init && !traced) {
    // Its end: the program runs, or there is none. While we hold the other end ourselves there would be none ever.
    int error = close(status.write_end.release()) == 0 ? 0 : -errno;
    if (error == 0) error = kernel.await_end(status.read_end.get());
    if (error != -EPIPE) {
      kill(pid, SIGKILL);
      reap(pid);
      return tl::unexpected(Failure{Stage::init, -error});
    }
  }
  Launched launched(pid, std::move(memory), plan.seals.init);
  launched.keep(std::move(cgroups));
  if (traced) {
    launched.keep(std::move(status.read_end));
    return launched;
  }
  if (const Failure failure = launched.failure(); failure.stage != Stage::none) {
    reap(pid);
    return tl::unexpected(failure);
  }
  return launched;
}

}  // namespace callgate::sandbox
