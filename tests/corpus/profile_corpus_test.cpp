// Public profiles, as found: every one is accepted or refused with findings by every engine, and the built-in defaults
// are the same functions as the files they state. CALLGATE_CORPUS says where the files are; without them nothing runs.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "arch/calls.h"
#include "base/io.h"
#include "format/profile.h"

namespace callgate::format {
namespace {

constexpr Engine kEngines[] = {Engine::docker, Engine::podman, Engine::containerd,
                               Engine::runc,   Engine::crun,   Engine::oci};

std::filesystem::path corpus() {
  const char* given = std::getenv("CALLGATE_CORPUS");
  return std::filesystem::path(given != nullptr ? given : CALLGATE_SOURCE_DIR "/../shared/corpus") / "profiles";
}

ReadOptions options_for(Engine engine) {
  ReadOptions options;
  options.as = engine;
  options.native = arch::Arch::x86_64;
  return options;
}

std::string ids(const base::Diagnostics& diagnostics) {
  std::set<std::string> out;
  for (const base::Diagnostic& d : diagnostics.items())
    if (d.severity == base::Severity::error) out.insert(base::diagnostic_code(d.number));
  std::string text;
  for (const std::string& id : out) text += " " + id;
  return text;
}

// "docker path CG1018": what is refused, and why.
std::set<std::string> expected_refusals() {
  std::set<std::string> lines;
  std::ifstream in(CALLGATE_SOURCE_DIR "/tests/corpus/refused.txt");
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && line[0] != '#') lines.insert(line);
  return lines;
}

class Corpus : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(corpus())) GTEST_SKIP() << corpus() << " is not here";
  }
};

TEST_F(Corpus, EveryProfileIsAcceptedOrRefusedWithFindings) {
  std::set<std::string> refused;
  std::size_t accepted = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(corpus())) {
    if (entry.path().extension() != ".json") continue;
    auto text = base::read_file(entry.path());
    ASSERT_TRUE(text);
    const base::SourceFile file(entry.path(), std::move(*text));
    for (const Engine engine : kEngines) {
      SCOPED_TRACE(std::string(name(engine)) + " " + entry.path().string());
      base::Diagnostics diagnostics;
      const auto profile = read_profile(file, options_for(engine), diagnostics);
      EXPECT_EQ(profile.has_value(), !diagnostics.has_errors());
      if (!profile) {
        refused.insert(std::string(name(engine)) + " " + entry.path().lexically_relative(corpus()).string() +
                       ids(diagnostics));
        continue;
      }
      ++accepted;
      for (const auto& listed : profile->policy.archs) {
        EXPECT_EQ(listed.runs.front().first, 0U);
        EXPECT_EQ(listed.runs.back().last, 0xffffffffU);
      }
    }
  }
  EXPECT_EQ(refused, expected_refusals());
  EXPECT_GT(accepted, 300U);
}

struct Default {
  const char *name, *file;
  Engine engine;
};

void expect_same(const Default& one, const ReadOptions& options, const base::SourceFile& file) {
  base::Diagnostics mine, theirs;
  const auto built = builtin_profile(one.name, options, mine);
  const auto read = read_profile(file, options, theirs);
  ASSERT_TRUE(built && read) << base::render_text(mine, false) << base::render_text(theirs, false);
  const auto difference = policy::first_difference(built->policy, read->policy);
  EXPECT_FALSE(difference) << arch::name_of_call(difference->audit, difference->nr) << " " << difference->nr;
  EXPECT_EQ(built->policy, read->policy);
  EXPECT_EQ(built->architectures, read->architectures);
}

// Call by call, for several machines, capability sets and kernels.
TEST_F(Corpus, BuiltInDefaultsAreTheFilesOfTheirTime) {
  const Default defaults[] = {{"docker-default", "moby/default-2026-05-06-3c28324.json", Engine::docker},
                              {"docker-29.4.2-default", "moby/default-2026-05-01-7158007.json", Engine::docker},
                              {"docker-25.0.3-default", "moby/default-2024-02-06-72aa98f.json", Engine::docker},
                              {"docker-23.0.7-default", "moby/default-2023-06-28-ea2916d.json", Engine::docker},
                              {"docker-20.10.4-default", "moby/default-2021-01-27-eddb6dc.json", Engine::docker},
                              {"podman-default", "containers-common/seccomp.json", Engine::podman}};
  const std::vector<std::vector<std::string>> capability_sets{
      default_capabilities(),
      {},
      {"CAP_SYS_ADMIN"},
      {"CAP_BPF", "CAP_PERFMON", "CAP_SYS_PTRACE", "CAP_SYSLOG"},
      {"CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_MODULE", "CAP_SYS_TIME", "CAP_SYS_NICE", "CAP_DAC_READ_SEARCH"}};
  std::size_t compared = 0;
  for (const Default& one : defaults) {
    auto text = base::read_file(corpus() / one.file);
    ASSERT_TRUE(text);
    const base::SourceFile file(one.file, std::move(*text));
    for (const arch::ArchInfo& machine : arch::all())
      for (const auto& capabilities : capability_sets)
        for (const arch::KernelVersion kernel : {arch::KernelVersion{4, 7}, arch::KernelVersion{6, 18}}) {
          SCOPED_TRACE(std::string(one.name) + " on " + std::string(machine.name));
          ReadOptions options = options_for(one.engine);
          options.native = machine.arch;
          options.capabilities = capabilities;
          options.kernel = kernel;
          expect_same(one, options, file);
          ++compared;
        }
  }
  EXPECT_EQ(compared, 6U * 23 * 5 * 2);
}

}  // namespace
}  // namespace callgate::format
