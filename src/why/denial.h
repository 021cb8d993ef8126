// Calls that a filter denied, as values, wherever they were seen: at a traced program, in the kernel's log, in a
// recording, in a core file.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "decode/decode.h"
#include "policy/policy.h"

namespace callgate::why {

// A return address; what it lies in, as far as that is known.
struct Frame {
  std::uint64_t address = 0;
  std::string function;
  std::uint64_t offset = 0;  // from the function's begin, or the library's where no function is known
  std::string library;       // its path
  std::string source;        // "main.c:12", where debug information is there
  bool operator==(const Frame&) const = default;
};
// "__openat64+0x62 (libc.so.6)".
std::string describe(const Frame& frame);

struct Denial {
  policy::Call call;
  std::uint8_t known = decode::kAllKnown;  // bit n: argument n is known
  decode::Decoded decoded;
  std::string shown;                      // the call as the evidence prints it; empty: decoded.text()
  std::optional<policy::Action> action;   // what the filter answered; nothing where only its effect is known
  std::uint64_t process = 0, thread = 0;  // 0: not known
  std::string program;                    // the kernel's name for it
  std::string executable;                 // its path, where known
  std::uint64_t address = 0;              // of the call's instruction; 0: not known
  std::size_t count = 1;
  std::vector<Frame> backtrace;  // innermost first
  std::string outcome;           // what came of it: "-1 EPERM", "SIGSYS, killed"
  std::string next;              // what the task did then, as far as it was seen
  std::string place;             // of the evidence: "strace.log:12"
};

// The call with its arguments.
std::string text(const Denial& denial);
// What a filter's answer does to a call: "fails with EPERM", "kills the process (SIGSYS)".
std::string effect(policy::Action action);
// Whether a program gets something else than its call.
bool denies(policy::Action action);

// Denials alike (of one program, call, constants, answer and place in the code) are counted, the first is kept. There
// are at most kMostKept of them; more are only counted.
class Journal {
 public:
  static constexpr std::size_t kMostKept = 1000;
  // The denial's index, or nothing where there are too many.
  std::optional<std::size_t> add(Denial denial);
  // One that is alike, if there is one already; its count goes up.
  std::optional<std::size_t> count_again(const Denial& denial);
  std::vector<Denial>& denials() { return denials_; }
  const std::vector<Denial>& denials() const { return denials_; }
  std::size_t dropped() const { return dropped_; }

 private:
  std::vector<Denial> denials_;
  std::size_t dropped_ = 0;
};

}  // namespace callgate::why
