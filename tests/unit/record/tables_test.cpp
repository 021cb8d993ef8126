// SPDX-License-Identifier: Apache-2.0
#include "record/tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>

namespace callgate::record {
namespace {

using testing::ElementsAre;

constexpr std::uint32_t kSocket = 41;
constexpr std::size_t cell(std::size_t phase, std::size_t index, std::size_t place) {
  return (phase * RECORDER_CALLS + index) * RECORDER_ARGS + place;
}

struct TablesTest : testing::Test {
  std::unique_ptr<recorder_tables> raw = std::make_unique<recorder_tables>();
  Tables tables;
  TablesTest() {
    std::memset(raw.get(), 0, sizeof *raw);
    tables.tables = raw.get();
    tables.counts.resize(std::size_t{RECORDER_PHASES} * RECORDER_CALLS);
  }
  void see(std::uint32_t index, std::uint32_t phase, std::uint32_t image) {
    raw->seen[image][phase][index] = 1;
    raw->first[index].taken = 1;
    raw->first[index].ns = 1500;
  }
  recording::Run run() const {
    recording::Run out;
    to_run(tables, 1000, out);
    out.finished = true;
    settle(out);
    return out;
  }
};

TEST_F(TablesTest, CallsOfBothArchitecturesInOrder) {
  see(kSocket, 0, 3);
  see(kSocket, 1, 1);
  see(RECORDER_NUMBERS + 1, 1, 2);
  see(kSocket, 2, 1);
  tables.counts[kSocket] = 7;
  tables.counts[2 * RECORDER_CALLS + kSocket] = 4;
  const auto out = run();
  ASSERT_EQ(out.calls.size(), 2U);
  EXPECT_EQ(out.calls[0].audit, 0x40000003U);
  EXPECT_EQ(out.calls[0].nr, 1U);
  EXPECT_THAT(out.calls[0].seen, ElementsAre(false, true, false));
  EXPECT_THAT(out.calls[1].images, ElementsAre(1, 3));
  EXPECT_THAT(out.calls[1].counts, ElementsAre(7, 0, 4));
  EXPECT_EQ(out.calls[1].first.ns, 500U) << "since the run began";
  EXPECT_TRUE(out.complete);
}

TEST_F(TablesTest, ValuesUpToTheMostAndAnythingBeyond) {
  see(kSocket, 0, 1);
  raw->distinct[cell(0, kSocket, 0)] = 2;
  raw->distinct[cell(1, kSocket, 0)] = RECORDER_MOST_VALUES + 1;
  tables.values = {{2, static_cast<std::uint32_t>(cell(0, kSocket, 0)), 0},
                   {1, static_cast<std::uint32_t>(cell(0, kSocket, 0)), 0},
                   {9, static_cast<std::uint32_t>(cell(1, kSocket, 0)), 0}};
  const auto out = run();
  ASSERT_EQ(out.calls[0].arguments.size(), 2U);
  EXPECT_THAT(out.calls[0].arguments[0].values, ElementsAre(1, 2));
  EXPECT_TRUE(out.calls[0].arguments[1].any);
  EXPECT_TRUE(out.calls[0].arguments[1].values.empty());
}

TEST_F(TablesTest, EveryLossMakesItIncomplete) {
  for (__u64* const loss : {&raw->lost.tasks, &raw->lost.odd_numbers, &raw->lost.capabilities}) {
    *loss = 1;
    EXPECT_FALSE(run().complete);
    *loss = 0;
  }
  tables.missed = 1;
  EXPECT_FALSE(run().complete);
  tables.missed = 0;
  raw->lost.images = raw->lost.values = raw->lost.servers = 5;
  EXPECT_TRUE(run().complete) << "then calls are kept without their image, arguments as anything";
}

TEST_F(TablesTest, VsyscallsBesideRealCalls) {
  raw->vsyscalls[0] = 2;  // gettimeofday
  raw->vsyscalls[1] = 1;  // time
  see(201, 0, 1);         // time, by a system call
  const auto out = run();
  ASSERT_EQ(out.calls.size(), 2U);
  EXPECT_EQ(out.calls[0].nr, 96U);
  EXPECT_TRUE(out.calls[0].vsyscall);
  EXPECT_THAT(out.calls[0].seen, ElementsAre(false, true, false));
  EXPECT_FALSE(out.calls[1].vsyscall);
}

TEST_F(TablesTest, OddNumbersCapabilitiesDenials) {
  OddNumber odd{{0x40000027, 0}, {}};
  odd.seen.phases = 6;
  odd.seen.count = 5;
  tables.odd_numbers = {odd};
  tables.capabilities = {{{RECORDER_NO_CALL, 12, 1}, {}}, {{RECORDER_NUMBERS + 5, 7, 0}, {}}};
  see(kSocket, 0, 1);
  raw->denied[kSocket] = {1, -38};
  const auto out = run();
  ASSERT_EQ(out.calls.size(), 2U);
  EXPECT_EQ(out.calls[0].denied, -38);
  EXPECT_EQ(out.calls[1].nr, 0x40000027U);
  EXPECT_THAT(out.calls[1].seen, ElementsAre(false, true, true));
  ASSERT_EQ(out.capabilities.size(), 2U);
  EXPECT_TRUE(out.capabilities[0].granted);
  EXPECT_EQ(out.capabilities[0].call, (std::pair<arch::AuditArch, arch::SyscallNr>(0x40000003, 5)));
  EXPECT_FALSE(out.capabilities[1].call);
}

TEST_F(TablesTest, ImagesWithTextsThatFillTheirPlace) {
  raw->images = 500;  // more than fit
  std::memset(raw->image[1].path, 'x', sizeof raw->image[1].path);
  const auto out = run();
  ASSERT_EQ(out.images.size(), RECORDER_IMAGES - 1U);
  EXPECT_EQ(out.images[0].path, std::string(RECORDER_PATH, 'x'));
}

TEST_F(TablesTest, CallsOfARuntimeStandApart) {
  raw->runtime[0][257] = raw->runtime[1][257] = 1;
  raw->runtime[1][59] = raw->runtime[0][RECORDER_NUMBERS + 3] = 1;
  raw->tasks = 5;
  raw->runtime_tasks = 3;
  raw->lost.images = 4;
  const auto out = run();
  EXPECT_TRUE(out.calls.empty());
  using recording::RuntimeCall;
  constexpr arch::AuditArch kNative = 0xc000003e, kCompat = 0x40000003;
  EXPECT_THAT(out.runtime, ElementsAre(RuntimeCall{kCompat, 3, false}, RuntimeCall{kNative, 59, true},
                                       RuntimeCall{kNative, 257, false}, RuntimeCall{kNative, 257, true}));
  EXPECT_EQ(out.tasks, 2U);
  EXPECT_THAT(out.overflow,
              ElementsAre(recording::Loss{"images", 4}, recording::Loss{"values", 0}, recording::Loss{"servers", 0}));
}

}  // namespace
}  // namespace callgate::record
