// SPDX-License-Identifier: Apache-2.0
#include "closure/close.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "arch/calls.h"
#include "arch/startup.h"
#include "closure/facts.h"
#include "closure/pins.h"

namespace callgate::closure {

namespace {

using arch::AuditArch;
using arch::SyscallNr;
using recording::Run;
using Key = std::pair<AuditArch, SyscallNr>;
using From = std::array<bool, recording::kPhaseCount>;

constexpr std::array<std::string_view, 3> kPinnings{"none", "risky", "all"};

std::string program_of(const Run& run, std::uint32_t image) {
  for (const recording::Image& each : run.images)
    if (each.number == image) return each.path;
  return {};
}

Source source_of(const Run& run) {
  Source out{run.id, run.started, run.kernel, run.command, run.arch, incomplete_reason(run), run.known, {}};
  out.with_arguments = run.with_arguments;
  return out;
}

bool is_execve(const recording::Call& call) {
  const std::string_view name = arch::name_of_call(call.audit, call.nr);
  return name == "execve" || name == "execveat";
}

// A child in namespaces of its own: then CAP_SYS_ADMIN, which the kernel asks for at every new child, was needed.
bool makes_namespaces(const Run& run, const std::optional<Key>& key) {
  return key && std::ranges::any_of(run.calls, [&](const recording::Call& call) {
           return call.namespaces && Key{call.audit, call.nr} == *key;
         });
}

class Closer {
 public:
  Closer(const recording::Recording& recording, const Options& options)
      : recording_(recording), options_(options), pins_(recording, options.pinning) {}

  Closure run() {
    for (const Run& run : recording_.runs) {
      out_.sources.push_back(source_of(run));
      archs_.insert(run.arch);
      phases_unknown_ = phases_unknown_ || run.known != 0;
    }
    const std::vector<recording::Call> calls = recording::merge_calls(recording_);
    for (const recording::Call& call : calls) {
      executes_ = executes_ || (is_execve(call) && call.seen[1]);
      if (const auto which = arch::of_call(call.audit, call.nr)) archs_.insert(*which);
    }
    for (const recording::Call& call : calls) observe(call);
    for (const arch::Arch arch : archs_) add_always(arch);
    for (const Run& run : recording_.runs) add_recorded_runtime(run);
    for (const Runtime& runtime : options_.runtimes) add_runtime(runtime);
    if (options_.fallbacks)
      for (const arch::Arch arch : archs_) add_fallbacks(arch);
    for (std::size_t i = 0; i < kPhaseCount; ++i)
      for (auto& [key, entry] : core_[i]) out_.core[i].push_back(std::move(entry));
    add_capabilities();
    add_notes();
    return std::move(out_);
  }

 private:
  // Which recorded phases a phase's core is made of.
  From parts_of(Phase phase) const {
    if (phases_unknown_) return {true, true, true};
    if (phase == Phase::startup) return {true, false, false};
    if (phase == Phase::shutdown) return {false, false, true};
    return {executes_, true, false};
  }

  void observe(const recording::Call& call) {
    for (std::size_t i = 0; i < kPhaseCount; ++i) {
      const From from = parts_of(static_cast<Phase>(i));
      From made{};
      for (std::size_t part = 0; part < made.size(); ++part) made[part] = from[part] && call.seen[part];
      if (std::ranges::find(made, true) == made.end()) continue;
      Entry entry;
      entry.audit = call.audit;
      entry.nr = call.nr;
      entry.pins = pins_.of(call, made);
      entry.evidence = evidence_of(call, from);
      core_[i].emplace(Key{call.audit, call.nr}, std::move(entry));
    }
  }

