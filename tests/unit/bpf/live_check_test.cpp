// check() and check_stack() against the running kernel. To ask without attaching, a child first fills its stack of
// filters to the limit: from then on an acceptable program fails with ENOMEM and a bad one with EINVAL.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "bpf/check.h"
#include "live_kernel.h"
#include "random_program.h"

namespace callgate::bpf::testing {
namespace {

constexpr Insn kAllow{op::kRetK, 0, 0, kRetAllow};

// A program that allows everything and counts exactly `size` (5 to 8195).
Program allow_all_of_size(std::size_t size) {
  Program program((size - 3) / 2, kAllow);
  if (size % 2 == 0) program.insert(program.begin() + 1, Insn{op::kTax, 0, 0, 0});
  EXPECT_EQ(translated_size(program), size);
  return program;
}

std::vector<Program> full_stack() {
  std::vector<Program> stack(3, allow_all_of_size(8195));
  stack.push_back(allow_all_of_size(kMaxStackInsns - 3 * (8195 + 4)));
  return stack;
}

std::string describe(const Program& program) {
  std::string text;
  for (const Insn& insn : program) {
    text += ::testing::PrintToString(std::array<std::uint32_t, 4>{insn.code, insn.jt, insn.jf, insn.k}) + " ";
  }
  return text;
}

// Asks the kernel about every program and compares.
void compare(const std::vector<Program>& programs, std::uint64_t seed) {
  Shared<int> answers(programs.size());
  ASSERT_TRUE(answers);
  const std::vector<Program> fill = full_stack();
  const int status = in_child([&] {
    for (const Program& program : fill) {
      if (attach(program) != 0) _exit(1);
    }
    for (std::size_t i = 0; i < programs.size(); ++i) answers[i] = attach(programs[i]);
  });
  ASSERT_EQ(status, 0);
  std::size_t accepted = 0, refused = 0;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const auto failure = check(programs[i]);
    ++(failure ? refused : accepted);
    ASSERT_EQ(answers[i], failure ? failure->os_errno : ENOMEM)
        << "seed " << seed << " program " << i << " " << (failure ? failure->message : "accepted") << "\n"
        << describe(programs[i]);
  }
  EXPECT_GT(accepted, programs.size() / 100);
  EXPECT_GT(refused, programs.size() / 100);
}

class LiveCheck : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!filters_available()) GTEST_SKIP() << "seccomp(2) is not available here";
  }
};

TEST_F(LiveCheck, EveryOpcode) {
  std::vector<Program> programs;
  constexpr std::array<std::uint32_t, 14> kConstants{0,  1,  2,  3,          4,          15,         16,
                                                     31, 32, 60, 0x7fffffff, 0xfffff000, 0xfffff002, 0xffffffff};
  for (std::uint32_t code = 0; code < 0x200; ++code) {
    for (const std::uint32_t k : kConstants) {
      const Insn insn{static_cast<std::uint16_t>(code), 0, 1, k};
      programs.push_back({{op::kSt, 0, 0, 1}, insn, kAllow, kAllow});
    }
    programs.push_back({kAllow, {static_cast<std::uint16_t>(code), 0, 0, 0}});
  }
  for (std::uint32_t code = 0x200; code < 0x10000; code += 0x1f) {
    programs.push_back({{static_cast<std::uint16_t>(code), 0, 0, 0}, kAllow});
  }
  compare(programs, 0);
}

TEST_F(LiveCheck, MutatedPrograms) {
  const std::uint64_t seed = std::random_device{}();
  Random random(seed);
  std::vector<Program> programs;
  for (int i = 0; i < 6000; ++i) {
    Program program = random_program(random, 2 + random.below(40));
    for (std::uint32_t mutation = random.below(3); mutation > 0; --mutation) {
      Insn& insn = program[random.below(static_cast<std::uint32_t>(program.size()))];
      switch (random.below(5)) {
        case 0:
          insn.code = static_cast<std::uint16_t>(random.below(0x100));
          break;
        case 1:
          insn.jt = static_cast<std::uint8_t>(random.below(256));
          break;
        case 2:
          insn.jf = static_cast<std::uint8_t>(random.below(16));
          break;
        case 3:
          insn.k = random.one_in(2) ? random.word() : random.below(70);
          break;
        default:
          insn = {random.one_in(2) ? op::kLdMem : op::kLdxMem, 0, 0, random.below(17)};
      }
    }
    programs.push_back(std::move(program));
  }
  compare(programs, seed);
}

TEST_F(LiveCheck, Lengths) {
  std::vector<Program> programs{Program{}, Program(4096, kAllow), Program(4097, kAllow), Program(65535, kAllow)};
  compare(programs, 0);
}

// Attaches the programs, oldest first; the index of the first that fails, or their number.
std::size_t attached_until_failure(const std::vector<Program>& programs) {
  Shared<std::size_t> reached(1);
  if (!reached) return programs.size() + 1;
  const int status = in_child([&] {
    for (; reached[0] < programs.size(); ++reached[0]) {
      const int error = attach(programs[reached[0]]);
      if (error != 0) _exit(error);
    }
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), reached[0] == programs.size() ? 0 : ENOMEM);
  return reached[0];
}

TEST_F(LiveCheck, StackLimitIsExact) {
  std::vector<Program> exact(3, allow_all_of_size(8195));
  exact.push_back(allow_all_of_size(kMaxStackInsns - 3 * (8195 + 4)));
  EXPECT_EQ(attached_until_failure(exact), 4U);
  exact.back() = allow_all_of_size(kMaxStackInsns - 3 * (8195 + 4) + 1);
  EXPECT_EQ(attached_until_failure(exact), 3U);
}

TEST_F(LiveCheck, StackCountsTranslatedPrograms) {
  std::ifstream harden("/proc/sys/net/core/bpf_jit_harden");
  if (int level = 0; harden >> level && level != 0) GTEST_SKIP() << "bpf_jit_harden blinds constants, which adds more";
  const std::uint64_t seed = std::random_device{}();
  Random random(seed);
  for (int round = 0; round < 10; ++round) {
    std::vector<Program> programs;
    std::vector<std::size_t> sizes;
    while (!check_stack(sizes)) {
      Program program{kAllow};  // allows at once; what follows only counts
      const Program body = random_program(random, 2 + random.below(3000));
      program.insert(program.end(), body.begin(), body.end());
      if (check(program)) continue;
      sizes.push_back(translated_size(program));
      programs.push_back(std::move(program));
    }
    // Find the exact edge with the last one.
    const std::size_t expected = check_stack(sizes)->insn;
    ASSERT_EQ(attached_until_failure(programs), expected) << "seed " << seed;
    std::size_t older = 0;
    for (std::size_t i = 0; i < expected; ++i) older += sizes[i] + 4;
    if (older + 5 > kMaxStackInsns) continue;
    const std::size_t room = kMaxStackInsns - older;
    if (room > 8195) continue;
    programs[expected] = allow_all_of_size(room);
    ASSERT_EQ(attached_until_failure(programs), expected + 1) << "seed " << seed;
    if (room == 8195) continue;
    programs[expected] = allow_all_of_size(room + 1);
    ASSERT_EQ(attached_until_failure(programs), expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace callgate::bpf::testing
