// Runs tests/cases/bpf/*.bpf, one test a file; the format is described in tests/cases/README.md.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "bpf/assembly.h"
#include "bpf/check.h"
#include "bpf/simulate.h"

namespace callgate::bpf {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(CALLGATE_SOURCE_DIR) / "tests/cases/bpf";

struct Case {
  std::string assembly;
  std::vector<std::string> expectations;  // lines that begin with "== ", without it
};

Case read_case(const std::string& name) {
  std::ifstream in(kFolder / name);
  Case result;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("== ")) {
      result.expectations.push_back(line.substr(3));
    } else if (result.expectations.empty()) {
      result.assembly += line + "\n";
    } else {
      EXPECT_EQ(base::trim(line), "") << "text behind the first expectation";
    }
  }
  return result;
}

std::uint64_t number_in(const std::string& word) {
  const auto value = base::parse_u64(word);
  EXPECT_TRUE(value) << "not a number: " << word;
  return value.value_or(0);
}

// "nr arch [a0 … a5]": missing arguments are 0.
SeccompData data_in(std::istringstream& words) {
  SeccompData data;
  std::string word;
  std::vector<std::uint64_t> numbers;
  while (words >> word && word != "->") numbers.push_back(number_in(word));
  EXPECT_GE(numbers.size(), 2U);
  EXPECT_LE(numbers.size(), 8U);
  numbers.resize(8);
  data.nr = static_cast<std::uint32_t>(numbers[0]);
  data.arch = static_cast<std::uint32_t>(numbers[1]);
  std::copy(numbers.begin() + 2, numbers.end(), data.args.begin());
  return data;
}

std::string check_text(const Program& program) {
  const auto failure = check(program);
  if (!failure) return "ok";
  EXPECT_EQ(failure->os_errno, EINVAL);
  return fmt::format("EINVAL at {}: {} [CG{}]", failure->insn, failure->message, failure->number);
}

// What the expectation should have said.
std::string actual(const Program& program, const std::string& expectation) {
  if (expectation.starts_with("check: ")) return "check: " + check_text(program);
  std::istringstream words(expectation);
  std::string kind;
  words >> kind;
  const std::string question = expectation.substr(0, expectation.find("->"));
  if (check(program)) return "refused by check, cannot " + question;
  const SeccompData data = data_in(words);
  if (kind == "run") return question + "-> " + action_text(run(program, data).value);
  if (kind == "cache") {
    return question + "-> " + (probe_cache(program, data.arch, data.nr).always_allowed ? "yes" : "no");
  }
  return "an unknown expectation";
}

std::vector<std::string> errors_of(const base::Diagnostics& diagnostics) {
  std::vector<std::string> lines;
  for (const base::Diagnostic& d : diagnostics.items()) {
    const base::Position at = d.span.file->position(d.span.begin);
    lines.push_back(fmt::format("error {}:{} {} [CG{}]", at.line, at.column_chars, d.message, d.number));
  }
  return lines;
}

class BpfCase : public ::testing::TestWithParam<std::string> {};

TEST_P(BpfCase, HoldsWhatItSays) {
  Case test = read_case(GetParam());
  ASSERT_FALSE(test.expectations.empty()) << "a case must expect something";
  const bool big_endian = std::erase(test.expectations, "big-endian") != 0;
  const base::SourceFile file(GetParam(), test.assembly);
  base::Diagnostics diagnostics;
  const auto program = assemble(file, diagnostics, !big_endian);
  if (!program) {
    EXPECT_EQ(errors_of(diagnostics), test.expectations);
    return;
  }
  for (const std::string& expectation : test.expectations) EXPECT_EQ(actual(*program, expectation), expectation);
  const base::SourceFile again("again", disassemble(*program, {}, {.little_endian = !big_endian}));
  EXPECT_EQ(assemble(again, diagnostics, !big_endian), program);
}

std::vector<std::string> case_files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".bpf") names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Files, BpfCase, ::testing::ValuesIn(case_files()), [](const auto& file) {
  std::string name = file.param.substr(0, file.param.find('.'));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace callgate::bpf
