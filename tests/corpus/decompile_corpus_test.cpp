// Public profiles compiled, and the filters decompiled: the same functions again, and Docker's default quickly.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "base/io.h"
#include "compile/compile.h"
#include "format/profile.h"
#include "prove/decompile.h"
#include "support/corpus.h"

namespace callgate::prove {
namespace {

std::optional<policy::Policy> policy_of(const std::filesystem::path& path, format::Engine engine) {
  auto text = base::read_file(path);
  if (!text) return std::nullopt;
  const base::SourceFile file(path, std::move(*text));
  format::ReadOptions options;
  options.as = engine;
  options.native = arch::Arch::x86_64;
  base::Diagnostics diagnostics;
  auto profile = format::read_profile(file, options, diagnostics);
  if (!profile) return std::nullopt;
  return std::move(profile->policy);
}

TEST(DecompileCorpus, EveryFilterComesBackEqual) {
  CALLGATE_NEED_CORPUS();
  std::size_t compared = 0;
  for (const auto& path : test_support::files_below(test_support::corpus_folder(), ".json"))
    for (const format::Engine engine : {format::Engine::docker, format::Engine::crun}) {
      SCOPED_TRACE(std::string(format::name(engine)) + " " + path.string());
      const auto policy = policy_of(path, engine);
      if (!policy) continue;
      const auto compiled = compile::compile(*policy);
      ASSERT_TRUE(compiled) << compiled.error().message;
      const auto back = decompile(compiled->program);
      ASSERT_TRUE(back) << back.error().message;
      EXPECT_FALSE(policy::first_difference(*policy, *back));
      // Nothing that was said in few words comes back in many.
      const auto clauses = [](const policy::Policy& of) {
        std::size_t sum = 0;
        for (const policy::Decision& decision : of.decisions) sum += decision.clauses.size();
        return sum;
      };
      EXPECT_LE(clauses(*back), clauses(*policy));
      ++compared;
    }
  EXPECT_GT(compared, 100U);
}

TEST(DecompileCorpus, BuiltInDefaultsOfAllArchitectures) {
  double least = 1e9;
  for (const char* name : {"docker-default", "podman-default"})
    for (const arch::Arch native : {arch::Arch::x86_64, arch::Arch::aarch64, arch::Arch::s390x}) {
      format::ReadOptions options;
      options.native = native;
      for (const arch::ArchInfo& each : arch::all())
        if (each.has_table) options.architectures.push_back(each.arch);
      base::Diagnostics diagnostics;
      const auto profile = format::builtin_profile(name, options, diagnostics);
      ASSERT_TRUE(profile);
      const auto compiled = compile::compile(profile->policy);
      ASSERT_TRUE(compiled) << compiled.error().message;
      const auto before = std::chrono::steady_clock::now();
      const auto back = decompile(compiled->program);
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - before;
      least = std::min(least, took.count());
      ASSERT_TRUE(back) << back.error().message;
      EXPECT_FALSE(policy::first_difference(profile->policy, *back));
      EXPECT_EQ(back->archs.size(), profile->policy.archs.size());
      RecordProperty(std::string(name) + "_" + std::string(arch::info(native).name) + "_us",
                     static_cast<int>(took.count() * 1000));
    }
  EXPECT_LT(least, 1000.0);
}

}  // namespace
}  // namespace callgate::prove