  Evidence evidence_of(const recording::Call& merged, const From& from) const {
    Evidence out;
    std::set<std::string> programs;
    bool always_refused = true;
    for (std::size_t i = 0; i < recording::kPhaseCount; ++i)
      if (from[i]) out.count += merged.counts[i];
    for (const Run& run : recording_.runs)
      for (const recording::Call& call : run.calls) {
        if (call.audit != merged.audit || call.nr != merged.nr) continue;
        if (out.runs++ == 0) {
          out.thread = call.first.comm;
          out.first_ns = call.first.ns;
        }
        always_refused =
            always_refused && call.denied && std::ranges::count(call.counts, 0U) == std::ssize(call.counts);
        for (const std::uint32_t image : call.images)
          if (std::string path = program_of(run, image); !path.empty()) programs.insert(std::move(path));
      }
    out.programs.assign(programs.begin(), programs.end());
    out.vsyscall = merged.vsyscall;
    out.refused = always_refused && merged.denied.has_value();
    return out;
  }

  // One that was observed stays so, but its arguments are those of others, too.
  void add(Phase phase, arch::Arch arch, std::string_view call, Origin origin, std::string why) {
    const auto nr = arch::number(arch, call);
    if (!nr) return;
    Entry entry;
    entry.audit = arch::info(arch).audit;
    entry.nr = *nr;
    entry.origin = origin;
    entry.why = std::move(why);
    place(phase, std::move(entry));
  }

  void place(Phase phase, Entry entry) {
    const Key key{entry.audit, entry.nr};
    const auto [at, fresh] = core_[static_cast<std::size_t>(phase)].emplace(key, std::move(entry));
    if (!fresh) at->second.pins.clear();
  }

  void add_always(arch::Arch arch) {
    for (const Always& each : always()) {
      for (const Phase phase : kAllPhases)
        if (phase == Phase::startup || !each.startup_only)
          add(phase, arch, each.call, Origin::kernel, std::string(each.why));
    }
  }

  // What a container's own runtime was seen to call under its filter.
  void add_recorded_runtime(const Run& run) {
    for (const recording::RuntimeCall& call : run.runtime) {
      if (!call.filtered) continue;
      Entry entry;
      entry.audit = call.audit;
      entry.nr = call.nr;
      entry.origin = Origin::runtime;
      entry.why = "the container's runtime called it under the filter";
      place(Phase::startup, std::move(entry));
    }
  }

  void add_runtime(const Runtime& runtime) {
    const arch::RuntimeStartup* const startup = arch::newest_runtime_startup(runtime.name, runtime.no_new_privileges);
    if (startup == nullptr || !archs_.contains(arch::Arch::x86_64)) return;
    for (const arch::StartupCall& call : startup->calls)
      add(Phase::startup, arch::Arch::x86_64, call.name, Origin::runtime,
          fmt::format("{} {} calls it before it executes the program", runtime.name, startup->version));
  }

  // Arguments that hold for the newer call are none of the older one's.
  void add_fallbacks(arch::Arch arch) {
    for (const Fallback& each : fallbacks())
      for (std::size_t i = 0; i < kPhaseCount; ++i) {
        const auto nr = arch::number(arch, each.call);
        if (!nr || !core_[i].contains({arch::info(arch).audit, *nr})) continue;
        add(static_cast<Phase>(i), arch, each.old, Origin::fallback,
            fmt::format("callers of {} fall back on it", each.call));
      }
  }

  void add_capabilities() {
    std::map<std::pair<std::string, std::string>, Capability> found;  // by name and caution
    bool seen_by_all = !recording_.runs.empty();
    for (const Run& run : recording_.runs) {
      // One that tells only what was refused adds calls to what other runs saw in full.
      seen_by_all = seen_by_all && (run.only_refused ||
                                    std::ranges::find(run.blind, recording::Blind::capabilities) == run.blind.end());
      for (const recording::Capability& each : run.capabilities) {
        if (!each.granted) continue;
        const std::string name = recording::capability_name(each.number);
        const std::string call = each.call ? recording::call_name(each.call->first, each.call->second) : "";
        const Caution* const caution = makes_namespaces(run, each.call) ? nullptr : find_caution(name, call);
        Capability& into = found[{name, caution == nullptr ? "" : std::string(caution->why)}];
        into.name = name;
        into.caution = caution == nullptr ? "" : std::string(caution->why);
        into.calls.push_back(call.empty() ? "no call" : call);
      }
    }
    if (!seen_by_all) return;
    out_.capabilities.emplace();
    for (auto& [key, capability] : found) {
      std::ranges::sort(capability.calls);
      capability.calls.erase(std::unique(capability.calls.begin(), capability.calls.end()), capability.calls.end());
      out_.capabilities->push_back(std::move(capability));
    }
  }

