// SPDX-License-Identifier: Apache-2.0
#include "harden/news.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "closure/need.h"
#include "policy/algebra.h"
#include "record/tally.h"
#include "syntax/words.h"

namespace callgate::harden {

namespace {

closure::Closure of_one(const closure::Entry& entry) {
  closure::Closure out;
  out.core[0].push_back(entry);
  return out;
}

// Arguments are closed one by one, so what is needed has combinations that nobody made. Of an argument with values that
// the profile grants in no combination, those alone.
closure::Entry with_new_values(closure::Entry entry, const policy::Policy& granted) {
  for (closure::Pin& pin : entry.pins) {
    closure::Entry alone = entry;
    std::vector<std::uint64_t> fresh;
    for (const std::uint64_t value : pin.values) {
      alone.pins = {pin};
      alone.pins.front().values = {value};
      const auto common = policy::meet(closure::need_of_core(of_one(alone), std::nullopt), granted);
      if (common && !policy::first_granted(*common)) fresh.push_back(value);
    }
    if (!fresh.empty()) pin.values = std::move(fresh);
  }
  return entry;
}

// The call of the entry that shows it to be refused; nothing if all of it is granted.
std::optional<policy::Call> first_refused(const closure::Entry& entry, const policy::Policy& granted) {
  const auto witness = policy::first_excess(closure::need_of_core(of_one(entry), std::nullopt), granted);
  if (!witness) return std::nullopt;
  const auto clearer =
      policy::first_excess(closure::need_of_core(of_one(with_new_values(entry, granted)), std::nullopt), granted);
  return clearer ? clearer : witness;
}

bool is_observed(const News& news) {
  return news.entry.origin == closure::Origin::observed;
}

}  // namespace

std::vector<News> news(const recording::Run& run, const closure::Options& options, const Grants& granted) {
  recording::Recording alone;
  alone.runs.push_back(run);
  const closure::Closure needed = closure::as_compiled(closure::close(alone, options));
  std::map<std::pair<arch::AuditArch, arch::SyscallNr>, News> found;
  for (const closure::Phase phase : closure::kAllPhases) {
    const policy::Policy& by = phase == closure::Phase::startup ? granted.startup : granted.later;
    const closure::Closure wanted = closure::under(needed, by);
    for (const closure::Entry& entry : wanted.of(phase)) {
      if (found.contains({entry.audit, entry.nr})) continue;
      if (const auto witness = first_refused(entry, by))
        found.emplace(std::pair{entry.audit, entry.nr}, News{entry, *witness, phase});
    }
  }
  std::vector<News> out, added;
  for (auto& [key, each] : found) (is_observed(each) ? out : added).push_back(std::move(each));
  return out.empty() ? added : out;
}

std::string describe(const News& news) {
  const std::string arch = syntax::describe_arch(news.witness.audit, news.witness.nr);
  const std::string native(arch::info(arch::native()).name);
  const std::string call = news.entry.pins.empty() ? recording::call_name(news.entry.audit, news.entry.nr)
                                                   : syntax::describe_call(news.witness);
  return fmt::format("{}{}, {}", arch == native ? "" : arch + " ", call, closure::reason(news.entry));
}

namespace {

// As `closure::close` and readers of recordings expect it of a call that may have been made in any phase.
void put_into_all_phases(recording::Call& call) {
  call.seen.fill(true);
  const std::vector<recording::Argument> once = std::move(call.arguments);
  call.arguments.clear();
  for (const recording::Argument& argument : once)
    for (std::size_t i = 0; i < recording::kPhaseCount; ++i) {
      call.arguments.push_back(argument);
      call.arguments.back().phase = static_cast<recording::Phase>(i);
    }
}

std::int32_t result_of(const why::Denial& denial) {
  constexpr std::int32_t kEnosys = -38;
  if (denial.action && denial.action->kind == policy::ActionKind::errno_)
    return -static_cast<std::int32_t>(denial.action->data);
  return kEnosys;
}

}  // namespace

recording::Run refused_of(recording::Run run) {
  std::erase_if(run.calls, [](const recording::Call& call) { return !call.denied; });
  run.capabilities.clear();
  run.uring.clear();
  run.runtime.clear();
  run.only_refused = true;
  return run;
}

std::vector<News> refused(const recording::Run& run, const closure::Options& options, const Grants& granted) {
  std::vector<News> out = news(run, options, granted);
  recording::Run anywhere = run;
  for (recording::Call& call : anywhere.calls) put_into_all_phases(call);
  const auto known = [&](const News& each) {
    return std::ranges::any_of(out, [&](const News& other) {
      return std::pair(other.entry.audit, other.entry.nr) == std::pair(each.entry.audit, each.entry.nr);
    });
  };
  for (News& each : news(anywhere, options, {granted.later, granted.later})) {
    if (known(each)) continue;
    each.phase = closure::Phase::serving;
    out.push_back(std::move(each));
  }
  std::erase_if(out, [](const News& each) { return !is_observed(each); });
  return out;
}

recording::Run refused_run(recording::Run run, const std::vector<why::Denial>& denials, bool refused) {
  record::Keep keep;
  keep.arguments = true;
  record::Tally tally(keep);
  std::map<std::pair<arch::AuditArch, arch::SyscallNr>, std::pair<std::uint64_t, std::int32_t>> made;
  std::map<std::string, std::uint64_t> processes;  // a number for each program: tally tells them apart by process
  for (const why::Denial& denial : denials) {
    const std::string path = denial.executable.empty() ? denial.program : denial.executable;
    const auto process = static_cast<pid_t>(processes.try_emplace(path, processes.size() + 1).first->second);
    tally.executed(process, denial.program, path, 0);
    tally.called(process, denial.call, 0);
    auto& [count, result] = made.try_emplace({denial.call.audit, denial.call.nr}, 0, result_of(denial)).first->second;
    count += denial.count;
  }
  std::move(tally).finish(run);
  for (recording::Call& call : run.calls) {
    put_into_all_phases(call);
    const auto& [count, result] = made.at({call.audit, call.nr});
    call.counts.fill(0);
    if (!refused) call.counts[0] = count;
    if (refused) call.denied = result;
  }
  run.tasks = processes.size();
  run.with_arguments = run.only_refused = run.finished = true;
  recording::settle(run);
  return run;
}

}  // namespace callgate::harden
