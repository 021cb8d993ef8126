// A closure as a format that is read, and what other formats make of it: each grants what is needed, or says that it
// cannot.
// SPDX-License-Identifier: Apache-2.0
#include "convert/closure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "closure/close.h"
#include "closure/file.h"
#include "closure/need.h"
#include "convert/convert.h"
#include "policy/algebra.h"
#include "policy/changes.h"
#include "unit/closure/sample.h"

namespace callgate::convert {
namespace {

using closure::Phase;
using testing::HasSubstr;

struct Read {
  Read(std::string text, std::string select) : file("closure.json", std::move(text)) {
    ReadContext context;
    context.select = std::move(select);
    reading = read(file, context, diagnostics);
  }
  base::SourceFile file;
  base::Diagnostics diagnostics;
  std::optional<Reading> reading;
};

TEST(ClosureFormat, FileAndPhasesAreWhatIsNeeded) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 30; ++round) {
    const closure::Closure made = closure::close(closure::random_recording(random), {});
    const Read whole(closure::to_json(made), ""), serving(closure::to_json(made), "serving");
    ASSERT_TRUE(whole.reading) << base::render_text(whole.diagnostics, false);
    ASSERT_TRUE(serving.reading) << base::render_text(serving.diagnostics, false);
    EXPECT_FALSE(policy::first_difference(whole.reading->profile.policy, closure::need(made, {})));
    EXPECT_FALSE(policy::first_difference(serving.reading->profile.policy, closure::need(made, Phase::serving)));
  }
  const Read other(closure::to_json(closure::Closure()), "sleep");
  EXPECT_FALSE(other.reading);
  EXPECT_THAT(base::render_text(other.diagnostics, false), HasSubstr("a closure has no phase 'sleep'"));
}

// Every call that is granted stays so in what was written, unless a loss tells of it.
TEST(ClosureFormat, WhatIsNeededIsPartOfWhatIsWritten) {
  std::mt19937_64 random(6);
  std::size_t exact = 0;
  for (int round = 0; round < 6; ++round) {
    closure::Options options;
    options.pinning = round % 2 == 0 ? closure::Pinning::none : closure::Pinning::all;
    // Numbers without names, and rules that hold for one of two architectures, are more than most formats can say.
    recording::Recording recording = closure::random_recording(random);
    for (recording::Run& run : recording.runs)
      std::erase_if(run.calls, [](const recording::Call& call) {
        return arch::of_call(call.audit, call.nr) != arch::Arch::x86_64 ||
               arch::name_of_call(call.audit, call.nr).empty();
      });
    const closure::Closure made = closure::close(recording, options);
    const Reading reading = reading_of(made, {});
    for (const Format* const format : formats()) {
      if (format->write == nullptr || format->read == nullptr || format->binary) continue;
      SCOPED_TRACE(format->name);
      WriteOptions how;
      how.native = arch::Arch::x86_64;
      const auto written = write(reading, *format, how);
      if (!written) continue;
      const auto narrowed = [](const Loss& loss) {
        return loss.witness && policy::direction(loss.before, loss.after) == policy::Direction::narrowed;
      };
      if (std::ranges::any_of(written->losses, narrowed)) continue;
      ReadContext context;
      context.options.as = format->engine.value_or(format::Engine::oci);
      context.options.native = arch::Arch::x86_64;
      const base::SourceFile file("written", written->text);
      base::Diagnostics findings;
      const auto back = read(file, context, findings, format);
      ASSERT_TRUE(back) << base::render_text(findings, false);
      EXPECT_FALSE(policy::first_excess(closure::need_of_core(made, {}), back->profile.policy));
      ++exact;
    }
  }
  EXPECT_GT(exact, 10U);
}

TEST(ClosureFormat, RulesSayWhereTheyComeFrom) {
  const closure::Closure made =
      closure::close({{closure::run_of({closure::call("read", 3, 1), closure::call("statx", 1, 0)})}}, {});
  WriteOptions how;
  how.native = arch::Arch::x86_64;
  const auto written = write(reading_of(made, {}), kDocker, how);
  ASSERT_TRUE(written);
  EXPECT_THAT(written->text, HasSubstr("\"comment\": \"observed at startup and while serving\""));
  EXPECT_THAT(written->text, HasSubstr("\"comment\": \"callers of statx fall back on it\""));
}

}  // namespace
}  // namespace callgate::convert
