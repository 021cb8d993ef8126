// run() and run_stack() against the running kernel: random programs are installed in children that make calls with
// random numbers and arguments, and what comes back is compared. Every program lets the real calls (numbers below 500)
// through, so that a child can end; the calls under test have numbers that no kernel knows (ENOSYS if allowed).
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <csignal>

#include "bpf/check.h"
#include "bpf/simulate.h"
#include "live_kernel.h"
#include "random_program.h"

namespace callgate::bpf::testing {
namespace {

#if defined(__x86_64__)

constexpr std::uint32_t kAuditArch = 0xc000003e, kFirstUnusedNr = 500;
constexpr std::uint32_t kInputs = 24;

struct Input {
  std::uint32_t nr = 0;
  std::array<std::uint64_t, 6> args{};
};
// What a call did: its return value, or that the child died of SIGSYS in it.
struct Outcome {
  long value = 0;
  std::uint64_t instruction_pointer = 0;
  bool done = false, killed = false;
};

// The call, and the address behind it, which is what a filter sees as instruction pointer.
__attribute__((noinline)) void call(const Input& input, Outcome& outcome) {
  register std::uint64_t r10 asm("r10") = input.args[3];
  register std::uint64_t r8 asm("r8") = input.args[4];
  register std::uint64_t r9 asm("r9") = input.args[5];
  std::uint64_t rax = input.nr, ip = 0;
  std::uint64_t* ip_place = &outcome.instruction_pointer;
  asm volatile(
      "lea 1f(%%rip), %[ip]\n\t"
      "mov %[ip], (%[place])\n\t"
      "syscall\n"
      "1:"
      : "+a"(rax), [ip] "=&r"(ip)
      : "D"(input.args[0]), "S"(input.args[1]), "d"(input.args[2]), "r"(r10), "r"(r8), "r"(r9), [place] "r"(ip_place)
      : "rcx", "r11", "memory");
  outcome.value = static_cast<long>(rax);
}

Outcome expected(std::uint32_t value) {
  Outcome outcome{.value = -ENOSYS, .done = true};
  switch (value & 0xffff0000) {
    case kRetAllow:
    case kRetTrace:   // no tracer
    case kRetNotify:  // no listener
    case kRetLog:
      return outcome;
    case kRetErrno:
      outcome.value = -static_cast<long>(std::min(value & 0xffff, 4095U));
      return outcome;
    default:
      return {.killed = true};
  }
}

// Makes the calls in children that have the stack installed, a new child whenever one was killed.
std::vector<Outcome> observe(std::span<const Program> oldest_first, std::span<const Input> inputs) {
  Shared<Outcome> outcomes(inputs.size());
  EXPECT_TRUE(outcomes);
  for (std::size_t next = 0; next < inputs.size();) {
    const int status = in_child([&] {
      for (const Program& program : oldest_first) {
        if (attach(program) != 0) _exit(1);
      }
      for (std::size_t i = next; i < inputs.size(); ++i) {
        call(inputs[i], outcomes[i]);
        outcomes[i].done = true;
      }
    });
    while (next < inputs.size() && outcomes[next].done) ++next;
    if (next == inputs.size()) {
      EXPECT_EQ(status, 0);
      break;
    }
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
    EXPECT_TRUE(killed) << "status " << status;
    if (!killed) break;
    outcomes[next++].killed = true;
  }
  std::vector<Outcome> copy;
  for (std::size_t i = 0; i < inputs.size(); ++i) copy.push_back(outcomes[i]);
  return copy;
}

// In front: real calls are allowed. Behind, with `folded`: A folded to 12 bits as an errno, so that almost any wrong
// bit shows; without it whatever the body returns is the action.
Program around(const Program& body, bool folded) {
  Program program{{op::kLdAbs, 0, 0, kOffsetNr}, {op::kJgeK, 1, 0, kFirstUnusedNr}, {op::kRetK, 0, 0, kRetAllow}};
  program.insert(program.end(), body.begin(), body.end());
  if (!folded) return program;
  program.pop_back();
  const Program fold{
      {op::kStx, 0, 0, 0},      {op::kLdxMem, 0, 0, 0},      {op::kXorK | op::kAluX, 0, 0, 0},  // X counts, too
      {op::kTax, 0, 0, 0},      {op::kRshK, 0, 0, 11},       {op::kXorK | op::kAluX, 0, 0, 0},
      {op::kTax, 0, 0, 0},      {op::kRshK, 0, 0, 22},       {op::kXorK | op::kAluX, 0, 0, 0},
      {op::kAndK, 0, 0, 0xfff}, {op::kOrK, 0, 0, kRetErrno}, {op::kRetA, 0, 0, 0}};
  program.insert(program.end(), fold.begin(), fold.end());
  return program;
}

// Audit records for killed and logged calls are kept few: bodies return errnos, ALLOW, and now and then a kill.
void soften_returns(Random& random, Program& body) {
  constexpr std::array<std::uint32_t, 8> kRare{kRetKillProcess, kRetKillThread, kRetTrap,   kRetTrace | 5,
                                               kRetNotify,      0x12340000,     0x90000001, kRetErrno | 0xffff};
  for (Insn& insn : body) {
    if (insn.code != op::kRetK && insn.code != op::kRetA) continue;
    const bool rare = random.one_in(12);
    insn = {op::kRetK, 0, 0, rare ? kRare[random.below(kRare.size())] : kRetErrno | random.below(4096)};
    if (!rare && random.one_in(8)) insn.k = kRetAllow | random.below(3);
  }
}

std::vector<Input> random_inputs(Random& random, const Program& program) {
  std::vector<Input> inputs(kInputs);
  const auto interesting = [&] {
    // Constants of the program and their neighbours make comparisons go both ways.
    const Insn& insn = program[random.below(static_cast<std::uint32_t>(program.size()))];
    return random.one_in(2) ? insn.k + random.below(3) - 1 : random.word();
  };
  for (Input& input : inputs) {
    input.nr = std::max(kFirstUnusedNr, interesting());
    if (input.nr == 0xffffffff) input.nr = 0xfffffffe;  // -1 means "skip this call" to the kernel
    for (std::uint64_t& arg : input.args) arg = std::uint64_t{interesting()} << 32 | interesting();
  }
  return inputs;
}

// Compares each input's outcome under the stack; returns how many were killed.
std::size_t compare(std::span<const Program> oldest_first, std::span<const Input> inputs, std::uint64_t seed) {
  const std::vector<Program> newest_first(oldest_first.rbegin(), oldest_first.rend());
  const std::vector<Outcome> outcomes = observe(oldest_first, inputs);
  std::size_t killed = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const SeccompData data{.nr = inputs[i].nr,
                           .arch = kAuditArch,
                           .instruction_pointer = outcomes[i].instruction_pointer,
                           .args = inputs[i].args};
    const Outcome should = expected(run_stack(newest_first, data));
    if (should.killed != outcomes[i].killed || (!should.killed && should.value != outcomes[i].value)) {
      ADD_FAILURE() << "seed " << seed << " input " << i << " nr " << inputs[i].nr << ": kernel "
                    << (outcomes[i].killed ? "killed" : std::to_string(outcomes[i].value)) << ", simulator "
                    << (should.killed ? "killed" : std::to_string(should.value));
      return killed;
    }
    killed += should.killed ? 1 : 0;
  }
  return killed;
}

class LiveRun : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!filters_available()) GTEST_SKIP() << "seccomp(2) is not available here";
  }
};

