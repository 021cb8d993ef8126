// The same agreement on real profiles: the two seed profiles, the built-in defaults, and every profile of the
// collection under every engine that accepts it.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/io.h"
#include "format/profile.h"
#include "support/corpus.h"
#include "support/live_agreement.h"

namespace callgate::test_support {
namespace {

using format::Engine;

constexpr Engine kEngines[] = {Engine::docker, Engine::podman, Engine::containerd,
                               Engine::runc,   Engine::crun,   Engine::oci};
constexpr std::size_t kLiveCalls = 1500;

void expect_agreement(const policy::Policy& policy, std::size_t& made) {
  const std::vector<policy::Call> interesting = policy::interesting_calls(policy);
  bpf::Program program;
  ASSERT_NO_FATAL_FAILURE(expect_compiled(policy, interesting, program));
  const std::vector<policy::Call> calls = makeable(interesting, kLiveCalls);
  ASSERT_NO_FATAL_FAILURE(expect_live_marked(policy, program, calls, made));
  ASSERT_NO_FATAL_FAILURE(expect_live_exact(policy, program, calls, made));
}

// How many engines accepted the file.
std::size_t expect_agreement_under_every_engine(const std::filesystem::path& path, std::size_t& made) {
  auto text = base::read_file(path);
  if (!text) {
    ADD_FAILURE() << text.error().message;
    return 0;
  }
  const base::SourceFile file(path, std::move(*text));
  std::size_t accepted = 0;
  for (const Engine engine : kEngines) {
    SCOPED_TRACE(path.string() + " as " + std::string(format::name(engine)));
    base::Diagnostics diagnostics;
    format::ReadOptions options;
    options.as = engine;
    const auto profile = format::read_profile(file, options, diagnostics);
    EXPECT_EQ(profile.has_value(), !diagnostics.has_errors());
    if (!profile) continue;
    ++accepted;
    expect_agreement(profile->policy, made);
    if (testing::Test::HasFatalFailure()) break;
  }
  return accepted;
}

TEST(Profiles, SeedProfilesMeanTheSameEverywhere) {
  std::size_t made = 0;
  for (const char* name : {"basic.json", "restrictive.json"})
    EXPECT_EQ(expect_agreement_under_every_engine(std::filesystem::path(CALLGATE_SOURCE_DIR) / "tests/data/seed" / name,
                                                  made),
              std::size(kEngines));
  EXPECT_GT(made, 3000U);
}

TEST(Profiles, BuiltInDefaultsMeanTheSameEverywhere) {
  std::size_t made = 0;
  for (const char* name : {"docker-default", "podman-default"})
    for (const bool privileged_capabilities : {false, true}) {
      format::ReadOptions options;
      options.as = name[0] == 'd' ? Engine::docker : Engine::podman;
      if (privileged_capabilities)
        options.capabilities = {"CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYS_PTRACE", "CAP_BPF", "CAP_PERFMON"};
      base::Diagnostics diagnostics;
      const auto profile = format::builtin_profile(name, options, diagnostics);
      ASSERT_TRUE(profile.has_value()) << base::render_text(diagnostics, false);
      ASSERT_NO_FATAL_FAILURE(expect_agreement(profile->policy, made));
    }
  EXPECT_GT(made, 3000U);
}

TEST(Profiles, EveryPublicProfileMeansTheSameEverywhere) {
  CALLGATE_NEED_CORPUS();
  std::size_t made = 0, accepted = 0, files = 0;
  for (const auto& path : files_below(corpus_folder(), ".json")) {
    ++files;
    accepted += expect_agreement_under_every_engine(path, made);
    ASSERT_FALSE(HasFailure());
  }
  RecordProperty("profiles", static_cast<int>(files));
  RecordProperty("readings", static_cast<int>(accepted));
  RecordProperty("live_calls", static_cast<int>(made));
  EXPECT_GE(files, 60U);
  EXPECT_GT(accepted, 4 * files);
}

}  // namespace
}  // namespace callgate::test_support
