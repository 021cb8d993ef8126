// kafel policies read and written.
// SPDX-License-Identifier: Apache-2.0
#include "convert/kafel_value.h"
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

TEST(Kafel, Answers) {
  constexpr std::uint64_t kHigh = std::uint64_t{1} << 32;
  const Case cases[] = {
      {"ALLOW { read }", "read", {}, kAllow},
      {"ALLOW { read }", "write", {}, kKillThread},
      {"DEFAULT ERRNO(1) ALLOW { read }", "write", {}, make_errno(1)},
      {"POLICY p { DENY { read }, ALLOW { read, write } } USE p DEFAULT LOG", "read", {}, kKillThread},
      {"POLICY p { DENY { read }, ALLOW { read, write } } USE p DEFAULT LOG", "write", {}, kAllow},
      {"POLICY p { DENY { read }, ALLOW { read, write } } USE p DEFAULT LOG", "open", {}, {ActionKind::log, 0}},
      {"KILL_PROCESS { read } TRAP(3) { write }", "write", {}, {ActionKind::trap, 3}},
      {"TRACE(9) { read }, USER_NOTIF { write }", "read", {}, {ActionKind::trace, 9}},
      {"ALLOW { read { fd == 1 } } ERRNO(2) { read }", "read", {1}, kAllow},
      {"ALLOW { read { fd == 1 } } ERRNO(2) { read }", "read", {2}, make_errno(2)},
      // Both sides have 32 bits: the upper half is not looked at.
      {"ALLOW { read { fd == 1 } }", "read", {kHigh | 1}, kAllow},
      {"ALLOW { read { fd == 0x100000001 } }", "read", {1}, kKillThread},
      {"ALLOW { read(a) { a == 1 } }", "read", {kHigh | 1}, kKillThread},
      {"ALLOW { read { count > 5 } }", "read", {0, 0, kHigh}, kAllow},
      {"ALLOW { read { fd > 5 } }", "read", {kHigh}, kKillThread},
      {"ALLOW { read { fd > 5 } }", "read", {kHigh | 6}, kAllow},
      {"ALLOW { read { 5 < fd, count == 7 } }", "read", {0, 0, 7}, kAllow},
      {"ALLOW { mmap { (prot & 4) == 0 } }", "mmap", {0, 0, 3}, kAllow},
      {"ALLOW { mmap { (prot & 4) == 0 } }", "mmap", {0, 0, 7}, kKillThread},
      {"ALLOW { mmap { (prot & 6) != 0 } }", "mmap", {0, 0, 1}, kKillThread},
      {"ALLOW { read { !(fd == 5 && count == 0) } }", "read", {5, 0, 0}, kKillThread},
      {"ALLOW { read { !(fd == 5 && count == 0) } }", "read", {5, 0, 1}, kAllow},
      {"ALLOW { read { fd | 1 == 3 } }", "read", {2}, kAllow},
      {"ALLOW { read { (fd & 0xff) >= 0x80 } }", "read", {0x1ff}, kAllow},
      {"ALLOW { read { (fd & 0xff) >= 0x80 } }", "read", {0x17f}, kKillThread},
      {"ALLOW { read { fd == fd } }", "read", {9}, kAllow},
      {"ALLOW { read { 1 == 2 } }", "read", {}, kKillThread},
      {"ALLOW { read {} }", "read", {}, kAllow},
      {"#define TWO 0b10\n#define N 017\nALLOW { read { fd == TWO|N } }", "read", {15}, kAllow},
      {"ALLOW { SYSCALL[0](a) { a == -1 } }", "read", {~std::uint64_t{0}}, kAllow},
      {"#define mycall 0\nALLOW { mycall }", "read", {}, kAllow},
      {"ALLOW { newstat }", "stat", {}, kAllow},
      {"ALLOW { read ON x86_64, write ON { arm, AARCH64 } }", "read", {}, kAllow},
      {"ALLOW { read ON x86_64, write ON { arm, AARCH64 } }", "write", {}, kKillThread},
      {"POLICY a { ERRNO(1) { read } } POLICY b { USE a, ALLOW { read } } USE b", "read", {}, make_errno(1)},
      {"// c\n/* d\n e */ ALLOW { read /* f */ }", "read", {}, kAllow},
  };
  for (const Case& one : cases) {
    const Text text(kKafel, std::string(one.text));
    ASSERT_TRUE(text.reading) << one.text << "\n" << text.messages();
    EXPECT_EQ(text.answer(one.call, one.args), one.action) << one.text;
  }
}

TEST(Kafel, NumbersOf32BitArchitecturesAreItsOwn) {
  const Text text(kKafel, "ALLOW { chown }", arch::Arch::x86);
  ASSERT_TRUE(text.reading) << text.messages();
  EXPECT_EQ(text.answer("chown32"), kAllow);
  EXPECT_EQ(text.answer("chown"), kKillThread);
}

