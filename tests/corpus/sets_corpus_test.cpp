// The set algebra over every public profile under every engine that accepts it: changes from Docker's default agree
// with evaluate(), with subset and with intersection and union, call by call.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/io.h"
#include "format/profile.h"
#include "policy/algebra.h"
#include "policy/changes.h"
#include "support/corpus.h"
#include "syntax/regions.h"

namespace callgate::format {
namespace {

using policy::Action;
using policy::Direction;
using policy::Policy;

constexpr Engine kEngines[] = {Engine::docker, Engine::podman, Engine::containerd,
                               Engine::runc,   Engine::crun,   Engine::oci};

ReadOptions options_for(Engine engine) {
  ReadOptions options;
  options.as = engine;
  options.native = arch::Arch::x86_64;
  return options;
}

bool moves(const std::vector<policy::Change>& changes, Direction direction) {
  for (const policy::Change& change : changes)
    for (const policy::RegionChange& region : change.regions)
      if (policy::direction(region.before, region.after) == direction) return true;
  return false;
}

void expect_consistent(const Policy& a, const Policy& b) {
  const std::vector<policy::Change> changes = policy::changes(a, b);
  EXPECT_EQ(changes.empty(), !policy::first_difference(a, b).has_value());
  EXPECT_EQ(moves(changes, Direction::widened), policy::first_excess(b, a).has_value());
  EXPECT_EQ(moves(changes, Direction::narrowed), policy::first_excess(a, b).has_value());
  const auto both = policy::meet(a, b), either = policy::join(a, b);
  ASSERT_TRUE(both && either);
  EXPECT_FALSE(policy::first_excess(*both, a) || policy::first_excess(*both, b));
  EXPECT_FALSE(policy::first_excess(a, *either) || policy::first_excess(b, *either));
  for (const policy::Change& change : changes)
    for (const policy::RegionChange& region : change.regions) {
      const policy::Call call{change.audit, change.first, region.witness};
      EXPECT_EQ(policy::evaluate(a, call), region.before);
      EXPECT_EQ(policy::evaluate(b, call), region.after);
      EXPECT_EQ(policy::evaluate(*both, call), std::min(region.before, region.after));
      EXPECT_EQ(policy::evaluate(*either, call), std::max(region.before, region.after));
    }
  for (const syntax::ChangedCall& call : syntax::changed_calls(changes)) {
    EXPECT_FALSE(call.call.empty());
    EXPECT_EQ(policy::evaluate(b, call.witness), call.after) << call.call << ' ' << call.region;
  }
}

TEST(SetsCorpus, EveryProfileAgainstDockersDefault) {
  CALLGATE_NEED_CORPUS();
  base::Diagnostics none;
  const Policy docker = builtin_profile("docker-default", options_for(Engine::docker), none)->policy;
  std::size_t compared = 0;
  for (const auto& path : test_support::files_below(test_support::corpus_folder(), ".json")) {
    auto text = base::read_file(path);
    ASSERT_TRUE(text);
    const base::SourceFile file(path, std::move(*text));
    std::vector<Policy> seen;  // most engines agree on most files
    for (const Engine engine : kEngines) {
      SCOPED_TRACE(std::string(name(engine)) + " " + path.string());
      base::Diagnostics diagnostics;
      const auto profile = read_profile(file, options_for(engine), diagnostics);
      if (!profile || std::find(seen.begin(), seen.end(), profile->policy) != seen.end()) continue;
      seen.push_back(profile->policy);
      expect_consistent(docker, profile->policy);
      ++compared;
    }
  }
  EXPECT_GT(compared, 100U);
  RecordProperty("policies", static_cast<int>(compared));
}

}  // namespace
}  // namespace callgate::format
