// What readers of other tools' formats accept, refuse and warn of; and that no JSON profile is taken for anything else.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "arch/calls.h"
#include "convert/convert.h"
#include "convert/diagnostic_ids.h"
#include "format/diagnostic_ids.h"

namespace callgate::convert {
namespace {

using policy::Action;

struct Outcome {
  std::optional<Reading> reading;
  std::vector<int> findings;
  std::string text;
};

Outcome read_text(const std::string& text, const std::string& select = {}, const Format* format = nullptr) {
  ReadContext context;
  context.options.as = format::Engine::oci;
  context.options.native = arch::Arch::x86_64;
  context.select = select;
  const base::SourceFile file("file", text);
  base::Diagnostics diagnostics;
  Outcome out;
  out.reading = read(file, context, diagnostics, format);
  for (const base::Diagnostic& each : diagnostics.items()) out.findings.push_back(each.number);
  out.text = base::render_text(diagnostics, false);
  EXPECT_EQ(out.reading.has_value(), !diagnostics.has_errors()) << out.text;
  return out;
}

Action answer(const Reading& reading, std::string_view call, std::array<std::uint64_t, 6> args = {}) {
  return policy::evaluate(reading.profile.policy, {0xc000003e, *arch::number(arch::Arch::x86_64, call), args});
}

std::string object(const std::string& spec, const std::string& name = "web") {
  return "apiVersion: security-profiles-operator.x-k8s.io/v1\nkind: SeccompProfile\nmetadata:\n  name: " + name +
         "\nspec:\n" + spec;
}

constexpr const char* kErrnoSpec =
    "  defaultAction: SCMP_ACT_ERRNO\n  architectures: [SCMP_ARCH_X86_64]\n  syscalls:\n"
    "  # files\n  - action: SCMP_ACT_ALLOW\n    names: [read, openat]\n"
    "  - action: SCMP_ACT_ERRNO\n    errnoRet: 38\n    names: [clone3]\n"
    "  - action: SCMP_ACT_ALLOW\n    names: [personality]\n    args:\n"
    "    - {index: 0, op: SCMP_CMP_MASKED_EQ, value: 255, valueTwo: 8}\n";

TEST(ReadSpo, MeansWhatTheOperatorInstalls) {
  const Outcome out = read_text("# the web servers'\n" + object(kErrnoSpec));
  ASSERT_TRUE(out.reading) << out.text;
  EXPECT_TRUE(out.findings.empty()) << out.text;
  EXPECT_EQ(answer(*out.reading, "read"), policy::kAllow);
  EXPECT_EQ(answer(*out.reading, "write"), policy::make_errno(1));
  EXPECT_EQ(answer(*out.reading, "clone3"), policy::make_errno(38));
  EXPECT_EQ(answer(*out.reading, "personality", {0x1008}), policy::kAllow);
  EXPECT_EQ(answer(*out.reading, "personality", {0x1009}), policy::make_errno(1));
  EXPECT_EQ(out.reading->comments.of("openat"), "files");
  EXPECT_EQ(out.reading->comments.file, std::vector<std::string>{"the web servers'"});
}

struct Case {
  const char* text;
  int finding;
};

TEST(ReadSpo, FindsWhatIsWrong) {
  const Case cases[] = {
      {"  defaultAction: SCMP_ACT_ERRNO\n  defaultErrnoRet: 38\n", kFieldDropped.number},
      {"  defaultaction: SCMP_ACT_ERRNO\n", format::kMissingField.number},
      {"  defaultAction: SCMP_ACT_ERRNO\n  baseProfileName: runc-v1.4\n", kBaseProfile.number},
      {"  defaultAction: SCMP_ACT_ERRNO\n  state: Disabled\n", kDisabled.number},
      {"  defaultAction: SCMP_ACT_ERRNO\n  listenerPath: /run/agent\n", kBadListener.number},
      {"  defaultAction: SCMP_ACT_NOPE\n", format::kUnknownAction.number},
      {"  defaultAction: SCMP_ACT_ALLOW\n  syscalls:\n  - {action: SCMP_ACT_ERRNO, errnoRet: 0, names: [read]}\n",
       kErrnoZero.number},
      {"  defaultAction: SCMP_ACT_ALLOW\n  syscalls:\n  - {action: SCMP_ACT_ERRNO, names: [raed]}\n",
       format::kUnknownCall.number},
      {"  defaultAction: SCMP_ACT_ALLOW\n  syscalls:\n  - {action: SCMP_ACT_ERRNO, names: [read], args: [{index: 0, "
       "op: "
       "SCMP_CMP_EQ, value: 9223372036854775808}]}\n",
       kBadValue.number},
      {"  defaultAction: SCMP_ACT_ALLOW\n  syscalls:\n  - {action: SCMP_ACT_ERRNO, names: [read], args: [{op: "
       "SCMP_CMP_EQ}]}\n",
       format::kMissingField.number},
      {"  defaultAction: SCMP_ACT_ALLOW\n  syscalls:\n  - {action: SCMP_ACT_ERRNO}\n", format::kMissingField.number},
  };
  for (const Case& one : cases) {
    const Outcome out = read_text(object(one.text));
    EXPECT_NE(std::find(out.findings.begin(), out.findings.end(), one.finding), out.findings.end())
        << one.text << out.text;
  }
}

TEST(ReadSpo, TakesOneProfileOfAFile) {
  const std::string both = object("  defaultAction: SCMP_ACT_ALLOW\n", "open") + "---\n" +
                           object("  defaultAction: SCMP_ACT_ERRNO\n", "shut");
  EXPECT_EQ(read_text(both).findings, std::vector<int>{kSeveralProfiles.number});
  EXPECT_EQ(read_text(both, "ajar").findings, std::vector<int>{kSeveralProfiles.number});
  const Outcome shut = read_text(both, "shut");
  ASSERT_TRUE(shut.reading) << shut.text;
  EXPECT_EQ(answer(*shut.reading, "read"), policy::make_errno(1));
}

TEST(ReadSpo, RefusesTwoFormatsInOneFile) {
  const std::string mixed = object("  defaultAction: SCMP_ACT_ALLOW\n") + "---\ndefaultAction: SCMP_ACT_ALLOW\n";
  EXPECT_EQ(read_text(mixed).findings, std::vector<int>{kMixedFormats.number});
  EXPECT_EQ(read_text(object(kErrnoSpec), {}, &kSeccompiler).findings, std::vector<int>{kMixedFormats.number});
}

std::string filter(const std::string& rules, const std::string& mismatch = "\"trap\"") {
  return fmt::format(R"({{"vmm": {{"mismatch_action": {}, "match_action": "allow", "filter": [{}]}}}})", mismatch,
                     rules);
}

TEST(ReadSeccompiler, MeansWhatTheCompilerMakes) {
  const Outcome out = read_text(filter(
      R"({"syscall": "read", "comment": "input"}, {"syscall": "ioctl", "args": [{"index": 1, "type": "dword", "op": "eq", "val": 21505}]},
         {"syscall": "ioctl", "args": [{"index": 1, "type": "qword", "op": {"masked_eq": 240}, "val": 31}]},
         {"syscall": "futex", "args": [{"index": 1, "type": "dword", "op": "le", "val": 2}]})"));
  ASSERT_TRUE(out.reading) << out.text;
  EXPECT_TRUE(out.findings.empty()) << out.text;
  const Action trap{policy::ActionKind::trap, 0};
  EXPECT_EQ(answer(*out.reading, "read"), policy::kAllow);
  EXPECT_EQ(answer(*out.reading, "write"), trap);
  EXPECT_EQ(answer(*out.reading, "ioctl", {0, 0xf00000000 + 21505}), policy::kAllow);
  EXPECT_EQ(answer(*out.reading, "ioctl", {0, 0x11f}), policy::kAllow);  // the value is cut to the mask
  EXPECT_EQ(answer(*out.reading, "ioctl", {0, 0x12f}), trap);
  EXPECT_EQ(answer(*out.reading, "futex", {0, 0x700000001}), policy::kAllow);
  EXPECT_EQ(answer(*out.reading, "futex", {0, 3}), trap);
  EXPECT_EQ(policy::evaluate(out.reading->profile.policy, {0xc00000b7, 63, {}}), policy::kKillProcess);
  EXPECT_EQ(out.reading->comments.of("read"), "input");
}

TEST(ReadSeccompiler, FindsWhatIsWrong) {
  const std::pair<std::string, int> cases[] = {
      {filter(R"({"syscall": "raed"})"), kNoSuchCall.number},
      {filter(R"({"syscall": "read", "arg": []})"), kBadField.number},
      {filter(R"({"syscall": "read", "args": []})"), kRefusedFile.number},
      {filter(R"({"syscall": "read"})", "\"allow\""), kRefusedFile.number},
      {filter("", "\"deny\""), kBadValue.number},
      {filter("", "{\"errno\": \"EPERM\"}"), format::kWrongType.number},
      {filter(R"({"args": []})"), format::kMissingField.number},
      {filter(R"({"syscall": "read", "args": [{"index": 6, "type": "dword", "op": "eq", "val": 1}]})"),
       format::kArgumentIndex.number},
      {filter(R"({"syscall": "read", "args": [{"index": 0, "type": "byte", "op": "eq", "val": 1}]})"),
       kBadValue.number},
      {filter(R"({"syscall": "read", "args": [{"index": 0, "type": "dword", "op": "eq", "val": 4294967297}]})"),
       kValueCut.number},
      {filter(
           R"({"syscall": "read"}, {"syscall": "read", "args": [{"index": 0, "type": "dword", "op": "eq", "val": 1}]})"),
       kRuleForgotten.number},
      {R"({"a": {"match_action": "allow", "filter": []}, "b": {"match_action": "allow", "filter": []}})",
       kSeveralProfiles.number},
  };
  for (const auto& [text, finding] : cases) {
    const Outcome out = read_text(text);
    EXPECT_NE(std::find(out.findings.begin(), out.findings.end(), finding), out.findings.end()) << text << out.text;
  }
}

TEST(Sniff, TakesNoJsonProfileForAnotherFormat) {
  for (const std::string text :
       {R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []})",
        R"({"DefaultAction": "SCMP_ACT_ALLOW", "x": {"filter": [], "match_action": "allow"}})",
        R"({"defaultAction": "SCMP_ACT_ALLOW", "comment": "security-profiles-operator.x-k8s.io/v1 SeccompProfile"})",
        R"({"ociVersion": "1.0", "linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}}})", R"({})",
        "defaultAction: SCMP_ACT_ALLOW\n"})
    EXPECT_EQ(sniff(text), nullptr) << text;
  EXPECT_EQ(sniff(filter("")), &kSeccompiler);
  EXPECT_EQ(sniff(object(kErrnoSpec)), &kSpoV1);
}

}  // namespace
}  // namespace callgate::convert
