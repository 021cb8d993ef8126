// What libseccomp compiles, held against what it was told: call lists come out right, rules of several conditions
// joined by OR sometimes do not, and the prover says on which call. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <seccomp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "bpf/check.h"
#include "policy/builder.h"
#include "prove/decompile.h"
#include "unit/prove/random_programs.h"

namespace callgate::prove {
namespace {

using policy::Condition;
using policy::Op;
using test_support::Random;

constexpr policy::AuditArch kX86_64 = 0xc000003e;
constexpr policy::SyscallNr kTee = 276;

struct Profile {
  policy::Action fallback;
  policy::Action action;
  std::vector<std::pair<policy::SyscallNr, std::vector<Condition>>> rules;  // OR of ANDs
};

scmp_compare to_libseccomp(Op op) {
  switch (op) {
    case Op::eq:
      return SCMP_CMP_EQ;
    case Op::ne:
      return SCMP_CMP_NE;
    case Op::lt:
      return SCMP_CMP_LT;
    case Op::le:
      return SCMP_CMP_LE;
    case Op::gt:
      return SCMP_CMP_GT;
    case Op::ge:
      return SCMP_CMP_GE;
    case Op::masked_eq:
      break;
  }
  return SCMP_CMP_MASKED_EQ;
}

// libseccomp takes the numbers of the machine it runs on, whatever the filter's architecture.
int native_number(policy::SyscallNr nr) {
  char* const name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, static_cast<int>(nr));
  const int native = name == nullptr ? __NR_SCMP_ERROR : seccomp_syscall_resolve_name(name);
  std::free(name);
  return native;
}

// Writes the filter to `fd`. The answer for foreign tokens and x32 is the default action too.
bool compile_here(const Profile& profile, bool tree, int fd) {
  const std::uint32_t fallback = policy::to_return_value(profile.fallback);
  scmp_filter_ctx context = seccomp_init(fallback);
  if (context == nullptr) return false;
  const bool foreign = seccomp_arch_native() != SCMP_ARCH_X86_64;
  bool good = (!foreign || (seccomp_arch_add(context, SCMP_ARCH_X86_64) == 0 &&
                            seccomp_arch_remove(context, seccomp_arch_native()) == 0)) &&
              seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, fallback) == 0 &&
              seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, tree ? 2 : 1) == 0;
  for (const auto& [nr, conditions] : profile.rules) {
    std::vector<scmp_arg_cmp> args;
    for (const Condition& c : conditions) {
      const bool masked = c.op == Op::masked_eq;
      args.push_back({c.arg, to_libseccomp(c.op), masked ? c.mask : c.value, masked ? c.value : 0});
    }
    good = good && seccomp_rule_add_array(context, policy::to_return_value(profile.action), native_number(nr),
                                          static_cast<unsigned>(args.size()), args.data()) == 0;
  }
  good = good && seccomp_export_bpf(context, fd) == 0;
  seccomp_release(context);
  return good;
}

// In a child, for libseccomp does not finish on some profiles.
bpf::Program compile_with_libseccomp(const Profile& profile, bool tree) {
  constexpr unsigned kSeconds = 1;
  int ends[2];
  if (pipe(ends) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    alarm(kSeconds);
    _exit(compile_here(profile, tree, ends[1]) ? 0 : 1);
  }
  close(ends[1]);
  std::string bytes;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof(buffer))) > 0;)
    bytes.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  bpf::Program program;
  if (status != 0) return program;
  program.resize(bytes.size() / sizeof(bpf::Insn));
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(program.data()));
  return program;
}

policy::Policy meaning(const Profile& profile) {
  policy::Builder builder(profile.fallback);
  builder.arch(kX86_64, profile.fallback);
  std::map<policy::SyscallNr, policy::Decision> decisions;
  for (const auto& [nr, conditions] : profile.rules) {
    policy::Decision& decision = decisions.try_emplace(nr, policy::Decision{{}, profile.fallback}).first->second;
    if (conditions.empty()) {
      decision = {{}, profile.action};
    } else {
      decision.clauses.push_back({conditions, profile.action});
    }
  }
  for (auto& [nr, decision] : decisions) builder.call(kX86_64, nr, decision);
  return builder.finish();
}

TEST(ProveLibseccomp, KnownMiscompilationIsFound) {
  const Profile profile{policy::kAllow,
                        policy::make_errno(99),
                        {{kTee, {{1, Op::gt, 0x1ffffffff}, {2, Op::eq, 0x100000000}}},
                         {kTee, {{2, Op::ne, 0x100000000}, {1, Op::le, 5}}}}};
  const policy::Policy policy = meaning(profile);
  const bpf::Program program = compile_with_libseccomp(profile, false);
  ASSERT_FALSE(bpf::check(program).has_value());
  const Outcome outcome = prove(policy, program);
  ASSERT_EQ(outcome.verdict, Verdict::different);
  EXPECT_TRUE(is_confirmed(policy, program, outcome));
  EXPECT_EQ(outcome.counterexample->call.nr, kTee);
  // The call that neither rule matches and that gets ERRNO(99) nevertheless.
  const policy::Call call{kX86_64, kTee, {0, 0x80000000, 0x100000000, 0, 0, 0}};
  EXPECT_EQ(evaluate(policy, call), policy::kAllow);
  EXPECT_EQ(answer(program, data_of(call)), policy::make_errno(99));
}