TEST(Kafel, Includes) {
  const Text text(kKafel, "#include \"a\" \"b\"; USE b DEFAULT KILL_PROCESS", arch::Arch::x86_64,
                  {{"a", "POLICY a { ALLOW { read } }"}, {"b", "POLICY b { USE a }"}});
  ASSERT_TRUE(text.reading) << text.messages();
  EXPECT_EQ(text.answer("read"), kAllow);
  EXPECT_EQ(text.answer("write"), kKillProcess);
}

TEST(Kafel, BadInput) {
  const std::tuple<std::string_view, std::string_view> cases[] = {
      {"", "statement wanted, not the end of the file [CG1250]"},
      {"ALLOW { raed }", "1:9: error: kafel has no call 'raed' for x86_64 [CG1251]"},
      {"ALLOW { raed }", "did you mean 'read'?"},
      {"ALLOW { stat }", "kafel calls it 'newstat'"},
      {"ALLOW { read, }", "call wanted, not '}' [CG1250]"},
      {"ALLOW { read write }", "',' or '}' wanted, not 'write'"},
      {"ALLOW { read { fd } }", "condition wanted, not a value"},
      {"ALLOW { read { fd == (1 == 2) } }", "value wanted, not a condition"},
      {"ALLOW { read { fd == 1 && } }", "argument or number wanted"},
      {"ALLOW { read { (fd == 1 } }", "')' wanted, not '}'"},
      {"ALLOW { read { ! fd } }", "condition wanted"},
      {"ALLOW { read { fd == nosuch } }", "unknown argument or constant 'nosuch' [CG1261]"},
      {"ALLOW { read { fd == nosuch } }", "the arguments are fd, buf, count"},
      {"ALLOW { read(a, a) }", "argument 'a' is given twice [CG1261]"},
      {"ALLOW { read(a, b, c, d, e, f, g) }", "a call has six arguments"},
      {"ALLOW { read { fd == count } }", "two arguments are compared with each other [CG1256]"},
      {"ALLOW { read { (fd & count) == 0 } }", "two arguments are compared with each other [CG1256]"},
      {"ERRNO(65536) { read }", "'65536' is above 65535 [CG1255]"},
      {"ALLOW { SYSCALL[0x12345678901234567] }", "does not fit into 64 bits [CG1255]"},
      {"DEFAULT KILL DEFAULT KILL", "DEFAULT is given twice [CG1263]"},
      {"DEFAULT MAYBE", "'MAYBE' is no action [CG1260]"},
      {"USE nosuch", "unknown policy 'nosuch' [CG1268]"},
      {"POLICY a {} POLICY a {}", "policy 'a' is defined twice [CG1259]"},
      {"#define A 1\n#define A 2\nUSE a", "'A' is defined with another value [CG1259]"},
      {"ALLOW { read ON vax }", "unknown architecture 'vax' [CG1265]"},
      {"ALLOW { read ON { x86, i386 } }", "given twice"},
      {"POLICY ALLOW {}", "name of the policy wanted"},
      {"ALLOW { _llseek }", "unexpected '_' [CG1250]"},
      {"ALLOW { read } /* no end", "comment without an end"},
      {"ALLOW { read } /* no end **/", "comment without an end"},
      {"#include \"nosuch\"\n", "cannot open included file 'nosuch' [CG1258]"},
      {"#include\"nosuch\"\n", "file name in double quotes wanted"},
      {"#include \"nosuch", "file name in double quotes wanted"},
  };
  for (const auto& [bad, message] : cases) {
    const Text text(kKafel, std::string(bad));
    EXPECT_FALSE(text.reading) << bad;
    EXPECT_THAT(text.messages(), HasSubstr(std::string(message))) << bad;
  }
  const Text loop(kKafel, "#include \"a\"\n", arch::Arch::x86_64, {{"a", "#include \"a\"\n"}});
  EXPECT_THAT(loop.messages(), HasSubstr("included too deep [CG1258]"));
  for (const std::string& open : {std::string(3000, '('), std::string(3000, '!')}) {
    const Text deep(kKafel, "ALLOW { read { " + open + " fd == 1 } }");
    EXPECT_THAT(deep.messages(), HasSubstr("nested too deep [CG1257]"));
  }
  const Text mips(kKafel, "ALLOW { read }", arch::Arch::mips);
  EXPECT_THAT(mips.messages(), HasSubstr("kafel's calls on mips are not known here [CG1265]"));
}

