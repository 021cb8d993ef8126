// Runs tests/cases/profile/*.sim. A case is a profile and what engines make of it:
//
//   profile NAME                          the text follows, indented by two spaces
//   options KEY=VALUE …                   kernel=4.7 caps=CAP_BPF,… native=arm arch=x86,x32 library=5.17 old-runc
//   strict ENGINE,… says CG1004@3:7 …            exactly these findings, in order (`nothing`: none) ENGINE,… refuses
//   CG1018@1:1 …         the same, and the profile is refused ENGINE,… ARCH CALL [ARG …] -> ACTION  CALL is a name or a
//   number; ARCH a name or a token
//
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "arch/calls.h"
#include "base/source.h"
#include "base/text.h"
#include "format/profile.h"

namespace callgate::format {
namespace {

struct Case {
  std::string file, name, text;
  ReadOptions options;
  std::vector<std::pair<int, std::string>> rows;  // with line numbers
};

std::vector<std::string> words_of(std::string_view line) {
  std::istringstream in{std::string(line)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

void set_option(const std::string& word, ReadOptions& options) {
  const auto at = word.find('=');
  const std::string key = word.substr(0, at), value = at == std::string::npos ? "" : word.substr(at + 1);
  const auto list = [&] {
    std::vector<std::string> out;
    for (const auto part : base::split(value, ',')) {
      if (!part.empty()) out.emplace_back(part);
    }
    return out;
  };
  if (key == "kernel")
    options.kernel = arch::parse_kernel_version(value).value();
  else if (key == "library")
    options.library_knows = arch::parse_kernel_version(value).value();
  else if (key == "caps")
    options.capabilities = list();
  else if (key == "native")
    options.native = arch::find(value).value();
  else if (key == "old-runc")
    options.old_runc = true;
  else if (key == "strict")
    options.strict = true;
  else if (key == "arch")
    for (const auto& one : list()) options.architectures.push_back(arch::find(one).value());
  else
    ADD_FAILURE() << "unknown option " << word;
}

std::vector<Case> load(const std::filesystem::path& path) {
  std::vector<Case> cases;
  std::ifstream in(path);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.starts_with("  ")) {
      cases.back().text += line.substr(2) + "\n";
    } else if (line.starts_with("profile ")) {
      cases.push_back({path.filename(), line.substr(8), "", {}, {}});
      cases.back().options.native = arch::Arch::x86_64;
    } else if (line.starts_with("options ")) {
      for (const auto& word : words_of(line.substr(8))) set_option(word, cases.back().options);
    } else if (!line.empty() && line[0] != '#') {
      cases.back().rows.emplace_back(number, line);
    }
  }
  return cases;
}

std::string findings(const base::Diagnostics& diagnostics) {
  std::string out;
  for (const base::Diagnostic& d : diagnostics.items()) {
    if (!out.empty()) out += ' ';
    out += base::diagnostic_code(d.number);
    if (d.span.file == nullptr) continue;
    const auto at = d.span.file->position(d.span.begin);
    out += "@" + std::to_string(at.line) + ":" + std::to_string(at.column_chars);
  }
  return out.empty() ? "nothing" : out;
}

policy::Call call_of(const std::vector<std::string>& words) {
  policy::Call call;
  const auto arch = arch::find(words[1]);
  call.audit = arch ? arch::info(*arch).audit : static_cast<arch::AuditArch>(base::parse_u64(words[1]).value());
  if (const auto number = base::parse_u64(words[2]))
    call.nr = static_cast<arch::SyscallNr>(*number);
  else
    call.nr = arch::number(arch.value(), words[2]).value();
  for (std::size_t i = 3; words[i] != "->"; ++i) call.args.at(i - 3) = base::parse_u64(words[i]).value();
  return call;
}

void run_row(const Case& one, const std::string& row, Engine engine) {
  const auto words = words_of(row);
  const base::SourceFile file(one.name + ".json", one.text);
  base::Diagnostics diagnostics;
  ReadOptions options = one.options;
  options.as = engine;
  const auto profile = read_profile(file, options, diagnostics);
  if (words[1] == "says" || words[1] == "refuses") {
    EXPECT_EQ(profile.has_value(), words[1] == "says") << base::render_text(diagnostics, false);
    std::string wanted;
    for (std::size_t i = 2; i < words.size(); ++i) wanted += (i > 2 ? " " : "") + words[i];
    EXPECT_EQ(findings(diagnostics), wanted) << base::render_text(diagnostics, false);
    return;
  }
  ASSERT_TRUE(profile) << base::render_text(diagnostics, false);
  EXPECT_EQ(policy::to_string(policy::evaluate(profile->policy, call_of(words))), words.back());
}

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const auto& entry : std::filesystem::directory_iterator(CALLGATE_SOURCE_DIR "/tests/cases/profile"))
    for (Case& one : load(entry.path())) all.push_back(std::move(one));
  return all;
}

TEST(ProfileCases, EveryRowHolds) {
  const auto cases = all_cases();
  ASSERT_GE(cases.size(), 40U);
  for (const Case& one : cases) {
    for (const auto& [number, row] : one.rows) {
      const auto first_word = words_of(row)[0];
      for (const auto name : base::split(first_word, ',')) {
        SCOPED_TRACE(one.file + ":" + std::to_string(number) + ": " + one.name + ": " + std::string(name));
        const auto engine = find_engine(name);
        ASSERT_TRUE(engine);
        run_row(one, row, *engine);
      }
    }
  }
}

// Every numbered finding of this folder is provoked by some case, with its place.
TEST(ProfileCases, EveryFindingIsProvoked) {
  std::set<std::string> provoked;
  for (const Case& one : all_cases())
    for (const auto& [number, row] : one.rows)
      for (const auto& word : words_of(row)) provoked.insert(word.substr(0, word.find('@')));
  std::ifstream in(CALLGATE_SOURCE_DIR "/src/format/diagnostic_ids.h");
  const std::string header((std::istreambuf_iterator<char>(in)), {});
  const std::regex id("DiagnosticId (k[A-Za-z]+)\\{([0-9]+)");
  std::size_t count = 0;
  for (std::sregex_iterator at(header.begin(), header.end(), id), end; at != end; ++at, ++count)
    EXPECT_TRUE(provoked.contains("CG" + (*at)[2].str())) << (*at)[1];
  EXPECT_GE(count, 40U);
}

}  // namespace
}  // namespace callgate::format
