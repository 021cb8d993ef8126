// SPDX-License-Identifier: Apache-2.0
#include "recording/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <thread>

#include "base/io.h"
#include "base/text.h"
#include "sample.h"

namespace callgate::recording {
namespace {

using testing::HasSubstr;

struct Read {
  explicit Read(std::string text) : file("runs.jsonl", std::move(text)) {
    recording = recording::read(file, kept, diagnostics);
  }
  std::string messages() const { return base::render_text(diagnostics, false); }
  base::SourceFile file;
  KeptLines kept;
  base::Diagnostics diagnostics;
  Recording recording;
};

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  if (place != std::string::npos) text.replace(place, from.size(), to);
  return text;
}

TEST(RecordingFile, RoundTrip) {
  const recording::Run run = sample_run();
  const Read read(to_lines(run));
  EXPECT_EQ(read.messages(), "");
  ASSERT_EQ(read.recording.runs.size(), 1U);
  EXPECT_EQ(read.recording.runs[0], run);
  EXPECT_TRUE(looks_like_recording(read.file.text()));
}

// The first version had two phases, and this file is one.
TEST(RecordingFile, EarlierVersion) {
  recording::Run run = sample_run();
  run.calls = {call(41, 2, 7)};
  run.blind = {Blind::denied};
  std::string text = replaced(to_lines(run), R"("version":2)", R"("version":1)");
  text = replaced(text, R"("counts":[2,7,0])", R"("counts":[2,7])");
  const Read read(text + to_lines(sample_run()));
  EXPECT_EQ(read.messages(), "");
  ASSERT_EQ(read.recording.runs.size(), 2U);
  EXPECT_EQ(read.recording.runs[0].calls, run.calls);
  EXPECT_THAT(read.recording.runs[0].blind, testing::UnorderedElementsAre(Blind::denied, Blind::shutdown));
  EXPECT_EQ(read.recording.runs[1], sample_run()) << "each run has its own version";
  EXPECT_EQ(Read(to_lines(read.recording.runs[0])).recording.runs[0], read.recording.runs[0]);
}

TEST(RecordingFile, ConcatenationIsARecordingOfAllRuns) {
  recording::Run other = sample_run();
  other.id = "other";
  other.losses[0].count = 2;
  settle(other);
  const Read read(to_lines(sample_run()) + "\n" + to_lines(other));
  EXPECT_EQ(read.messages(), "");
  ASSERT_EQ(read.recording.runs.size(), 2U);
  EXPECT_TRUE(read.recording.runs[0].complete);
  EXPECT_FALSE(read.recording.runs[1].complete);
}

TEST(RecordingFile, EveryPrefixOfARunIsReadAsUnfinished) {
  const std::string text = to_lines(sample_run());
  for (std::size_t size = text.find('\n') + 1; size + 1 < text.size(); size += 7) {
    const Read read(text.substr(0, size));
    EXPECT_FALSE(read.diagnostics.has_errors()) << size << read.messages();
    EXPECT_THAT(read.messages(), HasSubstr("CG5204"));
    ASSERT_EQ(read.recording.runs.size(), 1U);
    EXPECT_FALSE(read.recording.runs[0].complete);
  }
}

TEST(RecordingFile, RunAfterATornOne) {
  const std::string text = to_lines(sample_run());
  const Read read(text.substr(0, text.size() / 2) + "\n" + text);
  EXPECT_FALSE(read.diagnostics.has_errors()) << read.messages();
  ASSERT_EQ(read.recording.runs.size(), 2U);
  EXPECT_FALSE(read.recording.runs[0].complete);
  EXPECT_TRUE(read.recording.runs[1].complete);
}

TEST(RecordingFile, Faults) {
  struct Row {
    const char *from, *to, *message;
  };
  const Row rows[] = {
      {R"("nr":41)", R"("nr":-1)", "'nr' is no whole number from 0 to 4294967295 [CG5201]"},
      {R"("nr":41)", R"("nr":42)", "'socket' is number 41 on x86_64, not 42 [CG5201]"},
      {R"("nr":41)", R"("nr":1073741865)", "1073741865 is no number of x86_64 [CG5201]"},
      {R"("arch":"x86_64","nr")", R"("arch":"vax","nr")", "'arch' cannot be 'vax' [CG5201]"},
      {R"("phases":["start"])", R"("phases":["end"])", "no phase of that name [CG5201]"},
      {R"("phases":["start"])", R"("phases":"start")", "'phases' is no list of at most 3 [CG5201]"},
      {R"("images":[1])", R"("images":[-1])", "an image is a whole number [CG5201]"},
      {R"("counts":[2,0,0])", R"("counts":[2,0,0,1])", "'counts' is no list of at most 3 [CG5201]"},
      {R"("arg":0)", R"("arg":6)", "calls have six arguments, 0 to 5 [CG5201]"},
      {R"("arg":0)", R"("arg":1)", "this argument stands here twice [CG5201]"},
      {R"("any":true)", R"("any":true,"values":[])", "an argument has either 'values' or 'any' [CG5201]"},
      {R"("values":[1,)", R"("values":[1.5,)", "a value is a number of 64 bits [CG5201]"},
      {R"("first":{)", R"("first":7,"second":{)", "'first' is no object [CG5201]"},
      {R"("denied":-1)", R"("denied":2147483648)", "'denied' is no whole number"},
      {R"("tasks":0)", R"("tasks":1)", "a run that has losses, or did not finish, is not complete [CG5201]"},
      {R"("record":"end","id":"01)", R"("record":"end","id":"02)", "this is the end of another run [CG5201]"},
      {R"("version":2)", R"("version":3)", "this recording has version 3; 1 to 2 are known [CG5202]"},
      {R"("version":2)", R"("version":0)", "this recording has version 0; 1 to 2 are known [CG5202]"},
      {R"("record":"io_uring")", R"("record":"weather")", "a line of kind 'weather' is passed over [CG5203]"},
      {R"("source":"ebpf")", R"("source":"magic")", "'source' cannot be 'magic' [CG5201]"},
      {R"("record":"image")", R"("record":)", "[CG01"},
      {R"("blind":["denied"])", R"("blind":["deaf"])", "no kind of blindness has that name [CG5201]"},
  };
  for (const Row& row : rows) {
    const Read read(replaced(to_lines(sample_run()), row.from, row.to));
    EXPECT_THAT(read.messages(), HasSubstr(row.message)) << row.to;
  }
}

TEST(RecordingFile, PlacesAreTheFilesOwn) {
  const Read read(replaced(to_lines(sample_run()), R"("nr":41)", R"("nr":-1)"));
  EXPECT_THAT(read.messages(), HasSubstr("runs.jsonl:4:"));
}

TEST(RecordingFile, NoRun) {
  EXPECT_THAT(Read("").messages(), HasSubstr("'runs.jsonl' holds no run [CG5205]"));
  EXPECT_THAT(Read("{\"record\":\"call\"}\n").messages(), HasSubstr("this line belongs to no run [CG5201]"));
  EXPECT_THAT(Read("[]\n").messages(), HasSubstr("a line of a recording is an object [CG5201]"));
}

struct Folder {
  Folder() {
    std::string name = testing::TempDir() + "recordingXXXXXX";
    path = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file() const { return path + "/runs.jsonl"; }
  std::string path;
};

TEST(RecordingFile, NothingIsAddedToWhatIsNoRecording) {
  const Folder folder;
  for (const char* const text : {"a letter to a friend\n", "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}", "\n", "{}"}) {
    ASSERT_TRUE(base::write_file(folder.file(), text));
    EXPECT_FALSE(can_append(folder.file())) << text;
    const auto added = append(folder.file(), sample_run());
    ASSERT_FALSE(added);
    EXPECT_THAT(added.error().message, HasSubstr("is no recording"));
    EXPECT_EQ(*base::read_file(folder.file()), text);
  }
  for (const char* const text : {"", "{\"record\":\"r", "{\"record\":\"run\",\"vers"}) {
    ASSERT_TRUE(base::write_file(folder.file(), text));
    EXPECT_TRUE(can_append(folder.file())) << text;
    EXPECT_TRUE(append(folder.file(), sample_run())) << text;
  }
  EXPECT_TRUE(can_append(folder.file() + ".new"));
}

TEST(RecordingFile, TwoRecordersAppendAtOnce) {
  const Folder folder;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int k = 0; k < 25; ++k) EXPECT_TRUE(append(folder.file(), sample_run()));
      });
  }
  const Read read(*base::read_file(folder.file()));
  EXPECT_EQ(read.messages(), "");
  EXPECT_EQ(read.recording.runs.size(), 100U);
}

