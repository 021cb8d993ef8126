// libseccomp's OR-of-AND defect on the live kernel: the prover's counterexample is made as a real call, and the kernel
// answers it as the filter libseccomp compiled says, not as the rules say. Known cases, named; a libseccomp that gets
// them right would fail here and the case would move to the right ones.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy/builder.h"
#include "prove/prove.h"
#include "support/live_agreement.h"
#include "support/live_filter.h"

namespace callgate::test_support {
namespace {

constexpr policy::SyscallNr kTee = 276;

// tee meets `rule_action` iff (a1 > 0x1ffffffff && a2 == 0x100000000) || (a2 != 0x100000000 && a1 <= 5).
bpf::Program compiled_by_libseccomp(policy::Action fallback, policy::Action rule_action) {
  const std::uint32_t action = policy::to_return_value(rule_action);
  scmp_filter_ctx context = seccomp_init(policy::to_return_value(fallback));
  const scmp_arg_cmp first[] = {{1, SCMP_CMP_GT, 0x1ffffffff, 0}, {2, SCMP_CMP_EQ, 0x100000000, 0}};
  const scmp_arg_cmp second[] = {{2, SCMP_CMP_NE, 0x100000000, 0}, {1, SCMP_CMP_LE, 5, 0}};
  const int fd = memfd_create("filter", MFD_CLOEXEC);
  bool good = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, policy::to_return_value(fallback)) == 0;
  good = good && seccomp_rule_add_array(context, action, kTee, 2, first) == 0;
  good = good && seccomp_rule_add_array(context, action, kTee, 2, second) == 0;
  good = good && seccomp_export_bpf(context, fd) == 0;
  seccomp_release(context);
  bpf::Program program(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)) / sizeof(bpf::Insn));
  const std::size_t bytes = program.size() * sizeof(bpf::Insn);
  good = good && pread(fd, program.data(), bytes, 0) == static_cast<ssize_t>(bytes);
  close(fd);
  return good ? program : bpf::Program();
}

policy::Policy meaning(policy::Action fallback, policy::Action rule_action) {
  using policy::Op;
  policy::Builder builder(fallback);
  builder.arch(AUDIT_ARCH_X86_64, fallback);
  builder.call(AUDIT_ARCH_X86_64, kTee,
               {{{{{1, Op::gt, 0x1ffffffff}, {2, Op::eq, 0x100000000}}, rule_action},
                 {{{2, Op::ne, 0x100000000}, {1, Op::le, 5}}, rule_action}},
                fallback});
  return builder.finish();
}

void expect_wrong_answer(policy::Action fallback, policy::Action rule_action) {
  const bpf::Program theirs = compiled_by_libseccomp(fallback, rule_action);
  ASSERT_FALSE(theirs.empty());
  const policy::Policy policy = meaning(fallback, rule_action);
  const prove::Outcome outcome = prove::prove(policy, theirs);
  ASSERT_EQ(outcome.verdict, prove::Verdict::different);
  const policy::Call witness = outcome.counterexample->call,
                     published{AUDIT_ARCH_X86_64, kTee, {0, 0x80000000, 0x100000000}};
  for (const policy::Call& call : {witness, published}) {
    ASSERT_EQ(policy::evaluate(policy, call), fallback);
    const LiveRun run = observe(theirs, {&call, 1});
    ASSERT_EQ(run.error, "");
    EXPECT_EQ(to_string(run.observed[0]), to_string(expected(rule_action)));
  }
  // Ours, from the same rules, answers every interesting call as they say.
  std::size_t made = 0;
  bpf::Program ours;
  const std::vector<policy::Call> calls = makeable(policy::interesting_calls(policy), 2000);
  ASSERT_NO_FATAL_FAILURE(expect_compiled(policy, calls, ours));
  ASSERT_NO_FATAL_FAILURE(expect_live_marked(policy, ours, calls, made));
}

TEST(LiveLibseccomp, DeniesACallThatNoRuleDenies) {
  expect_wrong_answer(policy::kAllow, policy::make_errno(99));
}

TEST(LiveLibseccomp, FailsOpenOnACallThatNoRuleAllows) {
  expect_wrong_answer(policy::make_errno(1), policy::kAllow);
}

}  // namespace
}  // namespace callgate::test_support
