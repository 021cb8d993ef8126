// How far a profile is from Docker's default, call by call: points for what it grants beyond that and, negative, for
// what it denies beyond it. A dangerous call weighs more than others. Sums of integers: the reasons add up.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "arch/calls.h"
#include "lint/ask.h"
#include "lint/facts.h"
#include "lint/subject.h"

namespace callgate::lint {

namespace {

// Points of a call that is granted for all arguments; half of them where for some.
int weight_of(std::string_view call, const Risk*& risk) {
  for (const Risk& each : risks())
    for (const RiskCall& dangerous : each.calls)
      if (dangerous.call == call && dangerous.arg < 0) {
        risk = &each;
        return each.level == Level::error ? 40 : each.level == Level::warning ? 20 : 6;
      }
  return 2;
}

struct Bundle {
  int points = 0;
  std::vector<std::string> calls;
};

int half_or_all(Granted how, int weight) {
  return how.all ? weight : how.some ? weight / 2 : 0;
}

format::Profile docker_default(const Subject& subject) {
  format::ReadOptions options = subject.options.reading;
  options.as = format::Engine::docker;
  options.native = subject.primary;
  options.architectures.clear();
  options.strict = options.origins = false;
  base::Diagnostics ignored;
  auto profile = format::builtin_profile("docker-default", options, ignored);
  return profile ? std::move(*profile) : format::Profile{};
}

void add(Score& out, int points, std::string text) {
  if (points == 0) return;
  out.points += points;
  out.reasons.push_back({points, std::move(text)});
}

}  // namespace

Score score(const Subject& subject) {
  const format::Profile docker = docker_default(subject);
  std::map<std::string_view, Bundle> risky_more, risky_less;
  Bundle more, less;
  policy::SyscallNr last = ~policy::SyscallNr{0};
  for (const arch::CallEntry& entry : arch::table(subject.primary)) {
    if (std::exchange(last, entry.nr) == entry.nr) continue;
    const std::string_view name = arch::name(entry.name);
    const Risk* risk = nullptr;
    const int weight = weight_of(name, risk);
    const int points = half_or_all(how_granted(subject.policy(), subject.primary, entry.nr), weight) -
                       half_or_all(how_granted(docker.policy, subject.primary, entry.nr), weight);
    if (points == 0) continue;
    Bundle& bundle =
        risk == nullptr ? (points > 0 ? more : less) : (points > 0 ? risky_more[risk->title] : risky_less[risk->title]);
    bundle.points += points;
    bundle.calls.emplace_back(name);
  }
  Score out;
  for (const auto& [title, each] : risky_more)
    add(out, each.points, fmt::format("{}: grants {} beyond Docker's default", title, join(each.calls)));
  add(out, more.points, fmt::format("grants {} beyond Docker's default", join(more.calls, 6)));
  const policy::Call unknown{arch::info(subject.primary).audit, 0x3fff, {}};
  if (policy::grants(policy::evaluate(subject.policy(), unknown)))
    add(out, 50, "lets through calls that have no name yet");
  for (const auto& [title, each] : risky_less)
    add(out, each.points, fmt::format("{}: denies {}, which Docker's default grants", title, join(each.calls)));
  add(out, less.points, fmt::format("denies {}, which Docker's default grants", join(less.calls, 6)));
  std::stable_sort(out.reasons.begin(), out.reasons.end(),
                   [](const Reason& a, const Reason& b) { return a.points > b.points; });
  return out;
}

}  // namespace callgate::lint
