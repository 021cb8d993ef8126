// What closing promises: what was seen is admitted, whatever else is; more runs never take anything away.
// SPDX-License-Identifier: Apache-2.0
#include "closure/close.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "closure/need.h"
#include "closure/pins.h"
#include "policy/algebra.h"
#include "sample.h"

namespace callgate::closure {
namespace {

using policy::Action;
using recording::Recording;
using testing::HasSubstr;

Closure closed(Recording recording, Pinning pinning = Pinning::risky) {
  Options options;
  options.pinning = pinning;
  return close(recording, options);
}

Action answer(const policy::Policy& policy, std::string_view name, std::array<std::uint64_t, 6> args = {},
              arch::Arch arch = arch::Arch::x86_64) {
  return policy::evaluate(policy, {arch::info(arch).audit, nr(name, arch), args});
}

// Values that the run may have had there: those it kept; any at all where it kept none.
std::uint64_t seen_value(const recording::Call& call, recording::Phase phase, std::uint8_t place,
                         std::mt19937_64& random) {
  for (const recording::Argument& each : call.arguments)
    if (each.place == place && each.phase == phase && !each.any) return each.values[random() % each.values.size()];
  return random();
}

void expect_admitted(const Recording& recording, const Closure& closure, std::mt19937_64& random) {
  const policy::Policy whole = need(closure, std::nullopt), serving = need(closure, Phase::serving);
  const policy::Policy shutdown = need(closure, Phase::shutdown);
  const policy::Policy core = need_of_core(closure, Phase::startup);
  for (const recording::Run& run : recording.runs)
    for (const recording::Call& made : run.calls)
      for (std::size_t phase = 0; phase < recording::kPhaseCount; ++phase) {
        const bool nowhere = !made.seen[0] && !made.seen[1] && !made.seen[2];
        if (!made.seen[phase] && !nowhere) continue;
        policy::Call call{made.audit, made.nr, {}};
        for (std::uint8_t place = 0; place < 6; ++place)
          call.args[place] = seen_value(made, static_cast<recording::Phase>(phase), place, random);
        EXPECT_EQ(policy::evaluate(whole, call), policy::kAllow) << made.nr;
        EXPECT_EQ(policy::evaluate(core, call), policy::kAllow) << made.nr;
        if (phase >= 1) {
          EXPECT_EQ(policy::evaluate(serving, call), policy::kAllow) << made.nr;
        }
        if (phase == 2) {
          EXPECT_EQ(policy::evaluate(shutdown, call), policy::kAllow) << made.nr;
        }
      }
}

TEST(Close, AdmitsEveryCallThatWasSeen) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    const Recording recording = random_recording(random);
    for (const Pinning pinning : {Pinning::none, Pinning::risky, Pinning::all}) {
      SCOPED_TRACE(testing::Message() << round << ' ' << static_cast<int>(pinning));
      expect_admitted(recording, closed(recording, pinning), random);
    }
    if (HasFailure()) return;
  }
}

TEST(Close, MoreRunsTakeNothingAway) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 200; ++round) {
    const Recording few = random_recording(random);
    Recording more = random_recording(random);
    more.runs.insert(more.runs.begin(), few.runs.begin(), few.runs.end());
    for (const Pinning pinning : {Pinning::none, Pinning::risky, Pinning::all}) {
      const Closure a = closed(few, pinning), b = closed(more, pinning);
      for (const std::optional<Phase> phase :
           {std::optional<Phase>(), std::optional(Phase::serving), std::optional(Phase::shutdown)})
        EXPECT_FALSE(policy::first_excess(need_of_core(a, phase), need_of_core(b, phase))) << round;
    }
    if (HasFailure()) return;
  }
}

TEST(Close, WiderPinningGrantsMoreAndEachPhaseIsPartOfTheOneBefore) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    const Recording recording = random_recording(random);
    const Closure all = closed(recording, Pinning::all), risky = closed(recording),
                  none = closed(recording, Pinning::none);
    EXPECT_FALSE(policy::first_excess(need(all, {}), need(risky, {}))) << round;
    EXPECT_FALSE(policy::first_excess(need(risky, {}), need(none, {}))) << round;
    EXPECT_FALSE(policy::first_excess(need(risky, Phase::serving), need(risky, Phase::startup))) << round;
    EXPECT_FALSE(policy::first_excess(need(risky, Phase::shutdown), need(risky, Phase::serving))) << round;
    EXPECT_FALSE(policy::first_excess(need_of_core(risky, {}), need(risky, {}))) << round;
    if (HasFailure()) return;
  }
}