Profile random_or_of_ands(Random& random, unsigned rules) {
  Profile profile{policy::kAllow, policy::make_errno(99), {}};
  for (unsigned i = 0; i < rules; ++i) {
    std::vector<Condition> conditions;
    for (std::uint8_t arg = 0; arg < 6; ++arg) {
      if (arg != i && !random.one_in(6)) continue;
      constexpr std::uint64_t kValues[] = {0, 1, 3, 5, 0xffffffff, 0x100000000, 0x1ffffffff, 0x80000000};
      constexpr Op kOps[] = {Op::eq, Op::ne, Op::lt, Op::le, Op::gt, Op::ge};
      conditions.push_back(
          {arg, random.pick(std::span<const Op>(kOps)), random.pick(std::span<const std::uint64_t>(kValues))});
    }
    profile.rules.emplace_back(kTee, conditions);
  }
  return profile;
}

TEST(ProveLibseccomp, ShareOfWrongProgramsIsConfirmedCallByCall) {
  Random random(5);
  unsigned right = 0, wrong = 0;
  for (int i = 0; i < 150; ++i) {
    const Profile profile = random_or_of_ands(random, 5);
    const bpf::Program program = compile_with_libseccomp(profile, false);
    if (program.empty()) continue;
    const policy::Policy policy = meaning(profile);
    const Outcome outcome = prove(policy, program);
    ASSERT_NE(outcome.verdict, Verdict::undecided) << outcome.why;
    if (outcome.verdict == Verdict::different) {
      ++wrong;
      ASSERT_TRUE(is_confirmed(policy, program, outcome)) << "case " << i;
      continue;
    }
    ++right;
    for (const policy::Call& call : policy::interesting_calls(policy))
      ASSERT_EQ(answer(program, data_of(call)), evaluate(policy, call)) << "case " << i;
  }
  RecordProperty("right", static_cast<int>(right));
  RecordProperty("wrong", static_cast<int>(wrong));
  EXPECT_GT(wrong, 5U);
  EXPECT_GT(right, 5U);
}

// Every quoted word of the file that names a call.
Profile call_list(const std::string& file) {
  std::ifstream in(std::string(CALLGATE_SOURCE_DIR) + "/tests/data/seed/" + file);
  std::stringstream text;
  text << in.rdbuf();
  Profile profile{policy::make_errno(1), policy::kAllow, {}};
  std::set<int> numbers;
  std::string word;
  for (bool quoted = false; std::getline(text, word, '"'); quoted = !quoted) {
    if (!quoted) continue;
    const int nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, word.c_str());
    if (nr >= 0 && numbers.insert(nr).second) profile.rules.push_back({static_cast<policy::SyscallNr>(nr), {}});
  }
  return profile;
}

TEST(ProveLibseccomp, CallListsAreEqualLinearAndTree) {
  for (const char* file : {"basic.json", "restrictive.json"}) {
    const Profile profile = call_list(file);
    ASSERT_GT(profile.rules.size(), 20U) << file;
    const policy::Policy policy = meaning(profile);
    const bpf::Program linear = compile_with_libseccomp(profile, false), tree = compile_with_libseccomp(profile, true);
    ASSERT_NE(linear, tree);
    EXPECT_EQ(prove(policy, linear).verdict, Verdict::equal) << file;
    EXPECT_EQ(prove(policy, tree).verdict, Verdict::equal) << file;
    EXPECT_EQ(prove(Stack{linear}, Stack{tree}).verdict, Verdict::equal) << file;
    Profile less = profile;
    less.rules.pop_back();
    const Outcome outcome = prove(meaning(less), tree);
    ASSERT_EQ(outcome.verdict, Verdict::different);
    EXPECT_EQ(outcome.counterexample->call.nr, profile.rules.back().first);
    EXPECT_EQ(outcome.counterexample->call.audit, kX86_64);
  }
}

// Right or wrong, it is the program that the decompiled policy says: right ones come back as what was compiled.
TEST(ProveLibseccomp, ProgramsDecompile) {
  Random random(9);
  unsigned right = 0, wrong = 0;
  for (int i = 0; i < 40; ++i) {
    const Profile profile = random_or_of_ands(random, 4);
    const policy::Policy policy = meaning(profile);
    for (const bool tree : {false, true}) {
      const bpf::Program program = compile_with_libseccomp(profile, tree);
      if (program.empty()) continue;
      const auto back = decompile(program);
      ASSERT_TRUE(back) << "case " << i << ": " << back.error().message;
      const bool same = prove(policy, program).verdict == Verdict::equal;
      const auto difference = policy::first_difference(policy, *back);
      EXPECT_EQ(difference.has_value(), !same) << "case " << i;
      if (difference) {
        EXPECT_EQ(evaluate(*back, *difference), answer(program, data_of(*difference))) << "case " << i;
      }
      ++(same ? right : wrong);
    }
  }
  EXPECT_GT(right, 5U);
  EXPECT_GT(wrong, 3U);
  for (const char* file : {"basic.json", "restrictive.json"})
    for (const bool tree : {false, true}) {
      const Profile profile = call_list(file);
      const auto back = decompile(compile_with_libseccomp(profile, tree));
      ASSERT_TRUE(back) << back.error().message;
      const policy::Policy policy = meaning(profile);
      EXPECT_EQ(*back, policy) << file;
    }
}

}  // namespace
}  // namespace callgate::prove
