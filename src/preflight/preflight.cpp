// SPDX-License-Identifier: Apache-2.0
#include "preflight/preflight.h"

#include <algorithm>
#include <array>

#include "arch/calls.h"

namespace callgate::preflight {

std::string_view name(Stage stage) {
  constexpr std::array<std::string_view, 5> kNames{"runtime", "exec", "loading", "running", "serving"};
  return kNames[static_cast<std::size_t>(stage)];
}

Verdict judge(const policy::Policy& policy, const policy::Call& call, std::uint8_t known) {
  const auto& runs = policy.runs_for(call.audit);
  const policy::Decision& decision = policy.decisions[runs[policy::Policy::find_run(runs, call.nr)].decision];
  std::vector<policy::Action> possible;
  const auto add_clause = [&](const policy::Clause& clause) {
    bool sure = true;
    for (const policy::Condition& condition : clause.conditions) {
      if ((known >> condition.arg & 1U) == 0)
        sure = false;
      else if (!policy::holds(condition, call.args[condition.arg]))
        return false;
    }
    possible.push_back(clause.action);
    return sure;
  };
  if (std::none_of(decision.clauses.begin(), decision.clauses.end(), add_clause))
    possible.push_back(decision.otherwise);
  const policy::Action worst = *std::min_element(possible.begin(), possible.end());
  const bool certain = std::all_of(possible.begin(), possible.end(), [&](policy::Action a) { return a == worst; });
  return {worst, certain};
}

namespace {

// What loaders and C libraries call before `main`; that a call is none of these ends the loading, wherever it is made.
constexpr std::array<std::string_view, 26> kLoading{
    "access",  "arch_prctl", "brk",        "close",  "fcntl",           "fstat",
    "fstat64", "getrandom",  "gettid",     "mmap",   "mmap2",           "mprotect",
    "munmap",  "newfstatat", "open",       "openat", "pread64",         "prlimit64",
    "read",    "readlink",   "readlinkat", "rseq",   "set_robust_list", "set_tid_address",
    "statx",   "ugetrlimit"};
// What C libraries do by an older call where the kernel answers ENOSYS.
constexpr std::array<std::string_view, 7> kReplaced{"clone3",    "close_range", "epoll_pwait2", "faccessat2",
                                                    "fchmodat2", "rseq",        "statx"};
constexpr std::array<std::string_view, 3> kServing{"accept", "accept4", "listen"};

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const arch::StartupCall* find(std::span<const arch::StartupCall> calls, std::string_view name) {
  const auto found = std::find_if(calls.begin(), calls.end(), [&](const auto& call) { return call.name == name; });
  return found == calls.end() ? nullptr : &*found;
}

}  // namespace

Flight::Life& Flight::life_of(const Event& event) {
  const auto found = lives_.find(event.process);
  if (found != lives_.end()) return found->second;
  const auto parent = lives_.find(event.parent);
  Life life = parent != lives_.end() ? parent->second : Life{};
  return lives_.emplace(event.process, std::move(life)).first->second;
}

Stage Flight::stage_of(Life& life, const Event& event, std::string_view call) const {
  if (call == "execve" || call == "execveat") return Stage::exec;
  if (life.stage == Stage::exec) life.stage = Stage::loading;  // a recording that begins after the exec
  if (life.stage == Stage::loading) {
    const bool from_elsewhere = life.loader_known && event.address != 0 && !life.loader.contains(event.address);
    if (from_elsewhere || !contains(kLoading, call)) life.stage = Stage::running;
  }
  const Stage now = life.stage;
  // What makes a server of it is still the program's preparation.
  if (event.succeeded && contains(kServing, call)) life.stage = Stage::serving;
  return now;
}

void Flight::note(Stage stage, const std::string& program, const Event& event, const Verdict& verdict, bool harmless) {
  const auto same = std::find_if(denials_.begin(), denials_.end(), [&](const Denial& d) {
    return d.stage == stage && d.program == program && d.call.audit == event.call.audit && d.call.nr == event.call.nr &&
           d.verdict.action == verdict.action && d.verdict.certain == verdict.certain;
  });
  if (same != denials_.end()) {
    ++same->count;
    return;
  }
  // What was measured is a refusal by an error, not a kill.
  const bool error = verdict.action.kind == policy::ActionKind::errno_;
  denials_.push_back({stage, program, event.call, event.known, verdict, harmless && error, calls_, 1});
}

void Flight::add_runtime(const arch::RuntimeStartup& runtime) {
  for (const arch::StartupCall& call : runtime.calls) {
    const auto nr = arch::number(arch::Arch::x86_64, call.name);
    if (!nr || call.name == "execve") continue;  // that one is the program's own first call
    Event event;
    event.call = {arch::info(arch::Arch::x86_64).audit, *nr, {}};
    event.known = 0;
    const Verdict verdict = judge_(event.call, event.known);
    if (verdict.refused()) note(Stage::runtime, std::string(runtime.runtime), event, verdict, !call.needed);
  }
}

void Flight::add(const Event& event) {
  Life& life = life_of(event);
  const std::string_view call = arch::name_of_call(event.call.audit, event.call.nr);
  const Stage stage = stage_of(life, event, call);
  const Verdict verdict = judge_(event.call, event.known);
  if (verdict.refused()) {
    constexpr policy::Action kNoSuchCall = policy::make_errno(38);
    bool harmless = verdict.certain && verdict.action == kNoSuchCall && contains(kReplaced, call);
    if (stage == Stage::loading && !harmless)
      if (const auto* const known = arch::newest_program_startup("glibc", life.loader.end != 0))
        if (const auto* const found = find(known->calls, call)) harmless = !found->needed;
    note(stage, life.program, event, verdict, harmless);
  }
  ++calls_;
}

void Flight::executed(std::uint64_t process, const std::string& program, const sandbox::LoaderRange& loader) {
  // Calls before the exec were made by what stood in its place: a launcher, or a forked copy of the parent.
  Life& life = lives_[process];
  life = Life{Stage::loading, program, loader, loader.end != 0};
  // Its own execve was noted before it had a name.
  for (Denial& denial : denials_)
    if (denial.stage == Stage::exec && denial.program.empty()) denial.program = program;
}

const Denial* Flight::first() const {
  const Denial* uncertain = nullptr;
  for (const Denial& denial : denials_) {
    if (denial.harmless) continue;
    if (denial.verdict.certain) return &denial;
    if (uncertain == nullptr) uncertain = &denial;
  }
  return uncertain;
}

}  // namespace callgate::preflight
