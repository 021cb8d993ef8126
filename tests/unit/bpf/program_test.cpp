// Byte order of the data, and programs in files.
// SPDX-License-Identifier: Apache-2.0
#include "bpf/program.h"

#include <gtest/gtest.h>

#include "bpf/diagnostic_ids.h"

namespace callgate::bpf {
namespace {

constexpr std::uint32_t kX86_64 = 0xc000003e, kS390x = 0x80000016;

TEST(LoadWord, PutsTheHalvesWhereTheArchitectureHasThem) {
  SeccompData data{.nr = 7, .arch = kX86_64, .instruction_pointer = 0x1111111122222222};
  data.args = {0xa0000000b0000000, 0, 0, 0, 0, 0xc0000001d0000001};
  EXPECT_EQ(load_word(data, 0), 7U);
  EXPECT_EQ(load_word(data, 4), kX86_64);
  EXPECT_EQ(load_word(data, 8), 0x22222222U);
  EXPECT_EQ(load_word(data, 12), 0x11111111U);
  EXPECT_EQ(load_word(data, 16), 0xb0000000U);
  EXPECT_EQ(load_word(data, 60), 0xc0000001U);
  EXPECT_EQ(load_word(data, low_word_offset(5, true)), 0xd0000001U);
  data.arch = kS390x;
  EXPECT_EQ(load_word(data, 4), kS390x);
  EXPECT_EQ(load_word(data, 8), 0x11111111U);
  EXPECT_EQ(load_word(data, 16), 0xa0000000U);
  EXPECT_EQ(load_word(data, low_word_offset(5, false)), 0xd0000001U);
  EXPECT_EQ(load_word(data, high_word_offset(5, false)), 0xc0000001U);
}

int first_number(const base::Diagnostics& diagnostics) {
  return diagnostics.items().empty() ? 0 : diagnostics.items().front().number;
}

std::optional<Program> parse(std::string bytes, base::Diagnostics& diagnostics, bool swap = false) {
  const base::SourceFile file("filter.bpf", std::move(bytes));
  auto program = from_bytes(file, swap, diagnostics);
  for (const base::Diagnostic& d : diagnostics.items()) EXPECT_LE(d.span.end, file.text().size());
  return program;
}

TEST(Bytes, RoundTripInBothByteOrders) {
  const Program program{{op::kLdAbs, 0, 0, 4}, {op::kJeqK, 1, 2, 0xc000003e}, {op::kRetK, 0, 0, kRetAllow}};
  for (const bool swap : {false, true}) {
    base::Diagnostics diagnostics;
    EXPECT_EQ(parse(to_bytes(program, swap), diagnostics, swap), program);
    EXPECT_FALSE(diagnostics.has_errors());
  }
  const std::string foreign = to_bytes(program, true), own = to_bytes(program, false);
  EXPECT_EQ(foreign.substr(8, 8), std::string({own[9], own[8], own[10], own[11], own[15], own[14], own[13], own[12]}));
}

TEST(Bytes, DiagnosesWhatIsNoFilterFile) {
  base::Diagnostics empty, odd, long_one, longest;
  EXPECT_FALSE(parse("", empty));
  EXPECT_EQ(first_number(empty), kEmptyFilter.number);
  EXPECT_FALSE(parse(std::string(13, 'x'), odd));
  EXPECT_EQ(first_number(odd), kOddLength.number);
  EXPECT_EQ(odd.items()[0].message, "the filter has 13 bytes, which is not a multiple of 8");
  EXPECT_FALSE(parse(std::string(4097 * 8, '\0'), long_one));
  EXPECT_EQ(first_number(long_one), kTooLong.number);
  EXPECT_EQ(parse(std::string(4096 * 8, '\0'), longest)->size(), kMaxInsns);
}

}  // namespace
}  // namespace callgate::bpf
