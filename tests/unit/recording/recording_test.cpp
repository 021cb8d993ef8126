// SPDX-License-Identifier: Apache-2.0
#include "recording/recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample.h"

namespace callgate::recording {
namespace {

using testing::ElementsAre;

TEST(Recording, CompleteIsFinishedWithoutLosses) {
  recording::Run run = sample_run();
  EXPECT_TRUE(run.complete);
  run.losses[0].count = 1;
  settle(run);
  EXPECT_FALSE(run.complete);
  run.losses[0].count = 0;
  run.finished = false;
  settle(run);
  EXPECT_FALSE(run.complete);
  run.attached = true;
  settle(run);
  EXPECT_TRUE(run.complete) << "it tells of a time, not of a life";
}

TEST(Recording, MergeAddsCountsAndSorts) {
  recording::Run a = sample_run(), b = sample_run();
  b.calls = {call(257, 1, 0), call(0, 5, 0)};
  const auto calls = merge_calls({{a, b}});
  ASSERT_EQ(calls.size(), 4U);
  EXPECT_EQ(calls[0].audit, kCompat);  // by number of the architecture
  EXPECT_EQ(calls[1].nr, 0U);
  EXPECT_EQ(calls[3].nr, 257U);
  EXPECT_EQ(calls[3].counts[0], 8U);
  EXPECT_TRUE(calls[3].seen[1]);
  EXPECT_EQ(calls[3].denied, -1);  // the other run's call was not denied, but one was
}

TEST(Recording, MergeOfArgumentsIsTheUnion) {
  Argument a{0, Phase::start, false, {1, 3}, 3, 2}, b{0, Phase::start, false, {2, 3}, 4, 1};
  merge(a, b);
  EXPECT_THAT(a.values, ElementsAre(1, 2, 3));
  EXPECT_EQ(a.ever_set, 7U);
  EXPECT_EQ(a.ever_clear, 3U);
  b.ever_set.reset();
  merge(a, b);
  EXPECT_FALSE(a.ever_set) << "one side knows no bits: none are known";
}

TEST(Recording, TooManyValuesAreAny) {
  Argument a, b;
  for (std::uint64_t i = 0; i < kMostValues; ++i) a.values.push_back(i);
  Argument same = a;
  merge(same, a);
  EXPECT_FALSE(same.any);
  b.values = {kMostValues};
  merge(a, b);
  EXPECT_TRUE(a.any);
  EXPECT_TRUE(a.values.empty());
  b.any = false;
  merge(b, a);
  EXPECT_TRUE(b.any) << "any stays any";
}

// A run that kept no arguments says that they may be anything: the other's values must not bound them.
TEST(Recording, RunWithoutArgumentsLeavesThemOpen) {
  recording::Run with = sample_run(), without = sample_run();
  EXPECT_FALSE(merge_calls({{with}})[1].arguments.empty());
  without.with_arguments = false;
  without.calls = {call(41, 1, 0)};
  const auto calls = merge_calls({{with, without}});
  ASSERT_EQ(calls[1].nr, 41U);
  EXPECT_TRUE(calls[1].arguments.empty());
}

TEST(Recording, Names) {
  EXPECT_EQ(call_name(kNative, 257), "openat");
  EXPECT_EQ(call_name(kCompat, 1), "exit");
  EXPECT_EQ(call_name(kNative, 999), "#999");
  EXPECT_EQ(capability_name(21), "CAP_SYS_ADMIN");
  EXPECT_EQ(capability_name(63), "CAP_63");
  for (const Phase phase : {Phase::start, Phase::serving, Phase::shutdown}) EXPECT_EQ(find_phase(name(phase)), phase);
  for (const Source source : {Source::ebpf, Source::ptrace}) EXPECT_EQ(find_source(name(source)), source);
  for (const Blind blind : {Blind::denied, Blind::vsyscalls, Blind::io_uring, Blind::capabilities, Blind::shutdown})
    EXPECT_EQ(find_blind(name(blind)), blind);
  for (const ServingAt at : {ServingAt::listen, ServingAt::accept}) EXPECT_EQ(find_serving_at(name(at)), at);
  EXPECT_FALSE(find_phase("startup"));
}

TEST(Recording, CallsThatMustBeExpected) {
  EXPECT_EQ(unseen({9, 1, 5, 5}), std::nullopt) << "too short a time";
  EXPECT_DOUBLE_EQ(unseen({100, 1, 0, 7}).value(), 0.0) << "each came twice at least";
  EXPECT_DOUBLE_EQ(unseen({100, 1, 1, 0}).value(), 0.0);
  EXPECT_DOUBLE_EQ(unseen({10, 1, 5, 1}).value(), 0.9 * 5 * 4 / 4);
}

TEST(Recording, OperationsOfIoUringHaveNames) {
  EXPECT_EQ(uring_name(45), "IORING_OP_SOCKET");
  EXPECT_EQ(uring_name(0), "IORING_OP_NOP");
  EXPECT_EQ(uring_name(62), "IORING_OP_PIPE");
  EXPECT_EQ(uring_name(200), "IORING_OP_200");
}

}  // namespace
}  // namespace callgate::recording