TEST(Close, ShutdownStandsApartAndServingGrantsIt) {
  const Closure closure = closed({{run_of({call("read", 3, 1), call("unlink", 0, 0, arch::Arch::x86_64, 2)})}});
  EXPECT_EQ(closure.find(Phase::serving, kNative, nr("unlink")), nullptr);
  ASSERT_NE(closure.find(Phase::shutdown, kNative, nr("unlink")), nullptr);
  EXPECT_EQ(closure.find(Phase::shutdown, kNative, nr("unlink"))->evidence.count, 2U);
  EXPECT_EQ(closure.find(Phase::shutdown, kNative, nr("read")), nullptr);
  EXPECT_NE(closure.find(Phase::shutdown, kNative, nr("exit_group")), nullptr);
  EXPECT_EQ(answer(need(closure, Phase::serving), "unlink"), policy::kAllow) << "no filter can be taken back";
  EXPECT_EQ(answer(need(closure, Phase::shutdown), "unlink"), policy::kAllow);
  EXPECT_EQ(answer(need(closure, Phase::shutdown), "read"), policy::make_errno(1));
  EXPECT_EQ(origins(closure, Phase::serving).at("unlink"), "observed at shutdown");
  EXPECT_EQ(origins(closure, {}).at("read"), "observed at startup and while serving");
}

TEST(Close, TellsWhatIsNotKnownOfAShutdown) {
  const auto notes = [](const Closure& closure) { return testing::PrintToString(closure.notes); };
  recording::Run run = run_of({call("read", 1, 1)});
  EXPECT_THAT(notes(closed({{run}})), HasSubstr("no run saw a server that was told to end"));
  recording::Run early = run;
  early.blind = {recording::Blind::shutdown};
  EXPECT_THAT(notes(closed({{run, early}})), HasSubstr("a recording of an earlier version"));
  run.calls.push_back(call("unlink", 0, 0, arch::Arch::x86_64, 1));
  EXPECT_THAT(notes(closed({{run}})), testing::Not(HasSubstr("told to end")));
  EXPECT_THAT(notes(closed({{run_of({call("read", 1, 0)})}})), testing::Not(HasSubstr("told to end")));
}

TEST(Close, AddsWhatNoProgramLivesWithout) {
  const Closure closure = closed({{run_of({call("read", 3, 0), call("sendto", 0, 2)})}});
  const policy::Policy startup = need(closure, Phase::startup), serving = need(closure, Phase::serving);
  for (const char* const name : {"rt_sigreturn", "restart_syscall", "exit", "exit_group"}) {
    EXPECT_EQ(answer(startup, name), policy::kAllow) << name;
    EXPECT_EQ(answer(serving, name), policy::kAllow) << name;
    const Entry* const entry = closure.find(Phase::serving, kNative, nr(name));
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->origin, Origin::kernel);
    EXPECT_FALSE(entry->why.empty());
  }
  EXPECT_EQ(answer(startup, "execve"), policy::kAllow);
  EXPECT_EQ(answer(serving, "execve"), policy::make_errno(1));
  EXPECT_EQ(answer(serving, "read"), policy::make_errno(1));
  EXPECT_EQ(answer(startup, "sendto"), policy::kAllow);
}

TEST(Close, KeepsFallbacksTogether) {
  const Closure closure = closed({{run_of({call("clone3", 1, 0), call("faccessat", 1, 1)})}});
  const Entry* const clone = closure.find(Phase::startup, kNative, nr("clone"));
  ASSERT_NE(clone, nullptr);
  EXPECT_EQ(clone->origin, Origin::fallback);
  EXPECT_THAT(clone->why, HasSubstr("clone3"));
  EXPECT_EQ(closure.find(Phase::serving, kNative, nr("clone")), nullptr);
  // The other way round the newer call must fail so that its caller falls back.
  EXPECT_EQ(answer(need(closure, {}), "faccessat2"), policy::make_errno(38));
  Options without;
  without.fallbacks = false;
  EXPECT_EQ(close({{run_of({call("clone3", 1, 0)})}}, without).find(Phase::startup, kNative, nr("clone")), nullptr);
}

