// minijail policies read and written.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "text_formats.h"

namespace callgate::convert {
namespace {

using policy::Action;
using policy::ActionKind;
using policy::kAllow;
using policy::kKillProcess;
using policy::kKillThread;
using policy::make_errno;
using test::Text;
using testing::HasSubstr;

struct Case {
  std::string_view text, call;
  std::array<std::uint64_t, 6> args;
  Action action;
};

TEST(Minijail, Answers) {
  constexpr std::uint64_t kAll = ~std::uint64_t{0};
  const Action trap{ActionKind::trap, 0}, log{ActionKind::log, 0}, notify{ActionKind::notify, 0};
  const Case cases[] = {
      {"read: 1", "read", {}, kAllow},
      {"read: 1", "write", {}, kKillThread},
      {"read: allow", "read", {}, kAllow},
      {"read: return EPERM", "read", {}, make_errno(1)},
      {"read: return 38", "read", {}, make_errno(38)},
      {"read: return 5000", "read", {}, make_errno(4095)},
      {"kill: 1", "kill", {}, kAllow},
      {"read: arg0 == 3 && arg1 != 0 || arg2 > 7", "read", {3, 1, 0}, kAllow},
      {"read: arg0 == 3 && arg1 != 0 || arg2 > 7", "read", {3, 0, 0}, kKillThread},
      {"read: arg0 == 3 && arg1 != 0 || arg2 > 7", "read", {0, 0, 8}, kAllow},
      {"read: arg0 == 0x100000003", "read", {3}, kKillThread},
      {"read: arg0 & 6", "read", {4}, kAllow},
      {"read: arg0 & 6", "read", {8}, kKillThread},
      {"read: arg0 in 6", "read", {4}, kAllow},
      {"read: arg0 in 6", "read", {0}, kAllow},
      {"read: arg0 in 6", "read", {12}, kKillThread},
      {"mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE", "mmap", {0, 0, 6}, kKillThread},
      {"mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE", "mmap", {0, 0, 5}, kAllow},
      {"read: arg0 == -1", "read", {kAll}, kAllow},
      {"read: arg0 == ~0", "read", {kAll}, kAllow},
      {"read: arg0 == ~(1|0x2)|010", "read", {~std::uint64_t{3}}, kAllow},
      {"socket: arg0 == AF_UNIX", "socket", {1}, kAllow},
      {"read: arg0 == 1; return EPERM", "read", {1}, kAllow},
      {"read: arg0 == 1; return EPERM", "read", {0}, make_errno(1)},
      // The same, where the file can only be for compile_seccomp_policy.py.
      {"@default kill-process\nread: arg0 == 1; return EPERM", "read", {1}, make_errno(1)},
      {"@default kill-process\nread: arg0 == 1; return EPERM", "read", {0}, kKillProcess},
      {"@default trap\nwrite: 1", "read", {}, trap},
      {"@default user-notify\n", "read", {}, notify},
      {"read: { arg0 == 0, arg0 == 1; return ENOSYS, log }", "read", {0}, kAllow},
      {"read: { arg0 == 0, arg0 == 1; return ENOSYS, log }", "read", {1}, make_errno(38)},
      {"read: { arg0 == 0, arg0 == 1; return ENOSYS, log }", "read", {2}, log},
      {"{read, write}: 1", "write", {}, kAllow},
      {"{read[arch=arm], write[arch=x86_64]}: 1", "read", {}, kKillThread},
      {"{read[arch=arm], write[arch=x86_64]}: 1", "write", {}, kAllow},
      {"read: arg0 == 1\nread: arg0 == 2", "read", {2}, kAllow},
      {"read: arg0 == 1 || \\\n  arg0 == 2", "read", {2}, kAllow},
      // A last "allow" makes the compiler forget the rest.
      {"read: { arg0 == 1; return EPERM, allow }", "read", {1}, kAllow},
      {"read: { arg0 == 1; return EPERM, arg0 >= 0 }", "read", {1}, make_errno(1)},
      {"read: { arg0 == 1; return EPERM, arg0 >= 0 }", "read", {2}, kAllow},
      {"@denylist\nbpf: return EPERM", "bpf", {}, make_errno(1)},
      {"@denylist\nbpf: return EPERM", "read", {}, kAllow},
  };
  for (const Case& one : cases) {
    const Text text(kMinijail, std::string(one.text));
    ASSERT_TRUE(text.reading) << one.text << "\n" << text.messages();
    EXPECT_EQ(text.answer(one.call, one.args), one.action) << one.text;
  }
}

TEST(Minijail, OtherArchitecturesAreKilledOrRefused) {
  const policy::Call foreign{arch::info(arch::Arch::x86).audit, 3, {}};
  EXPECT_EQ(policy::evaluate(Text(kMinijail, "read: 1").reading->profile.policy, foreign), kKillThread);
  EXPECT_EQ(policy::evaluate(Text(kMinijail, "@denylist\n").reading->profile.policy, foreign), make_errno(1));
}

TEST(Minijail, ThirtyTwoBitsAreComparedOnArm) {
  const Text text(kMinijail, "read: arg0 == 3\nopen: arg1 & O_DIRECTORY", arch::Arch::arm);
  EXPECT_EQ(text.answer("read", {0x100000003}), kAllow);
  EXPECT_EQ(text.answer("open", {0, 0x4000}), kAllow) << "ARM has its own value";
}

TEST(Minijail, IncludesAndFrequencies) {
  const Text text(kMinijail, "@frequency ./f\n@include ./common.policy\nwrite: 1\n", arch::Arch::x86_64,
                  {{"./common.policy", "read: 1\n"}});
  ASSERT_TRUE(text.reading) << text.messages();
  EXPECT_EQ(text.answer("read"), kAllow);
  EXPECT_EQ(text.answer("write"), kAllow);
}

TEST(Minijail, BadInput) {
  const std::tuple<std::string_view, std::string_view> cases[] = {
      {"raed: 1", "1:1: error: x86_64 has no call 'raed' [CG1251]"},
      {"raed: 1", "did you mean 'read'?"},
      {"read 1", "1:6: error: ':' wanted, not '1' [CG1250]"},
      {"read:", "1:6: error: action or condition wanted, not 'end of line' [CG1250]"},
      {"read: arg0 ==", "constant wanted, not 'end of line' [CG1250]"},
      {"read: arg0 == (1", "')' wanted"},
      {"read: { arg0 == 1", "'}' wanted"},
      {"read: arg0 == ~~1", "constant wanted, not '~'"},
      {"read: arg0 = 1", "comparison wanted, not '='"},
      {"read: arg6 == 1", "no argument 'arg6' [CG1261]"},
      {"read: arg0 == O_NOSUCH", "1:15: error: unknown constant 'O_NOSUCH' [CG1253]"},
      {"read: return EWHAT", "unknown constant 'EWHAT' [CG1253]"},
      {"read: return", "errno wanted"},
      {"read: maybe", "'maybe' is no action or condition [CG1260]"},
      {"read: 2", "'2' is no action or condition [CG1260]"},
      {"read: arg0 == 0x10000000000000000", "does not fit [CG1255]"},
      {"read: 1\nread: arg0 == 1", "2:1: error: 'read' already has a rule that always decides [CG1259]"},
      {"@default allow", "'allow' is no default of minijail's [CG1260]"},
      {"@include ./nosuch", "cannot open included file './nosuch' [CG1258]"},
      {"@include nosuch", "path wanted"},
      {"@bogus", "unknown directive '@bogus' [CG1250]"},
      {"io@libc: 1", "unknown group 'io@libc' [CG1254]"},
      {"read: 1 \x01", "unexpected '\\x01' [CG1250]"},
      {"read: 1 1", "1:9: error: unexpected '1' [CG1250]"},
  };
  for (const auto& [bad, message] : cases) {
    const Text text(kMinijail, std::string(bad));
    EXPECT_FALSE(text.reading) << bad;
    EXPECT_THAT(text.messages(), HasSubstr(std::string(message))) << bad;
  }
  const Text loop(kMinijail, "@include ./a", arch::Arch::x86_64, {{"./a", "@include ./a"}});
  EXPECT_THAT(loop.messages(), HasSubstr("included too deep [CG1258]"));
  const Text deep(kMinijail, "read: arg0 == " + std::string(10000, '('));
  EXPECT_THAT(deep.messages(), HasSubstr("too many parentheses"));
}

TEST(Minijail, TheTwoCompilersAreTold) {
  EXPECT_THAT(Text(kMinijail, "read: arg0 == 1; return EPERM").messages(), HasSubstr("[CG1264]"));
  EXPECT_THAT(Text(kMinijail, "read: { arg0 == 1; return EPERM }").messages(), testing::IsEmpty());
  EXPECT_THAT(Text(kMinijail, "read: { arg0 == 1; return EPERM, allow }").messages(),
              HasSubstr("'read' is always allowed: its last filter is 'allow' [CG1270]"));
}

TEST(Minijail, TooLargeAConditionIsRefused) {
  std::string text = "read: ";
  for (int term = 0; term < 8; ++term) {
    for (int arg = 0; arg < 6; ++arg) text += fmt::format("{}arg{} & {:#x}", arg == 0 ? "" : " && ", arg, 0xff << term);
    text += term < 7 ? " || " : "\n";
  }
  const Text refused(kMinijail, text);
  EXPECT_FALSE(refused.reading);
  EXPECT_THAT(refused.messages(), HasSubstr("the conditions of 'read' are too large [CG1257]"));
}

TEST(Minijail, WritesWhatItReads) {
  const std::string text =
      "# A policy.\n"
      "\n"
      "read: 1\n"
      "# no sockets but local ones\n"
      "socket: arg0 == AF_UNIX\n"
      "ptrace: return EPERM\n"
      "mmap: { arg2 in ~PROT_EXEC || \\\n"
      "    arg2 in ~PROT_WRITE; log, return EACCES }\n";
  const Text first(kMinijail, text);
  ASSERT_TRUE(first.reading) << first.messages();
  const Conversion out = test::convert(*first.reading, kMinijail);
  EXPECT_EQ(test::losses(out), "");
  EXPECT_THAT(out.text, HasSubstr("# A policy.\n\n"));
  EXPECT_THAT(out.text, HasSubstr("# no sockets but local ones\nsocket: arg0 == AF_UNIX\n"));
  EXPECT_THAT(out.text, HasSubstr("ptrace: return EPERM\n"));
  const Text second(kMinijail, out.text);
  EXPECT_EQ(second.reading->comments.file, first.reading->comments.file);
  EXPECT_EQ(second.reading->comments.by_call, first.reading->comments.by_call);
}

TEST(Minijail, DenylistsStayDenylists) {
  const Text denies(kMinijail, "@denylist\n# no programs\nbpf: return EPERM\nread: arg0 == 1; return EACCES\n");
  ASSERT_TRUE(denies.reading) << denies.messages();
  const Conversion out = test::convert(*denies.reading, kMinijail);
  EXPECT_EQ(test::losses(out), "");
  EXPECT_THAT(out.text, HasSubstr("@denylist\n# no programs\nbpf: return EPERM\n"));
}

TEST(Minijail, RoundTripsRandomPolicies) {
  const Action some[] = {kAllow,       make_errno(1),        make_errno(38),        kKillThread,
                         kKillProcess, {ActionKind::log, 0}, {ActionKind::trap, 0}, {ActionKind::trace, 0}};
  const Action fallbacks[] = {kKillThread, kKillProcess, {ActionKind::trap, 0}, {ActionKind::notify, 0}};
  std::mt19937_64 rng(7);
  for (int i = 0; i < 150; ++i) {
    const Reading random = test::random_profile(rng, i % 3 != 0, some, fallbacks[rng() % 4], kKillThread);
    const Conversion out = test::convert(random, kMinijail);
    EXPECT_EQ(test::losses(out), "") << out.text;
  }
}

TEST(Minijail, LosesWhatItCannotSay) {
  std::mt19937_64 rng(8);
  const Action some[] = {kAllow, make_errno(1)};
  // A default of EPERM is said call by call; numbers without a name are killed.
  const Conversion out = test::convert(test::random_profile(rng, false, some, make_errno(1), kKillThread), kMinijail);
  ASSERT_FALSE(out.losses.empty());
  std::string reasons;
  for (const Loss& loss : out.losses) {
    EXPECT_FALSE(loss.widens) << loss.message;
    reasons += loss.why;
  }
  EXPECT_THAT(reasons, HasSubstr("one default, which may not be an errno"));
}

TEST(Minijail, IsToldByItsContent) {
  for (const std::string_view text : {"read: 1", "# c\n\nopen: arg0 == 1", "@include /x", "{read, write}: allow"})
    EXPECT_EQ(sniff(text), &kMinijail) << text;
  for (const std::string_view text : {"{\"defaultAction\": \"x\"}", "version: 1", "POLICY a {}", ""})
    EXPECT_NE(sniff(text), &kMinijail) << text;
}

}  // namespace
}  // namespace callgate::convert
