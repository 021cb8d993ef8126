// Small programs, compiled here, each for one way in which an analysis can miss a call or invent one: tests/cases/scan.
// A case states all calls of its programs, and what must remain unresolved.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "arch/calls.h"
#include "scan/files.h"
#include "scan/scan.h"

namespace callgate::scan {
namespace {

namespace fs = std::filesystem;

struct Case {
  fs::path source;
  std::string compiler;
  arch::Arch arch = arch::Arch::x86_64;
  std::vector<std::string> commands;
  std::vector<std::string> calls, unresolved, assumed, arguments;
};

std::vector<std::string> words(std::istringstream in) {
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  std::sort(out.begin(), out.end());
  return out;
}

Case read_case(const fs::path& source) {
  Case out;
  out.source = source;
  std::ifstream file(source);
  for (std::string line; std::getline(file, line);) {
    const auto take = [&](std::string_view key) {
      return line.starts_with(key) ? std::optional(line.substr(key.size())) : std::nullopt;
    };
    if (const auto command = take("// run: ")) out.commands.push_back(*command);
    if (const auto calls = take("// calls: ")) out.calls = words(std::istringstream(*calls));
    if (const auto names = take("// assume: ")) out.assumed = words(std::istringstream(*names));
    if (const auto values = take("// arguments: ")) out.arguments = words(std::istringstream(*values));
    if (const auto kinds = take("// unresolved: ")) out.unresolved = words(std::istringstream(*kinds));
  }
  return out;
}

// Those in a folder for a machine, each with every one of the compilers' command lines.
std::vector<Case> all_cases(const std::string& folder, arch::Arch arch, const std::vector<std::string>& compilers) {
  std::vector<Case> out;
  for (const auto& each : fs::directory_iterator(CALLGATE_SOURCE_DIR "/tests/cases/scan" + folder)) {
    if (each.path().extension() != ".c") continue;
    Case one = read_case(each.path());
    one.arch = arch;
    for (const std::string& compiler : compilers) {
      one.compiler = compiler;
      out.push_back(one);
    }
  }
  std::sort(out.begin(), out.end(), [](const Case& a, const Case& b) { return a.source < b.source; });
  return out;
}

class ScanCase : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    char name[] = "/tmp/callgate-scan.XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void compile() {
    for (const std::string& command : GetParam().commands) {
      const std::string line = "cd " + folder_.string() + " && CC='" + GetParam().compiler +
                               " -w -fno-stack-protector' SRC=" + GetParam().source.string() + " && " + command +
                               " 2>cc.log || { cat cc.log; false; }";
      // NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): the case's own line is meant for a shell
      ASSERT_EQ(std::system(("sh -c \"" + quoted(line) + "\"").c_str()), 0) << command;
    }
  }
  static std::string quoted(const std::string& text) {
    std::string out;
    for (const char c : text) {
      if (c == '"' || c == '$' || c == '\\' || c == '`') out += '\\';
      out += c;
    }
    return out;
  }
  // As a file would be that has been stripped of its section headers.
  void cut_sections(const fs::path& program) const {
    std::fstream file(program, std::ios::in | std::ios::out | std::ios::binary);
    const char none[24] = {};
    file.seekp(0x28);
    file.write(none, 8);  // e_shoff
    file.seekp(0x3c);
    file.write(none, 4);  // e_shnum, e_shstrndx
  }
  // What is taken for granted must not lose a call; in programs as small as these it finds none to leave out either.
  void check(const std::string& path) const {
    Options options;
    for (const std::string& each : GetParam().assumed) options.assume.push_back(*find_assumption(each));
    check(path, options);
    SCOPED_TRACE("data-chunks");
    options.assume.push_back(Assumption::data_chunks);
    check(path, options);
  }
  void check(const std::string& path, const Options& options) const {
    Library library(reader("/"));
    const auto answer = scan(library, path, options);
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(answer->arch, GetParam().arch);
    std::vector<std::string> calls, unresolved;
    for (const Call& call : answer->calls) calls.push_back(name_of(call.nr));
    std::sort(calls.begin(), calls.end());
    std::string whys;
    for (const Unresolved& u : answer->unresolved) {
      unresolved.emplace_back(name(u.kind));
      whys += "\n  " + u.where + ": " + u.why;
    }
    unresolved.erase(std::unique(unresolved.begin(), unresolved.end()), unresolved.end());
    EXPECT_EQ(calls, GetParam().calls);
    if (!GetParam().arguments.empty()) {
      EXPECT_EQ(arguments(*answer), GetParam().arguments);
    }
    EXPECT_EQ(unresolved, GetParam().unresolved) << whys;
    for (const Call& call : answer->calls) {
      EXPECT_TRUE(!call.assumed || options.assumes(*call.assumed));
      EXPECT_GE(call.chain.size(), 2U);
    }
  }

  std::string name_of(std::uint32_t nr) const {
    const std::string_view name = arch::name_of(GetParam().arch, nr);
    return name.empty() ? std::to_string(nr) : std::string(name);
  }

  // "ioctl.1=21505,21523"
  std::vector<std::string> arguments(const Answer& answer) const {
    std::vector<std::string> out;
    for (const Call& call : answer.calls)
      for (const Argument& a : call.arguments) {
        std::string text = name_of(call.nr);
        text += "." + std::to_string(a.index);
        for (const std::uint32_t v : a.values)
          text += (text.find('=') == std::string::npos ? "=" : ",") + std::to_string(v);
        out.push_back(text);
      }
    std::sort(out.begin(), out.end());
    return out;
  }