TEST(Close, RuntimesCallsAreTagged) {
  Options options;
  options.runtimes = {{"runc", false}};
  const Closure closure = close({{run_of({call("read", 1, 0)})}}, options);
  const Entry* const capset = closure.find(Phase::startup, kNative, nr("capset"));
  ASSERT_NE(capset, nullptr);
  EXPECT_EQ(capset->origin, Origin::runtime);
  EXPECT_THAT(capset->why, HasSubstr("runc"));
  EXPECT_EQ(closure.find(Phase::startup, kNative, nr("read"))->origin, Origin::observed);
  EXPECT_EQ(closure.find(Phase::serving, kNative, nr("capset")), nullptr);
}

TEST(Close, WhatARecordedRuntimeCalledUnderTheFilter) {
  recording::Run run = run_of({call("read", 1, 0)});
  run.runtime = {{kNative, nr("capset"), true}, {kNative, nr("mount"), false}};
  const Closure closure = closed({{run}});
  ASSERT_NE(closure.find(Phase::startup, kNative, nr("capset")), nullptr);
  EXPECT_EQ(closure.find(Phase::startup, kNative, nr("capset"))->origin, Origin::runtime);
  EXPECT_EQ(closure.find(Phase::startup, kNative, nr("mount")), nullptr);
}

// What the program asks of prctl is not what runc does, and clone does what clone3 was asked for.
TEST(Close, WhatOthersCallIsNotHeldToTheProgramsArguments) {
  recording::Call prctl = call("prctl", 1, 1), clone = call("clone", 1, 0);
  prctl.arguments = {{0, recording::Phase::start, false, {15}, {}, {}},
                     {0, recording::Phase::serving, false, {15}, {}, {}}};
  clone.arguments = {{0, recording::Phase::start, false, {17}, 17, ~std::uint64_t{17}}};
  Options options;
  options.runtimes = {{"runc", false}};
  const Closure closure = close({{run_of({prctl, clone, call("clone3", 1, 0)}, true)}}, options);
  EXPECT_TRUE(closure.find(Phase::startup, kNative, nr("prctl"))->pins.empty());
  EXPECT_FALSE(closure.find(Phase::serving, kNative, nr("prctl"))->pins.empty());
  EXPECT_TRUE(closure.find(Phase::startup, kNative, nr("clone"))->pins.empty());
}

TEST(Close, OtherArchitecturesHaveWhatTheyNeed) {
  const Closure closure = closed({{run_of({call("read", 1, 0), call("write", 1, 0, arch::Arch::x86)})}});
  const policy::Policy policy = need(closure, {});
  EXPECT_EQ(answer(policy, "sigreturn", {}, arch::Arch::x86), policy::kAllow);
  EXPECT_EQ(answer(policy, "write", {}, arch::Arch::x86), policy::kAllow);
  EXPECT_EQ(answer(policy, "write"), policy::make_errno(1));
  EXPECT_EQ(answer(policy, "read", {}, arch::Arch::aarch64), policy::kKillThread);
}

TEST(Close, ArgumentsAreHeldFastWhereTheyWereSeen) {
  recording::Call socket = call("socket", 1, 0);
  socket.arguments = {values(0, {1, 2}), values(1, {0x80001}), values(2, {0})};
  const policy::Policy policy = need(closed({{run_of({socket}, true)}}), {});
  EXPECT_EQ(answer(policy, "socket", {2, 1, 0}), policy::kAllow);
  EXPECT_EQ(answer(policy, "socket", {2, 0x801, 6}), policy::kAllow) << "SOCK_NONBLOCK and the protocol are free";
  EXPECT_EQ(answer(policy, "socket", {0xffffffff00000002, 1, 0}), policy::kAllow) << "the kernel looks at 32 bits";
  EXPECT_EQ(answer(policy, "socket", {16, 1, 0}), policy::make_errno(1));
  EXPECT_EQ(answer(policy, "socket", {2, 3, 0}), policy::make_errno(1));
}

