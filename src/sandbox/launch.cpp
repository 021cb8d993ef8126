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
#include "sandbox/init.h"
#include "sandbox/outer_filter.h"

namespace callgate::sandbox {

std::string Cgroups::remove() {
  std::string left;
  for (const std::string& path : std::exchange(paths_, {}))
    if (const int error = remove_cgroup(path); error != 0)
      left += fmt::format("{}the cgroup {} could not be removed: {}", left.empty() ? "" : "; ", path,
                          base::errno_text(error));
  return left;
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
  volatile int reached;  // the stage that was begun last
  volatile std::size_t reached_step;
  volatile int stage;  // that failed
  volatile int os_errno;
  volatile std::size_t step;
  volatile int program_status;
  volatile bool program_executed;  // not known to have been killed before
  Slots slots;
  alignas(16) std::array<char, kStackBytes> stack;
  alignas(16) std::array<char, kStackBytes> program_stack;  // of init's child
};
constexpr int kNoStatus = -1;

void ChildMemoryDeleter::operator()(ChildMemory* memory) const {
  munmap(memory, sizeof(ChildMemory));
}

Failure Launched::failure(int signal) const {
  const auto failed = static_cast<Stage>(memory_->stage), reached = static_cast<Stage>(memory_->reached);
  if (failed != Stage::none || signal != SIGSYS) return {failed, memory_->os_errno, memory_->step};
  if (reached != Stage::exec) return {reached, 0, memory_->reached_step, signal};
  if (!has_init_) return {};
  if (memory_->program_status == kNoStatus) return {Stage::init, 0, 0, signal};
  return memory_->program_executed ? Failure{} : Failure{Stage::exec, 0, 0, signal};
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

// Says what begins: whoever is killed there cannot say it any more.
void begin(ChildMemory& memory, Stage stage, std::size_t step = 0) {
  memory.reached_step = step;
  memory.reached = static_cast<int>(stage);
}

int exec_in_child(const ChildPlan& plan) {
  const int error = plan.kernel->exec(plan.program, plan.argv, plan.environment);
  // What execvp does with a text file that has no "#!" line.
  if (error == -ENOEXEC) return plan.kernel->exec("/bin/sh", plan.script_argv, plan.environment);
  return error;
}

// `first`: the index in Seals::step() of the first of `steps`.
int run_steps(ChildMemory& memory, const std::vector<Step>& steps, std::size_t first) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    begin(memory, Stage::seal, first + i);
    if (const int e = memory.plan.kernel->step(steps[i], memory.slots); e < 0) {
      memory.step = first + i;
      return fail_in_child(memory, Stage::seal, e);
    }
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
  begin(memory, Stage::signals);
  if (const int e = plan.kernel->set_mask(plan.mask); e < 0) return fail_in_child(memory, Stage::signals, e);
  begin(memory, Stage::no_new_privs);
  if (const int e = plan.kernel->no_new_privs(); e < 0) return fail_in_child(memory, Stage::no_new_privs, e);
  begin(memory, Stage::filter);
  if (!plan.guard.empty())
    if (const int e = plan.kernel->load_filter(0, plan.guard); e < 0) return fail_in_child(memory, Stage::filter, e);
  if (plan.confined)
    if (const int e = plan.kernel->load_filter(plan.flags, plan.filter); e < 0)
      return fail_in_child(memory, Stage::filter, e);
  begin(memory, Stage::exec);
  return fail_in_child(memory, Stage::exec, exec_in_child(plan));
}

int init_body(ChildMemory& memory) {
  const ChildPlan& plan = memory.plan;
  begin(memory, Stage::init);
  close(plan.parent_fd);
  pollfd parent{plan.status_fd, 0, 0};
  if (poll(&parent, 1, 0) != 0) return fail_in_child(memory, Stage::init, -EPIPE);  // it ended before it was tied to us
  char* const stack = memory.program_stack.data() + memory.program_stack.size();
  const pid_t program = plan.kernel->clone(program_body, stack, SIGCHLD | CLONE_VM | CLONE_VFORK, &memory);
  if (program < 0) return fail_in_child(memory, Stage::init, program);
  if (memory.stage != static_cast<int>(Stage::none)) return kExitOwnFailure;
  bool executed = true;
  const int status = run_init(program, executed);
  if (status < 0) return fail_in_child(memory, Stage::init, status);
  memory.program_executed = executed;
  memory.program_status = status;
  return 0;
}

int child_body(void* argument) {
  ChildMemory& memory = *static_cast<ChildMemory*>(argument);
  const ChildPlan& plan = memory.plan;
  if (plan.tracer_fd >= 0) {
    begin(memory, Stage::trace);
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

// Seizes the child and lets it go on; on failure the child is ended. One that ended by itself cannot be seized, and
// what it says of that comes first.
std::optional<Failure> start_traced(pid_t pid, const ChildMemory& child, const Pipe& pipe, const Kernel& kernel) {
  int error = kernel.seize(pid);
  if (error == 0 && write(pipe.write_end.get(), "", 1) != 1) error = -errno;
  if (error == 0) return std::nullopt;
  kill(pid, SIGKILL);
  reap(pid);
  const auto failed = static_cast<Stage>(int{child.stage});
  return failed == Stage::none ? Failure{Stage::trace, -error} : Failure{failed, child.os_errno, child.step};
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

// The signal that ends whoever makes that clone, or 0.
int deadly_clone(int flags) {
  const auto attempt = [](void* argument) {
    alignas(16) std::array<char, 4096> stack;
    const pid_t child = ::clone([](void*) { return 0; }, stack.data() + stack.size(),
                                *static_cast<int*>(argument) | CLONE_VM | CLONE_VFORK, nullptr);
    if (child > 0) reap(child);
    return 0;
  };
  return under_filter() && is_deadly(attempt, &flags) ? SIGSYS : 0;
}

// The SIGSYS that ended a child which never executed; it is still to be waited for.
int killed_on_the_way(pid_t child, int reached) {
  if (reached == static_cast<int>(Stage::exec)) return 0;
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) != 0)
    if (errno != EINTR) return 0;
  return (info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED) && info.si_status == SIGSYS ? SIGSYS : 0;
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

namespace {

tl::expected<Launched, Failure> launch_with(const Plan& plan, const SignalBlock& signals, bool traced,
                                            const Kernel& kernel, Cgroups& cgroups) {
  if (signals.error() != 0) return tl::unexpected(Failure{Stage::signals, signals.error()});
  const std::vector<char*> argv = pointers(plan.argv), environment = pointers(plan.environment);
  std::vector<std::string> script{"sh", plan.program};
  if (plan.argv.size() > 1) script.insert(script.end(), plan.argv.begin() + 1, plan.argv.end());
  const std::vector<char*> script_argv = pointers(script);

  void* const place = mmap(nullptr, sizeof(ChildMemory), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) return tl::unexpected(Failure{Stage::memory, errno});
  std::unique_ptr<ChildMemory, ChildMemoryDeleter> memory(new (place) ChildMemory);
  memory->program_status = kNoStatus;
  memory->program_executed = true;
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
  if (const auto failure = prepare(plan.seals, kernel, cgroups)) return tl::unexpected(*failure);
  const int flags = clone_flags(plan.seals, traced);
  if (const int signal = deadly_clone(flags); signal != 0) return tl::unexpected(Failure{Stage::clone, 0, 0, signal});
  begin(*memory, Stage::clone);
  const pid_t pid = kernel.clone(child_body, memory->stack.data() + memory->stack.size(), flags, memory.get());
  if (pid < 0) return tl::unexpected(Failure{Stage::clone, -pid});
  if (traced)
    if (const auto failure = start_traced(pid, *memory, tracing, kernel)) return tl::unexpected(*failure);
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
  const int reached = memory->reached;
  Launched launched(pid, std::move(memory), plan.seals.init);
  if (traced) {
    launched.keep(std::move(status.read_end));
    return launched;
  }
  if (const Failure failure = launched.failure(killed_on_the_way(pid, reached)); failure.stage != Stage::none) {
    reap(pid);
    return tl::unexpected(failure);
  }
  return launched;
}

}  // namespace

tl::expected<Launched, Failure> launch(const Plan& plan, const SignalBlock& signals, bool traced,
                                       const Kernel& kernel) {
  Cgroups cgroups;
  auto launched = launch_with(plan, signals, traced, kernel, cgroups);
  if (launched)
    launched->keep(std::move(cgroups));
  else
    launched.error().left = cgroups.remove();
  return launched;
}

}  // namespace callgate::sandbox
