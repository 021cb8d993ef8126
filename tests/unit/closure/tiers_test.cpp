// Frontier, outside, budget, capabilities as text.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "closure/close.h"
#include "closure/diagnostic_ids.h"
#include "closure/need.h"
#include "closure/print.h"
#include "closure/scan.h"
#include "sample.h"

namespace callgate::closure {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kScan = R"({"schema_version": 1, "programs": [{
  "path": "/usr/bin/web", "build_id": "00ff", "status": "closed", "interpreter": null, "libraries": [],
  "calls": [{"name": "read", "nr": 0, "evidence": "proved"}, {"name": "mount", "nr": 165, "evidence": "proved"}],
  "assumed": [], "unresolved": []}]})";

struct Scan {
  explicit Scan(std::string text) : file("scan.json", std::move(text)) { scanned = read_scan(file, kept, diagnostics); }
  std::string messages() const { return base::render_text(diagnostics, false); }
  base::SourceFile file;
  KeptLines kept;
  base::Diagnostics diagnostics;
  std::optional<std::vector<Scanned>> scanned;
};

policy::Action answer(const Closure& closure, std::string_view name, std::optional<Phase> phase = {}) {
  return policy::evaluate(need(closure, phase), {kNative, nr(name), {}});
}

TEST(Tiers, FrontierAndOutside) {
  Scan scan{std::string(kScan)};
  ASSERT_TRUE(scan.scanned) << scan.messages();
  const recording::Recording recording{{run_of({call("read", 1, 0)})}};
  Closure closure = close(recording, {});
  add_scan(closure, recording, *scan.scanned, scan.diagnostics);
  EXPECT_EQ(scan.messages(), "");
  ASSERT_EQ(closure.frontier.size(), 1U);
  EXPECT_EQ(closure.frontier[0].nr, nr("mount"));
  EXPECT_EQ(answer(closure, "mount"), policy::kAllow);
  EXPECT_EQ(answer(closure, "reboot"), policy::make_errno(1));
  closure.on_frontier = {policy::ActionKind::notify, 0};
  closure.outside = policy::kKillProcess;
  EXPECT_EQ(answer(closure, "mount"), closure.on_frontier);
  EXPECT_EQ(answer(closure, "reboot"), policy::kKillProcess);
  EXPECT_EQ(answer(closure, "read", Phase::serving), policy::make_errno(1)) << "seen at startup: no reason to kill";
  EXPECT_EQ(answer(closure, "read"), policy::kAllow);
  EXPECT_THAT(to_text(closure), HasSubstr("frontier: 1 call (NOTIFY)\n  mount: proved\n"));
}

// What `scan --root -o` writes: only what was recorded counts, and the last line of each program.
TEST(Tiers, AScanOfARoot) {
  const std::string head = R"({"schema_version":1,"kind":"scan","callgate":"1","root":"/","assume":[]})";
  const auto line = [](std::string_view path, std::string_view build, std::string_view call, int nr) {
    return fmt::format(
        R"({{"path":"{}","build_id":"{}","status":"closed","calls":[{{"name":"{}","nr":{},"evidence":"proved"}}],"stamp":7}})",
        path, build, call, nr);
  };
  const std::string text = head + "\n" + line("/usr/bin/web", "00ff", "mount", 165) + "\n" +
                           line("/usr/bin/other", "01", "reboot", 169) + "\n" +
                           R"({"path":"/usr/bin/broken","error":"no","package":"p"})" + "\n" +
                           line("/usr/bin/web", "00ff", "chroot", 161) + "\n";
  const recording::Recording recording{{run_of({call("read", 1, 0)})}};
  const auto frontier = [&](Scan& scan) {
    Closure closure = close(recording, {});
    add_scan(closure, recording, *scan.scanned, scan.diagnostics);
    std::vector<std::uint32_t> out;
    for (const auto& each : closure.frontier) out.push_back(each.nr);
    return out;
  };
  Scan whole(text);
  ASSERT_TRUE(whole.scanned) << whole.messages();
  EXPECT_EQ(whole.scanned->size(), 2U);
  EXPECT_EQ(frontier(whole), std::vector<std::uint32_t>{nr("chroot")});
  EXPECT_THAT(whole.messages(), HasSubstr("what its scan does not find: read"));
  // Cut off within a line, as by a full disk.
  Scan torn(text.substr(0, text.size() - 9));
  ASSERT_TRUE(torn.scanned) << torn.messages();
  EXPECT_EQ(frontier(torn), std::vector<std::uint32_t>{nr("mount")});
  EXPECT_THAT(torn.messages(), HasSubstr("scan.json:5:1: warning: the scan was cut off here"));
  // Anything else in a line is an error, with its place.
  Scan bad(head + "\n" + R"({"path":"/x","build_id":"","status":"closed","calls":[{"nr":"one"}]})" + "\n");
  EXPECT_FALSE(bad.scanned);
  EXPECT_THAT(bad.messages(), HasSubstr("scan.json:2:"));
}

