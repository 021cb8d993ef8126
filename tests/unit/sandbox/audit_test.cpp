// The kernel's audit records as they stand in its log.
// SPDX-License-Identifier: Apache-2.0
#include "sandbox/audit.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace callgate::sandbox {
namespace {

constexpr std::string_view kRecord =
    "6,1234,2042260440,-;audit: type=1326 audit(1795475771.752:7): auid=4294967295 uid=0 gid=0 ses=4294967295 "
    "pid=17914 "
    "comm=\"ls\" exe=\"/usr/bin/ls\" sig=31 arch=c000003e syscall=17 compat=0 ip=0x55a8b90c34e3 code=0x80000000\n";

std::string with(std::string_view from, std::string_view to) {
  std::string text(kRecord);
  return text.replace(text.find(from), from.size(), to);
}

TEST(AuditRecord, IsRead) {
  const auto record = parse_audit_record(kRecord);
  ASSERT_TRUE(record);
  EXPECT_EQ(*record, (AuditRecord{17914, 31, 0xc000003e, 17, 0x80000000, "ls", "/usr/bin/ls", 0x55a8b90c34e3,
                                  "1795475771.752:7", 4294967295U, 4294967295U}));
}

// What auditd writes; an enriched one has more behind a group separator.
TEST(AuditRecord, AnAuditDaemonsIsReadToo) {
  std::string text(kRecord.substr(kRecord.find("audit(")));
  text = "type=SECCOMP msg=" + text.substr(0, text.size() - 1) +
         "\x1d"
         "ARCH=x86_64 SYSCALL=pread64 AUID=\"unset\"\n";
  EXPECT_EQ(parse_audit_record(text), parse_audit_record(kRecord));
}

TEST(AuditRecord, NumbersAreSignedInTheLog) {
  EXPECT_EQ(parse_audit_record(with("syscall=17", "syscall=-2"))->nr, 0xfffffffe);
}

TEST(AuditRecord, NamesWithBlanksAreHexadecimal) {
  EXPECT_EQ(parse_audit_record(with("comm=\"ls\"", "comm=61207369673D39"))->comm, "a sig=9");
}

TEST(AuditRecord, ANameForgesNoField) {
  EXPECT_EQ(parse_audit_record(with("comm=\"ls\"", "comm=\"pid=1\""))->pid, 17914);
  EXPECT_EQ(parse_audit_record(with("exe=\"/usr/bin/ls\"", "exe=\"/x,sig=9\""))->signal, 31);
}

TEST(AuditRecord, OtherLinesAreNone) {
  EXPECT_FALSE(parse_audit_record("6,1,2,-;eth0: link up"));
  EXPECT_FALSE(parse_audit_record(with("type=1326", "type=1300")));
  EXPECT_FALSE(parse_audit_record(with(" code=", " kode=")));
  EXPECT_FALSE(parse_audit_record(with("pid=17914", "pid=x")));
  EXPECT_FALSE(parse_audit_record(""));
}

TEST(AuditRecord, EveryTruncationIsSurvived) {
  for (std::size_t length = 0; length < kRecord.find("code=0x8"); ++length)
    EXPECT_FALSE(parse_audit_record(kRecord.substr(0, length))) << length;
}

TEST(KernelLog, CannotBeOpenedEverywhere) {
  EXPECT_FALSE(KernelLog::open("/nonexistent"));
}

TEST(KernelLog, EndsWithoutARecord) {
  const auto log = KernelLog::open("/dev/null");
  ASSERT_TRUE(log);
  EXPECT_FALSE(log->find_kill(1, 1));
}

}  // namespace
}  // namespace callgate::sandbox
