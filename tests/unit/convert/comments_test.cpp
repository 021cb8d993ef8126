// Comments, from every format into every format: what both have a place for is there afterwards, for each call of a
// group, and what is not is told.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "convert/convert.h"
#include "convert/diagnostic_ids.h"
#include "convert/hash_comments.h"
#include "policy/builder.h"

namespace callgate::convert {
namespace {

using testing::HasSubstr;

constexpr policy::AuditArch kX86_64 = 0xc000003e;

// A head, a group of calls, a single call, and a call with a condition on an argument.
Reading sample() {
  policy::Builder builder(policy::kKillProcess);
  builder.arch(kX86_64, policy::make_errno(1));
  builder.range(kX86_64, 0x40000000, 0x7fffffff, policy::make_errno(1));
  for (const policy::SyscallNr nr : {90U, 92U, 3U, 0U, 1U, 95U}) builder.call(kX86_64, nr, policy::kAllow);
  builder.call(kX86_64, 41, policy::Decision{{{{{0, policy::Op::eq, 1}}, policy::kAllow}}, policy::make_errno(1)});
  Reading reading;
  reading.profile.policy = builder.finish();
  reading.comments.file = {"for the web server"};
  for (const char* const call : {"read", "write", "close"}) reading.comments.add(call, "plain input and output");
  reading.comments.add("umask", "once, at the start");
  reading.comments.add("socket", "local ones");
  return reading;
}

struct Passed {
  Reading reading;
  std::string told;  // the loss of comments
};

std::optional<Passed> pass(const Reading& reading, const Format& format) {
  WriteOptions options;
  options.native = arch::Arch::x86_64;
  const auto made = write(reading, format, options);
  if (!made) return std::nullopt;
  Passed out;
  for (const Loss& loss : made->losses)
    if (loss.id.number == kLostComments.number) out.told = loss.message;
  ReadContext context;
  context.options.as = format.engine.value_or(options.engine);
  context.options.native = arch::Arch::x86_64;
  const base::SourceFile file("written", made->text);
  base::Diagnostics findings;
  auto back = read(file, context, findings, &format);
  EXPECT_TRUE(back) << format.name << base::render_text(findings, false) << made->text;
  if (!back) return std::nullopt;
  out.reading = std::move(*back);
  return out;
}

void expect_kept_or_told(const Reading& before, const Passed& after) {
  for (const auto& [call, texts] : before.comments.by_call)
    for (const std::string& text : texts)
      if (after.reading.comments.of(call).find(text) == std::string::npos) {
        EXPECT_NE(after.told, "") << call << ": " << text;
      }
  if (!before.comments.file.empty() && after.reading.comments.file.empty()) {
    EXPECT_NE(after.told, "");
  }
}

std::vector<const Format*> two_way() {
  std::vector<const Format*> out;
  for (const Format* const format : formats())
    if (format->read != nullptr && format->write != nullptr && !format->binary) out.push_back(format);
  return out;
}

TEST(Comments, AreKeptOrToldBetweenAnyTwoFormats) {
  for (const Format* const first : two_way()) {
    SCOPED_TRACE(first->name);
    const auto once = pass(sample(), *first);
    ASSERT_TRUE(once);
    expect_kept_or_told(sample(), *once);
    for (const Format* const second : two_way()) {
      SCOPED_TRACE(second->name);
      const auto twice = pass(once->reading, *second);
      ASSERT_TRUE(twice);
      expect_kept_or_told(once->reading, *twice);
    }
  }
}

TEST(Comments, AllCallsOfAGroupKeepTheirsWhereRulesHaveComments) {
  for (const Format* const format : {&kDocker, &kPodman, &kSpoV1, &kSpoV1beta1, &kSeccompiler, &kMinijail, &kKafel}) {
    SCOPED_TRACE(format->name);
    const auto once = pass(sample(), *format);
    ASSERT_TRUE(once);
    EXPECT_EQ(once->reading.comments.by_call, sample().comments.by_call);
  }
  for (const Format* const format : {&kSpoV1, &kMinijail, &kKafel, &kSystemd, &kFirejail})
    EXPECT_EQ(pass(sample(), *format)->reading.comments.file, sample().comments.file) << format->name;
  EXPECT_THAT(pass(sample(), kFirejail)->told, HasSubstr("comments of close, read, socket, umask, write are left out"));
  EXPECT_EQ(pass(sample(), kOci)->told, "the comments are left out");
}

TEST(Comments, OfObjectsInYamlStandAboveAndBesideRulesFieldsAndNames) {
  const base::SourceFile file("crd.yaml", R"(# of the file
apiVersion: security-profiles-operator.x-k8s.io/v1
kind: SeccompProfile
metadata: {name: p}
spec:
  defaultAction: SCMP_ACT_ERRNO
  syscalls:
  # of the rule
  - action: SCMP_ACT_ALLOW  # of its action
    # of its names
    names:
    # of read
    - read
    - write  # of write
    - close
)");
  base::Diagnostics findings;
  const auto reading = read(file, {}, findings, &kSpoV1);
  ASSERT_TRUE(reading) << base::render_text(findings, false);
  EXPECT_THAT(reading->comments.file, testing::ElementsAre("of the file"));
  EXPECT_EQ(reading->comments.of("close"), "of the rule; of its action; of its names");
  EXPECT_EQ(reading->comments.of("read"), "of read; of the rule; of its action; of its names");
  EXPECT_EQ(reading->comments.of("write"), "of write; of the rule; of its action; of its names");
}

std::string heading(const std::string& text, std::string_view word) {
  const base::SourceFile file("f", text);
  const auto at = static_cast<std::uint32_t>(text.find(word));
  return paragraph_heading({&file, at, at + 1}, "#");
}

TEST(Comments, AHeadingHoldsForItsParagraph) {
  EXPECT_EQ(heading("# one\n# two\na\nb\nX\n", "X"), "one two");
  EXPECT_EQ(heading("a\n\n# one\nb\nX\n", "X"), "one");
  EXPECT_EQ(heading("block {\n# one\nb\nX\n", "X"), "one");
  EXPECT_EQ(heading("# one\na\n\nX\n", "X"), "");
  EXPECT_EQ(heading("a\n# of b alone\nb\nX\n", "X"), "");
  EXPECT_EQ(heading("# one\na\n# of b\nb\nX\n", "X"), "");
  EXPECT_EQ(heading("X\n", "X"), "");
}

}  // namespace
}  // namespace callgate::convert