TEST(Close, FallbacksAreNeededWhereTheNewerCallIsNotToBeHad) {
  const Closure closure = closed({{run_of({call("clone3", 1, 0)})}});
  policy::Policy grant = policy::constant(policy::kAllow);
  EXPECT_EQ(under(closure, grant).find(Phase::startup, kNative, nr("clone")), nullptr);
  grant = policy::constant(policy::make_errno(38));
  const Closure without = under(closure, grant);
  EXPECT_EQ(without.find(Phase::startup, kNative, nr("clone3")), nullptr);
  EXPECT_EQ(answer(need_of_core(without, {}), "clone", {0x11}), policy::kAllow);
  EXPECT_EQ(answer(need_of_core(without, {}), "clone", {0x10000011}), policy::kKillProcess);
  grant = policy::constant(policy::make_errno(1));
  EXPECT_NE(under(closure, grant).find(Phase::startup, kNative, nr("clone3")), nullptr);
}

TEST(Close, AsCompiledHasNothingInUpperHalves) {
  recording::Call socket = call("socket", 1, 0);
  socket.arguments = {values(0, {2}), values(1, {1})};
  const policy::Policy policy = need(as_compiled(closed({{run_of({socket}, true)}})), {});
  EXPECT_EQ(answer(policy, "socket", {2, 0x80001, 0}), policy::kAllow);
  EXPECT_EQ(answer(policy, "socket", {0x100000002, 1, 0}), policy::make_errno(1));
}

TEST(Close, NeverCutsWhatIsOpen) {
  recording::Call socket = call("socket", 1, 0), wide = socket, other = call("socket", 1, 0);
  socket.arguments = {values(0, {1})};
  wide.arguments = {values(0, {})};
  wide.arguments[0].any = true;
  recording::Run known = run_of({call("read", 1, 0)});
  known.known = 1;
  const recording::Run narrow = run_of({socket}, true);
  const Recording open[] = {
      {{narrow, run_of({wide}, true)}},   // too many values
      {{narrow, run_of({other}, true)}},  // a run that kept none of them
      {{narrow, run_of({other})}},        // a run without arguments
      {{narrow, known}},                  // one that let the call pass unseen
  };
  for (const Recording& each : open)
    EXPECT_EQ(answer(need(closed(each, Pinning::all), {}), "socket", {16, 3, 0}), policy::kAllow);
  recording::Call read = call("read", 1, 0);
  read.arguments = {values(1, {4096})};  // a pointer
  EXPECT_EQ(answer(need(closed({{run_of({read}, true)}}, Pinning::all), {}), "read", {0, 8192, 0}), policy::kAllow);
  recording::Call mmap = call("mmap", 1, 0, arch::Arch::x86);  // takes a pointer to its arguments
  mmap.arguments = {values(2, {1})};
  EXPECT_EQ(answer(need(closed({{run_of({mmap}, true)}}, Pinning::all), {}), "mmap", {0, 0, 7}, arch::Arch::x86),
            policy::kAllow);
}

TEST(Close, FlagsAreAnyOfTheBitsSeen) {
  recording::Call clone = call("clone", 2, 0);
  clone.arguments = {values(0, {0x1200011, 0x3d0f00})};
  clone.arguments[0].ever_set = 0x1200011 | 0x3d0f00;
  const policy::Policy policy = need(closed({{run_of({clone}, true)}}), {});
  EXPECT_EQ(answer(policy, "clone", {0x1000000}), policy::kAllow);
  EXPECT_EQ(answer(policy, "clone", {0x3d0f00 | 17}), policy::kAllow) << "the exit signal is free";
  EXPECT_EQ(answer(policy, "clone", {0x10000000 | 17}), policy::make_errno(1)) << "CLONE_NEWUSER";
}

TEST(Close, ManyCombinationsAreLeftOpen) {
  recording::Call call_of_many = call("socket", 1, 0);
  call_of_many.arguments = {values(0, {1, 2, 3, 4, 5, 6}), values(1, {0, 1, 2, 3, 4, 5, 6}), values(2, {1})};
  const Closure closure = closed({{run_of({call_of_many}, true)}}, Pinning::all);
  const std::vector<Pin>& pins = closure.find(Phase::startup, kNative, nr("socket"))->pins;
  ASSERT_EQ(pins.size(), 2U);
  EXPECT_EQ(pins[0].place, 0);
  EXPECT_EQ(pins[1].place, 2);
  EXPECT_LE(combinations(pins), kMostCombinations);
}

TEST(Close, ProgramsExecutedWhileServingStartThen) {
  const Closure closure = closed({{run_of({call("brk", 3, 0), call("execve", 0, 1), call("sendto", 0, 1)})}});
  EXPECT_EQ(answer(need(closure, Phase::serving), "brk"), policy::kAllow);
  EXPECT_THAT(closure.notes, testing::Contains(HasSubstr("executed while serving")));
}

