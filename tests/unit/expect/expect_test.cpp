// SPDX-License-Identifier: Apache-2.0
#include "expect/expect.h"

#include <gtest/gtest.h>

#include <map>

#include "arch/calls.h"
#include "policy/algebra.h"
#include "policy/builder.h"
#include "syntax/pattern.h"

namespace callgate::expect {
namespace {

using arch::Arch;

constexpr std::string_view kHead = "profile: x\nexpect:\n";

// x86_64: read allowed; socket allowed unless its family is 38 (compared in 64 bits); clone allowed without bit 28;
// mount killed; everything else ERRNO(1).
policy::Policy example() {
  using policy::Op;
  const auto nr = [](std::string_view name) { return arch::number(Arch::x86_64, name).value(); };
  policy::Policy out = policy::constant(policy::make_errno(1));
  const auto add = [&](policy::Decision decision) {
    out.decisions.push_back(std::move(decision));
    return static_cast<policy::DecisionId>(out.decisions.size() - 1);
  };
  const auto allow = add({{}, policy::kAllow}), kill = add({{}, policy::kKillProcess});
  const auto socket = add({{{{{0, Op::ne, 38}}, policy::kAllow}}, policy::make_errno(97)});
  const auto clone = add({{{{{0, Op::masked_eq, 0, 0x10000000}}, policy::kAllow}}, policy::make_errno(1)});
  const policy::DecisionId rest = out.other[0].decision;
  std::vector<policy::Run> runs;
  policy::SyscallNr next = 0;
  for (const auto& [number, id] : std::map<policy::SyscallNr, policy::DecisionId>{
           {nr("read"), allow}, {nr("socket"), socket}, {nr("clone"), clone}, {nr("mount"), kill}}) {
    if (number > next) runs.push_back({next, number - 1, rest});
    runs.push_back({number, number, id});
    next = number + 1;
  }
  runs.push_back({next, 0xffffffffU, rest});
  out.archs.push_back({arch::info(Arch::x86_64).audit, std::move(runs)});
  return out;
}

struct Ran {
  std::vector<bool> holds;
  std::string messages;
  std::vector<std::optional<policy::Call>> witnesses;
};

Ran run_yaml(const std::string& expectations, const std::string& head = std::string(kHead)) {
  const base::SourceFile file("t.yaml", head + expectations);
  base::Diagnostics diagnostics;
  const auto tests = read_tests(file, diagnostics);
  Ran out;
  if (tests)
    for (const Test& test : *tests) {
      const Load load = [&](const Expectation&) { return std::optional(policy::constant(policy::kAllow)); };
      for (const Result& result : run(test, example(), {Arch::x86_64}, load, diagnostics, diagnostics)) {
        out.holds.push_back(result.holds);
        out.witnesses.push_back(result.witness);
      }
    }
  out.messages = base::render_text(diagnostics, false);
  return out;
}

TEST(Expect, Holds) {
  const Ran ran = run_yaml(
      "- allow: [read, socket AF_INET, socket a0=2 a1=3, clone 17]\n"
      "- deny: [mount, socket AF_ALG, clone clone_flags&CLONE_NEWUSER, getpid]\n"
      "- deny ERRNO(97): socket AF_ALG\n- deny EAFNOSUPPORT: socket family==AF_ALG\n- deny KILL_PROCESS: mount\n"
      "- ERRNO(1): getpid\n- allow: socket family!=38\n- subset-of: all\n");
  EXPECT_EQ(ran.holds, std::vector<bool>(14, true)) << ran.messages;
  EXPECT_EQ(ran.messages, "");
}

TEST(Expect, FailsWithAWitness) {
  const Ran ran = run_yaml(
      "- allow: socket\n- deny: clone\n- allow: mount\n- deny EPERM: mount\n- log: read\n- equal: all\n"
      "- superset-of: all\n");
  EXPECT_EQ(ran.holds, std::vector<bool>(7, false)) << ran.messages;
  EXPECT_EQ(ran.witnesses[0]->args[0], 38U);  // the one family for which it does not hold
  EXPECT_EQ(ran.witnesses[1]->args[0] & 0x10000000U, 0U);
  EXPECT_NE(ran.messages.find("t.yaml:3:10: error: expected ALLOW, got ERRNO(97) on x86_64: socket(family=AF_ALG"),
            std::string::npos)
      << ran.messages;
  EXPECT_NE(ran.messages.find("expected a refusal, got ALLOW on x86_64: clone("), std::string::npos);
  EXPECT_NE(ran.messages.find("[CG7110]"), std::string::npos);
}

TEST(Expect, UpperHalves) {
  EXPECT_EQ(run_yaml("- deny: socket AF_ALG\n").holds, std::vector{true});
  const Ran ran =
      run_yaml("- deny: socket AF_ALG\n- allow: socket AF_INET\n", "profile: x\nupper-halves: any\nexpect:\n");
  EXPECT_EQ(ran.holds, (std::vector{false, true}));
  EXPECT_EQ(ran.witnesses[0]->args[0] & 0xffffffffU, 38U);
  EXPECT_GT(ran.witnesses[0]->args[0], 38U);
}

TEST(Expect, WhatCannotBeRead) {
  const std::pair<std::string, std::string> cases[]{
      {"- allow: opnat\n", "t.yaml:3:10: error: x86_64 has no call 'opnat' [CG7103]"},
      {"- allow: socket AF_NOPE\n", "t.yaml:3:17: error: 'AF_NOPE' is no value of an argument of that call [CG7103]"},
      {"- allow: read nope=3\n", "'nope' is no argument of that call [CG7103]"},
      {"- allow: read a0=x\n", "'x' is neither a number nor a known constant [CG7103]"},
      {"- allow: read 1 2 3 4 5 6 7\n", "more than six arguments [CG7103]"},
      {"- alow: read\n", "t.yaml:3:3: error: nothing is expected by 'alow' [CG7102]"},
      {"- deny ERRNO(9999): read\n", "[CG7102]"},
      {"- read\n", "[CG7101]"},
      {"- allow: {a: b}\n", "[CG7101]"},
      {"- allow: read\nexpekt: []\n", "a test has no 'expekt' [CG7101]"},
  };
  for (const auto& [yaml, message] : cases) {
    const Ran ran = run_yaml(yaml);
    EXPECT_TRUE(ran.holds.empty()) << yaml;
    EXPECT_NE(ran.messages.find(message), std::string::npos) << ran.messages;
  }
  EXPECT_NE(run_yaml("", "profile: x\n").messages.find("the test has no 'expect' [CG7101]"), std::string::npos);
  EXPECT_NE(run_yaml("", "expect: []\n").messages.find("the test names no 'profile' [CG7101]"), std::string::npos);
  EXPECT_NE(run_yaml("", "# nothing\n").messages.find("[CG7101]"), std::string::npos);
  EXPECT_NE(run_yaml("", "[1]\n").messages.find("[CG7101]"), std::string::npos);
}

TEST(Expect, SeveralDocuments) {
  EXPECT_EQ(run_yaml("- allow: read\n---\nprofile: y\nexpect:\n- deny: read\n").holds, (std::vector{true, false}));
}

TEST(Pattern, ArgumentsFindTheirPlace) {
  const auto conditions = [](std::string_view text) {
    const auto pattern = syntax::parse_pattern(Arch::x86_64, text);
    EXPECT_TRUE(pattern.has_value()) << text;
    return pattern ? pattern->conditions : std::vector<policy::Condition>{};
  };
  using policy::Op;
  EXPECT_EQ(conditions("openat O_RDWR|O_CLOEXEC"), (std::vector{policy::Condition{2, Op::eq, 0x80002}}));
  EXPECT_EQ(
      conditions("  socket 2  SOCK_STREAM 6 "),
      (std::vector{policy::Condition{0, Op::eq, 2}, policy::Condition{1, Op::eq, 1}, policy::Condition{2, Op::eq, 6}}));
  EXPECT_EQ(conditions("close -1"), (std::vector{policy::Condition{0, Op::eq, 0xffffffff}}));
  EXPECT_EQ(conditions("clone a0&0x10000000"),
            (std::vector{policy::Condition{0, Op::masked_eq, 0x10000000, 0x10000000}}));
  EXPECT_EQ(conditions("read a2<=4096"), (std::vector{policy::Condition{2, Op::le, 4096}}));
  EXPECT_FALSE(syntax::parse_pattern(Arch::x86_64, "").has_value());
  EXPECT_FALSE(syntax::parse_pattern(Arch::aarch64, "open").has_value());
}

}  // namespace
}  // namespace callgate::expect
