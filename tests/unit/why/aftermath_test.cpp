// SPDX-License-Identifier: Apache-2.0
#include "why/aftermath.h"

#include <gtest/gtest.h>

#include "arch/calls.h"

namespace callgate::why {
namespace {

format::Profile profile(std::string text) {
  const base::SourceFile file("p.json", std::move(text));
  base::Diagnostics diagnostics;
  format::ReadOptions options;
  options.native = arch::Arch::x86_64;
  return format::read_profile(file, options, diagnostics).value();
}

TEST(Aftermath, TimesAsEnginesWriteThem) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:10Z"), 10);
  EXPECT_EQ(parse_time("2026-11-26T21:40:53.123456789Z"), 1795729253);
  EXPECT_EQ(parse_time("2026-11-26T22:40:53+01:00"), 1795729253);
  EXPECT_EQ(parse_time("2026-11-26T20:10:53.5-01:30"), 1795729253);
  EXPECT_FALSE(parse_time("0001-01-01T00:00:00Z"));
  EXPECT_FALSE(parse_time("2026-11-26"));
  EXPECT_FALSE(parse_time("x026-11-26T21:40:53Z"));
}

TEST(Aftermath, EndsInWords) {
  EXPECT_TRUE(end_words({0, false, {}}).empty());
  EXPECT_NE(end_words({159, false, {}}).at(0).find("SIGSYS"), std::string::npos);
  EXPECT_NE(end_words({127, false, {}}).at(0).find("dynamic loader"), std::string::npos);
  EXPECT_EQ(end_words({139, false, {}}).at(0), "status 139 is SIGSEGV");
  EXPECT_FALSE(suspicious({137, true, {}}));
  EXPECT_TRUE(suspicious({127, false, {}}));
}

TEST(Aftermath, TheStartThatTheProfileRefuses) {
  Journal journal;
  derive_startup(profile(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
    {"names": ["pread64", "getpid"], "action": "SCMP_ACT_ERRNO"}]})"),
                 arch::Arch::x86_64, journal);
  ASSERT_EQ(journal.denials().size(), 1U);
  EXPECT_EQ(journal.denials()[0].decoded.call, "pread64");
  EXPECT_NE(journal.denials()[0].place.find("not seen"), std::string::npos);
}

TEST(Aftermath, TheStartOnAnotherMachine) {
  const auto refused = [](arch::Arch machine) {
    Journal journal;
    derive_startup(profile(R"({"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_AARCH64"]})"), machine,
                   journal);
    return journal.denials();
  };
  ASSERT_FALSE(refused(arch::Arch::aarch64).empty());
  for (const Denial& each : refused(arch::Arch::aarch64)) {
    EXPECT_EQ(each.call.audit, arch::info(arch::Arch::aarch64).audit);
    EXPECT_EQ(arch::number(arch::Arch::aarch64, each.decoded.call), each.call.nr);
    EXPECT_NE(each.place.find("measured on x86_64"), std::string::npos);
    EXPECT_NE(each.decoded.call, "arch_prctl");
  }
}

TEST(Aftermath, RecordsOfTheTimeThatTheProfileExplains) {
  const auto line = [](int second, int nr) {
    return "type=SECCOMP msg=audit(" + std::to_string(second) + ".1:" + std::to_string(second) +
           "): auid=0 uid=0 gid=0 ses=1 pid=7 comm=\"x\" exe=\"/x\" sig=31 arch=c000003e syscall=" +
           std::to_string(nr) + " compat=0 ip=0x1 code=0x80000000\n";
  };
  const format::Profile kills = profile(
      R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["pread64"], "action": "SCMP_ACT_KILL_PROCESS"}]})");
  Journal journal;
  const auto unknown = [](const sandbox::AuditRecord&) { return Owner::unknown; };
  EXPECT_EQ(records_within(line(5, 17) + line(10, 17) + line(11, 0) + line(20, 17), 8, 12, kills, unknown, journal),
            (Records{1, 1, 0}));
  ASSERT_EQ(journal.denials().size(), 1U);
  EXPECT_EQ(journal.denials()[0].place, "audit 10.1:10, of some process: maybe another's");
  // What is known of a record's process decides.
  Journal sure;
  const auto by_second = [](const sandbox::AuditRecord& record) {
    EXPECT_EQ(record.login, 0U);
    EXPECT_EQ(record.session, 1U);
    return record.stamp == "10.1:10" ? Owner::other : Owner::container;
  };
  EXPECT_EQ(records_within(line(10, 17) + line(11, 17), 8, 12, kills, by_second, sure), (Records{1, 0, 1}));
  ASSERT_EQ(sure.denials().size(), 1U);
  EXPECT_EQ(sure.denials()[0].place, "audit 11.1:11, a process of the container");
}

}  // namespace
}  // namespace callgate::why