TEST(Close, ARunThatLetCallsPassSaysNothingOfPhases) {
  recording::Run first = run_of({call("listen", 1, 0), call("sendto", 1, 0)}), second = run_of({call("brk", 1, 0)});
  second.known = 2;
  const Closure closure = closed({{first, second}});
  EXPECT_EQ(answer(need(closure, Phase::serving), "sendto"), policy::kAllow);
  EXPECT_THAT(closure.notes, testing::Contains(HasSubstr("pass unseen")));
}

TEST(Close, Evidence) {
  recording::Run first = run_of({call("read", 3, 2)}), second = run_of({call("read", 4, 0)});
  second.images = {{1, "/bin/sh", "", "", 1, 0}};
  const Closure closure = closed({{first, second}});
  const Entry* const startup = closure.find(Phase::startup, kNative, nr("read"));
  ASSERT_NE(startup, nullptr);
  EXPECT_EQ(startup->evidence.count, 7U);
  EXPECT_EQ(startup->evidence.runs, 2U);
  EXPECT_THAT(startup->evidence.programs, testing::ElementsAre("/bin/sh", "/usr/bin/web"));
  EXPECT_EQ(reason(*startup), "made 7 times by sh, web; reading and writing");
  EXPECT_EQ(closure.find(Phase::serving, kNative, nr("read"))->evidence.count, 2U);
}

TEST(Close, RefusedCalls) {
  recording::Call mount = call("mount", 0, 0), open = call("openat", 2, 0);
  mount.seen[0] = true;
  mount.denied = open.denied = -1;
  const Closure closure = closed({{run_of({mount, open})}});
  EXPECT_TRUE(closure.find(Phase::startup, kNative, nr("mount"))->evidence.refused);
  EXPECT_FALSE(closure.find(Phase::startup, kNative, nr("openat"))->evidence.refused);
}

TEST(Close, Capabilities) {
  recording::Run run = run_of({call("chown", 1, 0), call("mmap", 1, 0), call("mount", 1, 0)});
  const recording::First first{1, 2, 3, 1, recording::Phase::start, "web"};
  run.capabilities = {{0, true, std::pair{kNative, nr("chown")}, first},
                      {21, true, std::pair{kNative, nr("mmap")}, first},
                      {21, true, {}, first},
                      {12, false, std::pair{kNative, nr("mount")}, first}};
  const Closure closure = closed({{run}});
  ASSERT_TRUE(closure.capabilities);
  ASSERT_EQ(closure.capabilities->size(), 3U);
  EXPECT_EQ((*closure.capabilities)[0].name, "CAP_CHOWN");
  EXPECT_EQ((*closure.capabilities)[0].caution, "");
  EXPECT_NE((*closure.capabilities)[1].caution, "");
  EXPECT_NE((*closure.capabilities)[2].caution, "");
  run.capabilities = {{21, true, std::pair{kNative, nr("mount")}, first}};
  EXPECT_EQ((*closed({{run}}).capabilities)[0].caution, "") << "a mount needs it";
  run.capabilities = {{21, true, std::pair{kNative, nr("clone")}, first}};
  run.calls.push_back(call("clone", 1, 0));
  EXPECT_NE((*closed({{run}}).capabilities)[0].caution, "") << "asked for each child";
  run.calls.back().namespaces = true;
  EXPECT_EQ((*closed({{run}}).capabilities)[0].caution, "") << "new namespaces need it";
  run.blind = {recording::Blind::capabilities};
  EXPECT_FALSE(closed({{run}}).capabilities);
}

TEST(Close, IncompleteRunsAreCounted) {
  recording::Run run = run_of({call("read", 1, 0)});
  EXPECT_EQ(incomplete_reason(run), "");
  run.losses = {{"tasks", 3}, {"values", 0}};
  recording::settle(run);
  EXPECT_EQ(incomplete_reason(run), "lost: 3 tasks");
  EXPECT_EQ(closed({{run}}).incomplete(), 1U);
  run.losses.clear();
  run.finished = false;
  recording::settle(run);
  EXPECT_THAT(incomplete_reason(run), HasSubstr("ended before"));
}

}  // namespace
}  // namespace callgate::closure