TEST(RecordingFile, AppendClosesATornLine) {
  const Folder folder;
  const std::string text = to_lines(sample_run());
  ASSERT_TRUE(base::write_file(folder.file(), text.substr(0, text.size() / 2)));
  ASSERT_TRUE(append(folder.file(), sample_run()));
  const Read read(*base::read_file(folder.file()));
  EXPECT_FALSE(read.diagnostics.has_errors()) << read.messages();
  ASSERT_EQ(read.recording.runs.size(), 2U);
  EXPECT_TRUE(read.recording.runs[1].complete);
}

// A full disk, played by a limit on the file's size in a process of its own: nothing of the run stays behind.
TEST(RecordingFile, AppendThatFailsLeavesTheFileAsItWas) {
  const Folder folder;
  ASSERT_TRUE(append(folder.file(), sample_run()));
  const std::string before = *base::read_file(folder.file());
  const auto limited = [&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{before.size() + 100, before.size() + 100};
    setrlimit(RLIMIT_FSIZE, &limit);
    const auto done = append(folder.file(), sample_run());
    _exit(!done && done.error().os_errno == EFBIG ? 7 : 8);
  };
  EXPECT_EXIT(limited(), testing::ExitedWithCode(7), "");
  EXPECT_EQ(*base::read_file(folder.file()), before);
  EXPECT_FALSE(append(folder.path, sample_run()));
}

}  // namespace
}  // namespace callgate::recording