TEST(Tiers, WhatTheScanMissedIsReported) {
  Scan scan{std::string(kScan)};
  const recording::Recording recording{{run_of({call("read", 1, 0), call("socket", 1, 0), call("execve", 1, 0)})}};
  Closure closure = close(recording, {});
  add_scan(closure, recording, *scan.scanned, scan.diagnostics);
  EXPECT_THAT(scan.messages(), HasSubstr("made what its scan does not find: socket [CG5407]"));
  EXPECT_EQ(answer(closure, "socket"), policy::kAllow);
}

TEST(Tiers, OtherBuildsAndProgramsAreNotCovered) {
  Scan scan{std::string(kScan)};
  recording::Recording recording{{run_of({call("socket", 1, 0)})}};
  recording.runs[0].images[0].build_id = "ee";
  Closure closure = close(recording, {});
  add_scan(closure, recording, *scan.scanned, scan.diagnostics);
  EXPECT_THAT(scan.messages(), HasSubstr("recorded, but not scanned: /usr/bin/web [CG5408]"));
  EXPECT_THAT(scan.messages(), Not(HasSubstr("CG5407")));
  Scan open(std::string(kScan).replace(kScan.find("closed"), 6, "open"));
  add_scan(closure, recording, *open.scanned, open.diagnostics);
  EXPECT_THAT(open.messages(), HasSubstr("left something open"));
}

TEST(Tiers, BadScans) {
  for (
      const char* const text :
      {"[]", "{}", R"({"programs": 1})", R"({"programs": [1]})",
       R"({"programs": [{"path": "a", "build_id": "", "status": "closed"}]})",
       R"({"programs": [{"path": "a", "build_id": "", "status": "closed", "calls": [{"nr": -1}]}]})",
       R"({"programs": [{"path": "a", "build_id": "", "status": "closed", "after": {"point": "main"}, "calls": []}]})"}) {
    const Scan scan{std::string(text)};
    EXPECT_FALSE(scan.scanned) << text;
    EXPECT_THAT(scan.messages(), HasSubstr("CG5406")) << text;
  }
}

TEST(Tiers, BudgetNamesWhatIsMadeMostRarely) {
  const Closure closure = close({{run_of({call("read", 9, 0), call("write", 1, 0), call("openat", 5, 0)})}}, {});
  const auto& core = closure.of(Phase::startup);
  EXPECT_TRUE(over_budget(core, core.size()).empty());
  const auto over = over_budget(core, core.size() - 2);
  ASSERT_EQ(over.size(), 2U);
  EXPECT_EQ(over[0]->nr, nr("openat"));
  EXPECT_EQ(over[1]->nr, nr("write"));
  EXPECT_EQ(reason(*over[1]), "made once by web; reading and writing");
}

TEST(Tiers, LogModeLogsAllElse) {
  Closure closure = close({{run_of({call("read", 1, 0)})}}, {});
  closure.outside = {policy::ActionKind::log, 0};
  EXPECT_EQ(answer(closure, "reboot"), closure.outside);
  EXPECT_EQ(answer(closure, "clone3"), closure.outside);
  EXPECT_EQ(policy::evaluate(need(closure, {}), {kCompat, 1, {}}), closure.outside);
}

TEST(Tiers, CapabilitiesForEachEngine) {
  Closure closure = close({{run_of({call("read", 1, 0)})}}, {});
  EXPECT_EQ(capabilities_text(closure, CapabilityForm::docker), "--cap-drop ALL");
  EXPECT_EQ(capabilities_text(closure, CapabilityForm::compose), "cap_drop: [ALL]\n");
  closure.capabilities = {{"CAP_NET_BIND_SERVICE", {"bind"}, ""},
                          {"CAP_CHOWN", {"chown"}, ""},
                          {"CAP_SYS_ADMIN", {"mmap"}, "out of caution"}};
  EXPECT_EQ(capabilities_text(closure, CapabilityForm::docker),
            "--cap-drop ALL --cap-add CHOWN --cap-add NET_BIND_SERVICE");
  EXPECT_EQ(capabilities_text(closure, CapabilityForm::compose),
            "cap_drop: [ALL]\ncap_add: [CHOWN, NET_BIND_SERVICE]\n");
  EXPECT_EQ(capabilities_text(closure, CapabilityForm::kubernetes),
            "capabilities:\n  drop: [ALL]\n  add: [CHOWN, NET_BIND_SERVICE]\n");
  closure.capabilities.reset();
  EXPECT_FALSE(capabilities_text(closure, CapabilityForm::docker));
}

TEST(Tiers, OriginsAreTheSameForCallsOfOneOrigin) {
  const Closure closure = close({{run_of({call("read", 9, 3), call("write", 1, 1), call("statx", 5, 0)})}}, {});
  const auto all = origins(closure, {});
  EXPECT_EQ(all.at("read"), "observed at startup and while serving");
  EXPECT_EQ(all.at("write"), all.at("read"));
  EXPECT_EQ(all.at("statx"), "observed at startup");
  EXPECT_THAT(all.at("newfstatat"), HasSubstr("statx"));
  EXPECT_EQ(origins(closure, Phase::serving).at("read"), "observed while serving");
}

}  // namespace
}  // namespace callgate::closure