  fs::path folder_;
};

TEST_P(ScanCase, AllCallsAreFoundAndNoOthers) {
  ASSERT_NO_FATAL_FAILURE(compile());
  for (const char* const name : {"prog", "prog2"}) {
    const fs::path program = folder_ / name;
    if (!fs::exists(program)) continue;
    SCOPED_TRACE(name);
    check(program);
    if (GetParam().commands.size() == 1 || std::string(name) == "prog2") {
      SCOPED_TRACE("without section headers");
      cut_sections(program);
      check(program);
    }
  }
}

std::string case_name(const testing::TestParamInfo<Case>& which) {
  std::string out = "c" + which.param.source.stem().string();
  if (which.param.arch == arch::Arch::aarch64)
    out += which.param.compiler.substr(std::min(which.param.compiler.find(" -"), which.param.compiler.size()));
  std::replace_if(out.begin(), out.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return out;
}
INSTANTIATE_TEST_SUITE_P(Cases, ScanCase, testing::ValuesIn(all_cases("", arch::Arch::x86_64, {CALLGATE_CC})),
                         case_name);

#ifdef CALLGATE_CC_AARCH64
// As Debian compiles, as nobody optimises, and small with signed returns and landing pads.
INSTANTIATE_TEST_SUITE_P(Aarch64, ScanCase,
                         testing::ValuesIn(all_cases("/aarch64", arch::Arch::aarch64,
                                                     {CALLGATE_CC_AARCH64 " -O2", CALLGATE_CC_AARCH64 " -O0",
                                                      CALLGATE_CC_AARCH64 " -Os -mbranch-protection=standard"})),
                         case_name);
#endif

// With the C library of this machine: without ceilings its locks change no priority, and who asks for one is believed.
class ScanLocks : public testing::TestWithParam<const char*> {};

TEST_P(ScanLocks, AskingForACeilingBringsItsCalls) {
  char name[] = "/tmp/callgate-scan.XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  const std::string folder = name, ask = GetParam();
  std::ofstream(folder + "/locks.c") << "#define _GNU_SOURCE\n#include <pthread.h>\n"
                                        "int main(void) { pthread_mutexattr_t a; pthread_mutex_t m; int i = 1;\n"
                                        "pthread_mutexattr_init(&a); "
                                     << ask
                                     << " pthread_mutex_init(&m, &a);\n"
                                        "pthread_mutex_lock(&m); pthread_mutex_unlock(&m); return i; }\n";
  const std::string line = CALLGATE_CC " -O1 -pthread -o " + folder + "/locks " + folder + "/locks.c";
  // NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): the line is the test's own
  const int made = std::system(line.c_str());
  Library library(reader("/"));
  const auto calls = [&](std::vector<Assumption> assume) {
    Options options;
    options.assume = std::move(assume);
    const auto answer = scan(library, folder + "/locks", options);
    EXPECT_TRUE(answer.has_value());
    std::pair<bool, bool> out;  // the call is listed; the assumption was needed
    if (!answer) return out;
    for (const Call& call : answer->calls)
      out.first = out.first || arch::name_of(arch::Arch::x86_64, call.nr) == "sched_get_priority_max";
    out.second = std::count(answer->assumed.begin(), answer->assumed.end(), Assumption::plain_locks) != 0;
    return out;
  };
  const auto plain = calls({Assumption::data_chunks, Assumption::plain_locks}),
             sound = calls({Assumption::data_chunks});
  fs::remove_all(folder);
  ASSERT_EQ(made, 0);
  EXPECT_EQ(sound, std::pair(true, false));
  EXPECT_EQ(plain, ask.empty() ? std::pair(false, true) : std::pair(true, false));
}

INSTANTIATE_TEST_SUITE_P(Asked, ScanLocks,
                         testing::Values("", "pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_PROTECT);",
                                         "pthread_mutexattr_setprioceiling(&a, 2);",
                                         "pthread_mutexattr_getprioceiling(&a, &i);"));

TEST(Scan, AScriptIsItsInterpreterAndOpen) {
  const std::map<std::string, std::string> files{{"/run", "#! /none -x\n"}};
  const auto read = [&](const std::string& path) -> base::Result<Content> {
    const auto found = files.find(path);
    if (found == files.end()) return base::fail(base::ErrorCode::io, "absent");
    return found->second;
  };
  Library library(read);
  EXPECT_FALSE(scan(library, "/run", {}).has_value());
  Library real(reader("/"));
  char name[] = "/tmp/callgate-scan.XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  const std::string script = std::string(name) + "/script";
  std::ofstream(script) << "#!/usr/bin/env sh\ntrue\n";
  const auto answer = scan(real, script, {});
  fs::remove_all(name);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->script_interpreter, "/usr/bin/sh");
  EXPECT_TRUE(std::any_of(answer->unresolved.begin(), answer->unresolved.end(),
                          [](const Unresolved& u) { return u.kind == Trouble::script; }));
}

TEST(Scan, AssumptionsHaveNames) {
  for (const Assumption a : assumptions()) {
    EXPECT_EQ(find_assumption(name(a)), a);
    EXPECT_FALSE(explain(a).empty());
  }
  EXPECT_FALSE(find_assumption("everything"));
}

}  // namespace
}  // namespace callgate::scan
