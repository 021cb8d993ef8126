// Whether two phases can be enforced, by what recordings show.
// SPDX-License-Identifier: Apache-2.0
#include "harden/pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "closure/close.h"
#include "closure/need.h"
#include "harden/news.h"
#include "unit/closure/sample.h"

namespace callgate::harden {
namespace {

using closure::call;
using closure::run_of;
using recording::ServingAt;
using testing::HasSubstr;
using testing::IsEmpty;

std::string why_not(const std::vector<recording::Run>& runs, ServingAt at = ServingAt::listen) {
  const recording::Recording all{runs};
  return why_no_pair(all, closure::close(all, {}), at);
}

recording::Run server(std::vector<recording::Call> more = {}) {
  std::vector<recording::Call> calls{call("openat", 3, 0), call("accept4", 0, 2), call("read", 1, 2)};
  calls.insert(calls.end(), more.begin(), more.end());
  return run_of(std::move(calls), true);
}

TEST(Pair, AServer) {
  EXPECT_THAT(why_not({server()}), IsEmpty());
  EXPECT_THAT(why_not({run_of({call("openat", 3, 0)})}), HasSubstr("no run saw it serve"));
  EXPECT_THAT(why_not({run_of({call("openat", 3, 0)}), server()}), IsEmpty());
}

TEST(Pair, RunsThatDoNotTellPhasesSo) {
  recording::Run known = server(), accept = server();
  known.known = 3;
  EXPECT_THAT(why_not({known}), HasSubstr("not told apart"));
  accept.serving_at = ServingAt::accept;
  EXPECT_THAT(why_not({accept}), HasSubstr("with accept, not with listen"));
  EXPECT_THAT(why_not({accept}, ServingAt::accept), IsEmpty());
  EXPECT_EQ(serving_at({{accept, server()}}), ServingAt::accept);
  EXPECT_THAT(why_not({accept, server()}, ServingAt::accept), HasSubstr("with listen, not with accept"));
  recording::Run refused = server();
  refused.only_refused = true;
  EXPECT_THAT(why_not({refused, accept}, ServingAt::accept), IsEmpty()) << "it tells of no phases";
  EXPECT_EQ(serving_at({{refused, accept}}), ServingAt::accept);
}

TEST(Pair, NothingToGain) {
  EXPECT_THAT(why_not({run_of({call("accept4", 1, 2), call("execve", 1, 1)})}), HasSubstr("all that its start does"));
  recording::Call narrow = call("socket", 1, 1);
  narrow.arguments = {closure::values(0, {1, 2}), closure::values(0, {1})};
  narrow.arguments[1].phase = recording::Phase::serving;
  EXPECT_THAT(why_not({run_of({call("execve", 1, 1), call("mmap", 1, 1), narrow}, true)}), HasSubstr("all that"))
      << "what is executed while serving starts while serving";
  EXPECT_THAT(why_not({run_of({call("mmap", 1, 1), narrow}, true)}), IsEmpty()) << "fewer arguments";
}

TEST(Pair, WhatCannotBeSwitched) {
  recording::Call prctl = call("prctl", 1, 0);
  prctl.arguments = {closure::values(0, {15, 22})};
  EXPECT_THAT(why_not({server({call("seccomp", 1, 0)})}), HasSubstr("filters of its own"));
  EXPECT_THAT(why_not({server({prctl})}), HasSubstr("filters of its own"));
  prctl.arguments = {closure::values(0, {15})};
  EXPECT_THAT(why_not({server({prctl})}), IsEmpty());
  EXPECT_THAT(why_not({server({call("ptrace", 1, 0)})}), HasSubstr("traces others"));
  EXPECT_THAT(why_not({server({call("ptrace", 0, 1)})}), IsEmpty());
}

// Each phase by its own profile; of an enforced run what was refused alone, wherever the recorder has it.
TEST(Pair, NewsByPhase) {
  const recording::Recording all{{server()}};
  const closure::Closure closure = closure::close(all, {});
  const policy::Policy first = closure::need(closure, {}), second = closure::need(closure, closure::Phase::serving);
  EXPECT_THAT(news(all.runs[0], {}, {first, second}), IsEmpty());
  recording::Run later = run_of({call("openat", 1, 1), call("seccomp", 0, 1), call("read", 1, 1)});
  const auto found = news(later, {}, {first, second});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].witness.nr, closure::nr("openat"));
  EXPECT_EQ(found[0].phase, closure::Phase::serving);
  later.calls[0].denied = -1;
  const recording::Run denied = refused_of(later);
  EXPECT_TRUE(denied.only_refused);
  const auto refusals = refused(denied, {}, {first, second});
  ASSERT_EQ(refusals.size(), 1U) << "seccomp was let through: it was the tracer's";
  EXPECT_EQ(refusals[0].phase, closure::Phase::serving);
  // In a program that a serving process has executed.
  recording::Run begun = run_of({call("openat", 1, 0)});
  begun.calls[0].denied = -1;
  const auto anew = refused(refused_of(begun), {}, {first, second});
  ASSERT_EQ(anew.size(), 1U);
  EXPECT_EQ(anew[0].phase, closure::Phase::serving);
}

}  // namespace
}  // namespace callgate::harden