  void add_notes() {
    if (phases_unknown_)
      out_.notes.emplace_back(
          "a run let known calls pass unseen, so nothing is known of phases and arguments: all phases have all calls");
    else if (executes_)
      out_.notes.emplace_back(
          "programs are executed while serving, and what they make at their start belongs to serving, too");
    add_note_of_shutdown();
    if (!observed(Phase::startup))
      out_.notes.emplace_back("no run saw the start of the program: startup holds what every program needs");
    const auto differs = [&](const Run& run) { return run.serving_at != recording_.runs.front().serving_at; };
    if (std::ranges::any_of(recording_.runs, differs))
      out_.notes.emplace_back(
          "in some runs serving begins with listen, in others with accept: it has the calls of both");
    else if (!recording_.runs.empty() && recording_.runs.front().serving_at == recording::ServingAt::accept)
      out_.notes.emplace_back("serving begins where processes accept or wait for clients: run --switch-at accept");
    bool uring = false;
    for (const Run& run : recording_.runs) uring = uring || !run.uring.empty();
    if (uring) out_.notes.emplace_back("operations went through io_uring, which no filter sees");
    if (!out_.capabilities) out_.notes.emplace_back("a run could not see capabilities, so those needed are not known");
  }

  bool observed(Phase phase) const {
    const auto& core = out_.of(phase);
    return std::ranges::any_of(core, [](const Entry& each) { return each.origin == Origin::observed; });
  }

  void add_note_of_shutdown() {
    const bool blind = std::ranges::any_of(recording_.runs, [](const Run& run) {
      return std::ranges::find(run.blind, recording::Blind::shutdown) != run.blind.end();
    });
    if (blind)
      out_.notes.emplace_back("a recording of an earlier version does not tell a shutdown apart: it counts as serving");
    else if (observed(Phase::serving) && !observed(Phase::shutdown))
      out_.notes.emplace_back(
          "no run saw a server that was told to end (SIGTERM, SIGINT or SIGQUIT), so what that calls is not known");
  }

  const recording::Recording& recording_;
  const Options& options_;
  Pins pins_;
  std::set<arch::Arch> archs_;
  bool phases_unknown_ = false, executes_ = false;
  std::array<std::map<Key, Entry>, kPhaseCount> core_;
  Closure out_;
};

}  // namespace

std::optional<Pinning> find_pinning(std::string_view name) {
  const auto found = std::ranges::find(kPinnings, name);
  return found == kPinnings.end() ? std::nullopt : std::optional(static_cast<Pinning>(found - kPinnings.begin()));
}

std::string incomplete_reason(const Run& run) {
  if (run.complete) return {};
  std::string lost;
  for (const recording::Loss& loss : run.losses)
    if (loss.count != 0) lost += fmt::format("{}{} {}", lost.empty() ? "lost: " : ", ", loss.count, loss.what);
  if (!lost.empty()) return lost;
  return run.finished || run.attached ? "it says so" : "it was ended before the last task had";
}

Closure close(const recording::Recording& recording, const Options& options) {
  // A call that a file puts into no phase may have been made in any.
  recording::Recording all = recording;
  for (Run& run : all.runs)
    for (recording::Call& call : run.calls)
      if (std::ranges::find(call.seen, true) == call.seen.end()) call.seen.fill(true);
  return Closer(all, options).run();
}

}  // namespace callgate::closure
