// A core file of mkdir(1) under KILL_PROCESS, cut down to its notes and the page with its argument.
// SPDX-License-Identifier: Apache-2.0
#include "why/core.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "base/io.h"

namespace callgate::why {
namespace {

std::string seed() {
  return base::read_file(CALLGATE_SOURCE_DIR "/tests/fuzz/corpus/core/mkdir").value();
}

FileBytes bytes_of(const std::string& text) {
  return [text](std::uint64_t offset, std::span<std::byte> out) -> std::size_t {
    if (offset >= text.size()) return 0;
    const std::size_t count = std::min<std::uint64_t>(out.size(), text.size() - offset);
    std::memcpy(out.data(), text.data() + offset, count);
    return count;
  };
}

TEST(Core, CallArgumentsAndProgram) {
  const FileBytes bytes = bytes_of(seed());
  const auto core = read_core(bytes);
  ASSERT_TRUE(core) << core.error().message;
  EXPECT_TRUE(core->by_filter);
  EXPECT_EQ(core->program, "mkdir");
  EXPECT_EQ(core->arguments, "mkdir /tmp/w/newdir");
  const auto denial = from_core(*core, core_memory(bytes, {}));
  ASSERT_TRUE(denial);
  EXPECT_EQ(text(*denial), "mkdir(pathname=\"/tmp/w/newdir\", mode=0777)");
  EXPECT_NE(denial->address, 0U);
}

TEST(Core, AnotherSignalIsNoDenial) {
  std::string text = seed();
  const std::size_t note = text.find("IGIS");  // NT_SIGINFO's type; "CORE" and its end follow, then the siginfo
  ASSERT_NE(note, std::string::npos);
  text[note + 12] = 11;
  const auto core = read_core(bytes_of(text));
  ASSERT_TRUE(core);
  EXPECT_FALSE(from_core(*core, {}));
}

TEST(Core, EveryTruncationIsSurvived) {
  const std::string whole = seed();
  for (std::size_t length = 0; length < whole.size(); length += 7) {
    const FileBytes bytes = bytes_of(whole.substr(0, length));
    if (const auto core = read_core(bytes)) from_core(*core, core_memory(bytes, {}));
  }
  EXPECT_FALSE(read_core(bytes_of("")));
  EXPECT_FALSE(read_core(bytes_of(whole.substr(0, 100))));
}

}  // namespace
}  // namespace callgate::why
