// Filters: classic BPF programs as seccomp(2) takes them. Compile one from a policy, or take one from elsewhere; look
// at it, run it, and ask what it costs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "callgate/action.h"
#include "callgate/arch.h"
#include "callgate/call.h"
#include "callgate/policy.h"
#include "callgate/result.h"

namespace callgate {

/// The layout of struct sock_filter (linux/filter.h): 8 bytes, so a span of these can be handed to seccomp(2).
struct Instruction {
  std::uint16_t code = 0;
  std::uint8_t jt = 0, jf = 0;
  std::uint32_t k = 0;
  bool operator==(const Instruction&) const = default;
};
static_assert(sizeof(Instruction) == 8);

/// How often a call is made, relative to the others.
struct CallWeight {
  std::uint32_t audit = 0;
  std::uint32_t number = 0;
  double weight = 0;
};

/// What one call costs.
struct FilterRun {
  Action action;
  std::uint32_t executed = 0;  ///< instructions, the return included
};

/// What a filter costs over the known calls of one architecture, all arguments zero.
struct FilterCost {
  double executed_average = 0;     ///< instructions a call, every known call alike
  std::uint32_t executed_max = 0;  ///< instructions
  std::uint32_t calls = 0;         ///< known calls of the architecture
  /// Of these, how many the kernel (since 5.11) caches as always allowed; x86_64's uretprobe and uprobe, which pass any
  /// filter, count.
  std::uint32_t cached_calls = 0;
};

/// A program that the kernel accepts. An immutable value, cheap to copy.
class Filter {
 public:
  /// The smallest and quickest filter found for `policy`; with weights, quickest for that mix. Proved equal to the
  /// policy before it is returned. Errors: limit, if the best filter has more than 4096 instructions; internal, if the
  /// proof fails.
  static Result<Filter> compile(const Policy& policy, std::span<const CallWeight> weights = {});
  /// Errors: invalid, if the kernel would refuse the program (EINVAL); the message names the instruction.
  static Result<Filter> from_instructions(std::span<const Instruction> instructions);

  std::span<const Instruction> instructions() const { return *instructions_; }
  /// The answer to one call, with the instruction pointer 0.
  FilterRun run(const Call& call) const;
  FilterCost cost(Architecture architecture) const;
  /// Assembly with names of calls, one instruction a line.
  std::string disassemble() const;

 private:
  explicit Filter(std::vector<Instruction> instructions)
      : instructions_(std::make_shared<const std::vector<Instruction>>(std::move(instructions))) {}
  std::shared_ptr<const std::vector<Instruction>> instructions_;
};

}  // namespace callgate