TEST_F(LiveRun, RandomProgramsDoWhatTheSimulatorSays) {
  const std::uint64_t seed = std::random_device{}();
  Random random(seed);
  constexpr int kPrograms = 1500;
  std::vector<bool> used(256);
  std::size_t killed = 0;
  for (int i = 0; i < kPrograms && !HasFailure(); ++i) {
    Program body = random_program(random, 5 + random.below(60));
    soften_returns(random, body);
    const Program program = around(body, i % 4 != 0);
    ASSERT_FALSE(check(program)) << "seed " << seed << ": " << check(program)->message;
    const std::vector<Input> inputs = random_inputs(random, program);
    killed += compare({&program, 1}, inputs, seed);
    for (const Input& input : inputs) {
      std::vector<bool> covered(program.size());
      run(program, {.nr = input.nr, .arch = kAuditArch, .args = input.args}, covered);
      for (std::size_t at = 0; at < program.size(); ++at) {
        if (covered[at]) used[program[at].code] = true;
      }
    }
  }
  EXPECT_GT(killed, 0U) << "seed " << seed;
  for (const std::uint16_t code : kAluOps) {
    EXPECT_TRUE(used[code] && used[code | op::kAluX]) << "opcode " << code << " never ran, seed " << seed;
  }
  for (const std::uint16_t code : kJumpOps) {
    EXPECT_TRUE(used[code] && used[code | op::kAluX]) << "opcode " << code << " never ran, seed " << seed;
  }
  for (const std::uint16_t code :
       {op::kLdAbs, op::kLdImm, op::kLdMem, op::kLdLen, op::kLdxImm, op::kLdxMem, op::kLdxLen, op::kSt, op::kStx,
        op::kTax, op::kTxa, op::kNeg, op::kJa, op::kRetK, op::kRetA}) {
    EXPECT_TRUE(used[code]) << "opcode " << code << " never ran, seed " << seed;
  }
}

TEST_F(LiveRun, StacksKeepTheMostRestrictiveAndThenTheNewest) {
  const std::uint64_t seed = std::random_device{}();
  Random random(seed);
  for (int i = 0; i < 60 && !HasFailure(); ++i) {
    std::vector<Program> stack;
    for (std::uint32_t depth = 1 + random.below(4); depth > 0; --depth) {
      Program body = random_program(random, 2 + random.below(20));
      soften_returns(random, body);
      stack.push_back(around(body, random.one_in(3)));
    }
    compare(stack, random_inputs(random, stack.front()), seed);
  }
}

TEST_F(LiveRun, ProbeNumbersBypassFilters) {
  // 335 outside a uretprobe trampoline is answered with SIGILL, by the call itself; the filter would say errno 99.
  for (const std::uint32_t nr : {335U, 336U}) {
    ASSERT_TRUE(bypasses_filters(kAuditArch, nr));
    const Program program{{op::kLdAbs, 0, 0, kOffsetNr},
                          {op::kJeqK, 0, 1, nr},
                          {op::kRetK, 0, 0, kRetErrno | 99},
                          {op::kRetK, 0, 0, kRetAllow}};
    Shared<Outcome> outcome(1);
    ASSERT_TRUE(outcome);
    in_child([&] {
      if (attach(program) != 0) _exit(1);
      call({.nr = nr}, outcome[0]);
    });
    EXPECT_NE(outcome[0].value, -99) << nr;
  }
}

#endif

}  // namespace
}  // namespace callgate::bpf::testing
