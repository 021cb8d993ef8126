// Commands in process: the table, the parser, batches, exit statuses.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/io.h"
#include "cli/batch.h"
#include "cli/command.h"
#include "cli/diagnostic_ids.h"
#include "cli/prepare.h"
#include "cli/stats.h"

namespace callgate::cli {
namespace {

struct Ran {
  int status = 0;
  std::string out, err;
};

Ran run(const std::vector<std::string>& words, const sandbox::Tracing* tracing = &sandbox::real_tracing()) {
  Ran ran;
  Env env;
  env.out = [&](std::string_view text) { ran.out += text; };
  env.err = [&](std::string_view text) { ran.err += text; };
  env.clock_ns = [] { return std::uint64_t{0}; };
  env.kernel = &sandbox::real_kernel();
  env.tracing = tracing;
  ran.status = main_in(env, words);
  return ran;
}

TEST(CommandLine, SuggestsTheNearest) {
  EXPECT_EQ(run({"cmpile"}).status, kUsage);
  EXPECT_NE(run({"cmpile"}).err.find("did you mean 'compile'?"), std::string::npos);
  EXPECT_NE(run({"compile", "x", "--emti", "asm"}).err.find("'--emit'"), std::string::npos);
  EXPECT_EQ(run({"run", "--profil", "x"}).status, sandbox::kExitOwnFailure);
  EXPECT_EQ(run({"compile", "docker-default", "--emit", "elf"}).status, kUsage);
  EXPECT_EQ(run({"compile"}).status, kUsage);
}

TEST(CommandLine, EveryCommandExplainsItself) {
  for (const Command& command : commands()) {
    EXPECT_NE(run({std::string(command.name), "--help"}).out.find(usage_line(command)), std::string::npos);
    EXPECT_NE(man_page(command).find(".SH EXAMPLES"), std::string::npos);
    EXPECT_FALSE(command.examples.empty()) << command.name;
  }
  for (const char* const shell : {"bash", "zsh", "fish"})
    EXPECT_NE(completion_script(shell).find("objective"), std::string::npos);
}

TEST(Commands, AnswerWithTheirStatus) {
  EXPECT_EQ(run({"eval", "docker-default", "mount", "--arch", "x86_64"}).out, "ERRNO(1)\n");
  EXPECT_EQ(run({"prove", "docker-default", "docker-default"}).status, kYes);
  EXPECT_EQ(run({"prove", "docker-default", "unconfined"}).status, kNo);
  EXPECT_EQ(run({"compile", "/nonexistent"}).status, kBadInput);
  EXPECT_EQ(run({"eval", "docker-default", "opnat"}).status, kBadInput);
}

TEST(Findings, CarryTheirNumbers) {
  const auto says = [](const std::vector<std::string>& words, std::string_view code) {
    const Ran ran = run(words);
    EXPECT_NE(ran.err.find(code), std::string::npos) << code << ": " << ran.err;
  };
  says({"cmpile"}, "CG6001");
  says({"compile", "--emti"}, "CG6002");
  says({"compile", "docker-default", "--kernel", "x"}, "CG6003");
  says({"compile"}, "CG6004");
  says({"compile", "/nonexistent"}, "CG6005");
  says({"eval", "docker-default", "opnat"}, "CG6011");
  says({"prove", "pid:1073741808", "unconfined"}, "CG5007");
  const std::string file = testing::TempDir() + "callgate-command-test";
  ASSERT_TRUE(base::write_file(file, "x86_64 opnat 1\n"));
  says({"eval", "docker-default", "--batch", file}, file + ":1:8: ");
  says({"eval", "docker-default", "--batch", file}, "CG6010");
  says({"compile", "docker-default", "-o", "/dev/null", "--weights", file}, "CG6012");
  ASSERT_TRUE(base::write_file(file, R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
    {"names":["getcwd"],"action":"SCMP_ACT_KILL_PROCESS"},{"names":["mount"],"action":"SCMP_ACT_TRACE"}]})"));
  EXPECT_EQ(run({"run", "-p", file, "--", "/bin/pwd"}).status, 128 + 31);
  says({"run", "-p", file, "--trace", "--", "/bin/pwd"}, "CG5005");
  says({"run", "-p", file, "--", "/bin/true"}, "CG5006");
}

// A process under two filters, newest first.
constexpr sandbox::Tracing kTwoFilters{[](pid_t) { return 0; },
                                       [](pid_t, unsigned index, bpf::Insn* program) {
                                         if (index > 1) return -ENOENT;
                                         if (program != nullptr) *program = {bpf::op::kRetK, 0, 0, bpf::kRetAllow};
                                         return 1;
                                       },
                                       [](pid_t) { return 0; }};

TEST(Findings, WhatIsNotPossibleHere) {
  const Ran ran = run({"run", "-p", "pid:1073741808", "--", "true"}, &kTwoFilters);
  EXPECT_EQ(ran.status, sandbox::kExitOwnFailure);
  EXPECT_NE(ran.err.find("pid:1073741808 is under 2 filters; run takes one [CG6007]"), std::string::npos) << ran.err;
}

// No input is known that leads to these two: they stand for mistakes of our own.
TEST(Findings, OwnDefects) {
  std::string said;
  Env env;
  env.err = [&](std::string_view text) { said += text; };
  Session session(env, *find_command("compile"));
  EXPECT_EQ(session.finish(session.fail({base::ErrorCode::internal, "lost count", 0})), kOwnDefect);
  EXPECT_NE(said.find("lost count [CG6008]"), std::string::npos) << said;

  said.clear();
  Session other(env, *find_command("compile"));
  const bpf::Program deny{{bpf::op::kRetK, 0, 0, bpf::kRetErrno | 1U}};
  int status = kYes;
  EXPECT_FALSE(prove_equal(other, policy::constant(policy::kAllow), deny, status));
  EXPECT_EQ(other.finish(status), kOwnDefect);
  EXPECT_NE(said.find("ERRNO(1), not ALLOW [CG6009]"), std::string::npos) << said;
}

TEST(Batch, ReadsNumbersNamesAndConstants) {
  BatchReader reader;
  BatchError error;
  policy::Call call;
  ASSERT_TRUE(reader.read("x86_64 openat 0 0x10 O_CLOEXEC", call, error));
  EXPECT_EQ(call, (policy::Call{0xc000003e, 257, {0, 16, 02000000, 0, 0, 0}}));
  ASSERT_TRUE(reader.read("x32 0", call, error));
  EXPECT_EQ(call.nr, arch::kX32Bit);
  EXPECT_FALSE(reader.read("# note", call, error));
  EXPECT_TRUE(error.message.empty());
  EXPECT_FALSE(reader.read("x86_64 opnat", call, error));
  EXPECT_EQ(error.begin, 7U);
  EXPECT_FALSE(reader.read("x86_64 0 1 2 3 4 5 6 7", call, error));
}

TEST(Batch, AnUnknownArchitectureDoesNotSpoilTheNextLine) {
  BatchReader reader;
  BatchError error;
  policy::Call call;
  ASSERT_TRUE(reader.read("x86_64 read", call, error));
  EXPECT_FALSE(reader.read("vax read", call, error));
  ASSERT_TRUE(reader.read("x86_64 read", call, error)) << error.message;
  EXPECT_EQ(call.audit, 0xc000003eU);
}

TEST(Batch, EveryBadLineIsReportedWithItsPlaceAndNothingIsAnsweredBehindTheFirst) {
  const std::string file = testing::TempDir() + "callgate-batch-test";
  ASSERT_TRUE(base::write_file(file, "x86_64 read\nx86_64 opnat\nx86_64 write\n\nx86_64 read ä zz\n"));
  const Ran ran = run({"eval", "unconfined", "--batch", file});
  EXPECT_EQ(ran.status, kBadInput);
  EXPECT_EQ(ran.out, "ALLOW\n");
  EXPECT_NE(ran.err.find(file + ":2:8: error: "), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find(file + ":5:13: error: "), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace callgate::cli
