// SPDX-License-Identifier: Apache-2.0
#include "harden/pair.h"

#include <fmt/format.h>

#include <algorithm>

#include "arch/calls.h"
#include "closure/need.h"
#include "policy/algebra.h"

namespace callgate::harden {

namespace {

using recording::Call;

constexpr std::uint64_t kSetSeccomp = 22;  // PR_SET_SECCOMP

bool is(const Call& call, std::string_view name) {
  return arch::name_of_call(call.audit, call.nr) == name;
}

bool sets_filter(const Call& call) {
  if (is(call, "seccomp")) return true;
  return is(call, "prctl") && std::ranges::any_of(call.arguments, [](const recording::Argument& each) {
           return each.place == 0 && std::ranges::find(each.values, kSetSeccomp) != each.values.end();
         });
}

bool observed(const closure::Closure& closure, closure::Phase phase) {
  return std::ranges::any_of(closure.of(phase),
                             [](const closure::Entry& each) { return each.origin == closure::Origin::observed; });
}

}  // namespace

recording::ServingAt serving_at(const recording::Recording& recording) {
  const auto told = std::ranges::find(recording.runs, false, &recording::Run::only_refused);
  return told == recording.runs.end() ? recording::ServingAt::listen : told->serving_at;
}

std::string why_no_pair(const recording::Recording& recording, const closure::Closure& closure,
                        recording::ServingAt at) {
  for (const recording::Run& run : recording.runs) {
    if (run.known != 0) return "a run let known calls pass unseen, so phases are not told apart";
    if (!run.only_refused && run.serving_at != at)
      return fmt::format("in a run serving begins with {}, not with {}", recording::name(run.serving_at),
                         recording::name(at));
  }
  if (!observed(closure, closure::Phase::serving)) return "no run saw it serve";
  for (const Call& call : recording::merge_calls(recording)) {
    if (sets_filter(call)) return "it loads filters of its own, and a thread with one cannot be given another";
    if (is(call, "ptrace") && call.seen[0]) return "it traces others at its start, and would be traced itself";
  }
  if (!policy::first_excess(closure::need(closure, closure::Phase::startup),
                            closure::need(closure, closure::Phase::serving)))
    return "serving needs all that its start does";
  return {};
}

}  // namespace callgate::harden