// (v & m | o) compared with such another, by trying arguments.
TEST(Kafel, ComparisonsOfMaskedValuesAreExact) {
  using namespace kafel;
  std::mt19937_64 rng(11);
  const auto value_of = [](const Value& value, std::uint64_t argument) { return (argument & value.mask) | value.ones; };
  const auto random_value = [&](int depth) {
    Value value = argument(0, rng() % 2 == 0);
    for (; depth > 0; --depth) {
      const Value c = constant(policy::test::random_value(rng) >> (rng() % 3 == 0 ? 32 : 0));
      value = rng() % 2 == 0 ? *bit_and(value, c) : *bit_or(value, c);
    }
    return value;
  };
  for (int i = 0; i < 2000; ++i) {
    const Value a = random_value(static_cast<int>(rng() % 3));
    const Value b = rng() % 3 == 0 ? random_value(1) : constant(policy::test::random_value(rng));
    const auto how = static_cast<Comparison>(rng() % 6);
    const auto terms = compare(how, a, b);
    ASSERT_TRUE(terms);
    const Guarded rule{*terms, kAllow};
    const auto decision = lower(std::span(&rule, 1), kKillThread);
    ASSERT_TRUE(decision);
    // Two constants are compared whole, and a part of 64 bits makes the comparison one of 64.
    const bool whole = a.wide || b.wide || (!a.arg && !b.arg);
    for (int k = 0; k < 20; ++k) {
      const std::uint64_t argument = policy::test::random_value(rng);
      std::uint64_t left = value_of(a, argument), right = value_of(b, argument);
      if (!whole) {
        left &= 0xffffffff;
        right &= 0xffffffff;
      }
      const bool expected = how == Comparison::eq   ? left == right
                            : how == Comparison::ne ? left != right
                            : how == Comparison::lt ? left < right
                            : how == Comparison::le ? left <= right
                            : how == Comparison::gt ? left > right
                                                    : left >= right;
      bool holds = false;
      bool decided = false;
      for (const policy::Clause& clause : decision->clauses) {
        if (decided) break;
        decided = std::all_of(clause.conditions.begin(), clause.conditions.end(),
                              [&](const policy::Condition& c) { return policy::holds(c, argument); });
        if (decided) holds = clause.action == kAllow;
      }
      if (!decided) holds = decision->otherwise == kAllow;
      ASSERT_EQ(holds, expected) << i << " " << argument;
    }
  }
}

TEST(Kafel, WritesWhatItReads) {
  const Text first(kKafel,
                   "// A policy.\n\nALLOW {\n  // only files\n  openat { (flags & 0x40) == 0 },\n  read // behind\n},\n"
                   "ERRNO(1) { socket { family == 2 } } DEFAULT KILL_PROCESS");
  ASSERT_TRUE(first.reading) << first.messages();
  EXPECT_EQ(first.reading->comments.of("openat"), "only files");
  EXPECT_EQ(first.reading->comments.of("read"), "behind");
  const Conversion out = test::convert(*first.reading, kKafel);
  EXPECT_EQ(test::losses(out), "");
  EXPECT_THAT(out.text, HasSubstr("// A policy.\n"));
  EXPECT_THAT(out.text, HasSubstr("#define AF_INET 2\n"));
  EXPECT_THAT(out.text, HasSubstr("socket { family == AF_INET }"));
  EXPECT_THAT(out.text, HasSubstr("    // only files\n    openat { (flags & O_CREAT) == 0 }"));
  const Text second(kKafel, out.text);
  EXPECT_EQ(second.reading->comments.file, first.reading->comments.file);
  EXPECT_EQ(second.reading->comments.by_call, first.reading->comments.by_call);
}

TEST(Kafel, RoundTripsRandomPolicies) {
  const Action some[] = {kAllow,
                         make_errno(1),
                         make_errno(4095),
                         kKillThread,
                         kKillProcess,
                         {ActionKind::log, 0},
                         {ActionKind::trap, 7},
                         {ActionKind::trace, 65535},
                         {ActionKind::notify, 0}};
  std::mt19937_64 rng(9);
  for (const arch::Arch arch : {arch::Arch::x86_64, arch::Arch::aarch64, arch::Arch::x86})
    for (int i = 0; i < 60; ++i) {
      const Reading random =
          test::random_profile(rng, i % 3 != 0, some, some[rng() % std::size(some)], kKillThread, arch);
      const Conversion out = test::convert(random, kKafel, arch);
      EXPECT_EQ(test::losses(out), "") << out.text;
    }
}

TEST(Kafel, IsToldByItsContent) {
  for (const std::string_view text :
       {"POLICY a {}", "// c\n#define A 1\nALLOW { read }", "DEFAULT KILL", "ERRNO(1) {}"})
    EXPECT_EQ(sniff(text), &kKafel) << text;
  for (const std::string_view text : {"{\"defaultAction\": 1}", "read: 1", "#include <x>", "DEFAULT: 1", ""})
    EXPECT_NE(sniff(text), &kKafel) << text;
}

}  // namespace
}  // namespace callgate::convert
