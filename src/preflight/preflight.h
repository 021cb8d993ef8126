// A program's calls held against a profile before it is deployed: which of them would be refused, and at which point of
// its life. Calls come from a run (sandbox/observe.h) or from a trace (trace.h); of a trace's call some arguments may
// not be known, and then the answer may be that it depends on them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "arch/startup.h"
#include "base/source.h"
#include "policy/policy.h"
#include "sandbox/observe.h"

namespace callgate::preflight {

// In the order of a program's life.
//   runtime   runc or crun, between loading the filter and executing the program
//   exec      the execve that starts a program
//   loading   the dynamic loader and the C library, up to the first call that is neither's
//   running   the program's own
//   serving   after the first successful listen or accept
enum class Stage : std::uint8_t { runtime, exec, loading, running, serving };
std::string_view name(Stage stage);

inline constexpr std::uint8_t kAllArgs = 0x3f;

// One call of a recording.
struct Event {
  std::uint64_t process = 0;
  policy::Call call;
  std::uint8_t known = kAllArgs;  // bit n: args[n] is known
  std::uint64_t address = 0;      // of the instruction; 0 where not known
  bool succeeded = true;          // as far as it is known
  std::string_view shown;         // strace's: the arguments as it prints them; good until the next call
  std::string_view result;        // and what stands behind "=": "-1 EPERM (Operation not permitted)", "?"
  std::uint32_t line = 0;         // of the trace; 0 where there is none
  std::uint64_t task = 0;         // the thread
  std::uint64_t parent = 0;       // of a process that was not seen before
};

// What a policy answers to a call of which only some arguments are known.
struct Verdict {
  policy::Action action;  // of several that are possible the most restrictive
  bool certain = true;    // false: it depends on arguments that are not known
  bool refused() const { return action.kind != policy::ActionKind::allow && action.kind != policy::ActionKind::log; }
};
using Judge = std::function<Verdict(const policy::Call&, std::uint8_t known)>;
Verdict judge(const policy::Policy& policy, const policy::Call& call, std::uint8_t known);

// Calls that a profile refuses alike, at one stage of one program.
struct Denial {
  Stage stage{};
  std::string program;  // the kernel's name for it; the runtime's; empty where not known
  policy::Call call;    // the first of them
  std::uint8_t known = kAllArgs;
  Verdict verdict;
  bool harmless = false;  // measured: the start goes on without it; or C libraries do
  std::size_t first = 0;  // how many calls were made before it; of the runtime's own the order is not known
  std::size_t count = 0;
};

class Flight {
 public:
  explicit Flight(Judge judge) : judge_(std::move(judge)) {}
  // The runtime's own calls come first.
  void add_runtime(const arch::RuntimeStartup& runtime);
  void add(const Event& event);
  void executed(std::uint64_t process, const std::string& program, const sandbox::LoaderRange& loader);

  // By first occurrence.
  const std::vector<Denial>& denials() const { return denials_; }
  std::size_t calls() const { return calls_; }
  std::size_t processes() const { return lives_.size(); }
  // The first that the program will feel; null: none. One that only depends on arguments counts if there is no other.
  const Denial* first() const;

 private:
  struct Life {
    Stage stage = Stage::exec;
    std::string program;
    sandbox::LoaderRange loader;
    bool loader_known = false;
  };
  Life& life_of(const Event& event);
  Stage stage_of(Life& life, const Event& event, std::string_view call) const;
  void note(Stage stage, const std::string& program, const Event& event, const Verdict& verdict, bool harmless);
  Judge judge_;
  std::map<std::uint64_t, Life> lives_;
  std::vector<Denial> denials_;
  std::size_t calls_ = 0;
};

}  // namespace callgate::preflight
