// Ways around a rule: calls that the kernel takes for the same, or nearly, and that the policy answers otherwise.
// Every finding has both halves: the call that is refused and the one that gets through.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "lint/ask.h"
#include "lint/facts.h"
#include "lint/subject.h"
#include "policy/cells.h"
#include "syntax/words.h"

namespace callgate::lint {

namespace {

using policy::Call;
using policy::Condition;

std::optional<std::span<const arch::ArgPrototype>> prototype_of(std::string_view call) {
  const auto id = arch::find_name(call);
  return id ? arch::prototype(*id) : std::nullopt;
}

class Bypass {
 public:
  explicit Bypass(const Subject& subject)
      : subject_(subject), audit_(arch::info(subject.primary).audit), arch_(subject.primary) {}
  void run();

 private:
  bool refuses(const Call& call) const { return !policy::grants(policy::evaluate(subject_.policy(), call)); }
  void contrast(std::string_view rule, const Call& through, const Call& stopped, std::string message, std::string help);
  bool restricted(std::string_view call) const;  // granted for some arguments and refused for others
  void per_call();
  void high_bits(const arch::CallEntry& entry, const policy::Decision& decision);
  void sign_extension(const arch::CallEntry& entry, const policy::Decision& decision);
  void arguments(const arch::CallEntry& entry, const policy::Decision& decision);
  void multiplexers();
  void clone3();
  void openat2();
  void io_uring();
  void twins();
  void other_abis();
  bool other_abi(arch::Arch which);

  const Subject& subject_;
  policy::AuditArch audit_;
  arch::Arch arch_;
};

void Bypass::contrast(std::string_view rule, const Call& through, const Call& stopped, std::string message,
                      std::string help) {
  // The rule stands where the refusal comes from; a default has no name of the call to show.
  base::Span span = subject_.place_of(stopped);
  if (span == subject_.profile().default_span) span = subject_.place_of(through);
  Finding& made = subject_.add(rule, span, std::move(message), std::move(help));
  made.witness = Witness{subject_.answer(through), subject_.answer(stopped)};
}

bool Bypass::restricted(std::string_view call) const {
  const auto nr = arch::number(arch_, call);
  if (!nr) return false;
  const Granted how = how_granted(subject_.policy(), arch_, *nr);
  return how.some && !how.all;
}

std::vector<Condition> all_conditions(const policy::Decision& decision) {
  std::vector<Condition> out;
  for (const policy::Clause& clause : decision.clauses)
    for (const Condition& condition : clause.conditions) out.push_back(condition);
  return out;
}

bool tested(const policy::Decision& decision, std::uint8_t arg) {
  return std::any_of(decision.clauses.begin(), decision.clauses.end(), [&](const policy::Clause& clause) {
    return std::any_of(clause.conditions.begin(), clause.conditions.end(),
                       [&](const Condition& c) { return c.arg == arg; });
  });
}

// The kernel cuts the argument to 32 bits; a value that is refused gets through with its upper half set.
void Bypass::high_bits(const arch::CallEntry& entry, const policy::Decision& decision) {
  const auto prototype = prototype_of(arch::name(entry.name));
  if (!prototype) return;
  std::vector<std::uint8_t> narrow;
  for (std::size_t i = 0; i < prototype->size(); ++i)
    if (const auto arg = static_cast<std::uint8_t>(i); (*prototype)[i].width_bits <= 32 && tested(decision, arg))
      narrow.push_back(arg);
  if (narrow.empty()) return;
  std::optional<Call> stopped, through;
  std::string_view argument;
  const policy::Decision nothing{{}, policy::kAllow};
  constexpr std::size_t kMostClausesTried = 50'000'000;
  std::size_t tries = kMostClausesTried / (decision.clauses.size() + 1);
  policy::for_each_leaf(decision, nothing, {}, policy::Interest::all,
                        [&](const auto& leaf, policy::Action action, auto) {
                          if (policy::grants(action)) return true;
                          const Call call{audit_, entry.nr, leaf.least()};
                          for (const std::uint8_t arg : narrow) {
                            for (const std::uint64_t high : {std::uint64_t{1} << 32, std::uint64_t{0xffffffff} << 32}) {
                              Call other = call;
                              if (other.args[arg] >> 32 != 0) continue;
                              if (tries-- == 0) return false;
                              other.args[arg] |= high;
                              if (refuses(other)) continue;
                              stopped = call;
                              through = other;
                              argument = (*prototype)[arg].name;
                              return false;
                            }
                          }
                          return true;
                        });
  if (!through) return;
  contrast("bypass-high-bits", *through, *stopped,
           fmt::format("the kernel takes {} of {} as 32 bits, the filter compares 64: {} gets through", argument,
                       arch::name(entry.name), syntax::describe_call(*through)),
           "compare with SCMP_CMP_MASKED_EQ and the mask 0xffffffff, or allow single values by SCMP_CMP_EQ");
}

// A negative int arrives with its upper half zero or all ones, as the caller's C library has it.
void Bypass::sign_extension(const arch::CallEntry& entry, const policy::Decision& decision) {
  const auto prototype = prototype_of(arch::name(entry.name));
  if (!prototype) return;
  for (const Condition& c : all_conditions(decision)) {
    if (c.arg >= prototype->size()) continue;
    const arch::ArgPrototype& argument = (*prototype)[c.arg];
    const bool exact = c.op == policy::Op::eq || c.op == policy::Op::ne;
    if (!exact || argument.width_bits > 32 || !argument.is_signed || (c.value & 0x80000000U) == 0) continue;
    const std::array<Condition, 1> where{Condition{c.arg, policy::Op::eq, c.value & 0xffffffffU}};
    const auto zero = first_call(subject_.policy(), audit_, entry.nr, where, [](auto) { return true; });
    if (!zero) continue;
    Call extended = *zero;
    extended.args[c.arg] |= std::uint64_t{0xffffffff} << 32;
    if (policy::evaluate(subject_.policy(), extended) == policy::evaluate(subject_.policy(), *zero)) continue;
    const bool zero_stopped = refuses(*zero);
    contrast("sign-extension", zero_stopped ? extended : *zero, zero_stopped ? *zero : extended,
             fmt::format("{} of {} is an int: the value {:#x} and its sign-extended form get different answers",
                         argument.name, arch::name(entry.name), c.value & 0xffffffffU),
             "write one rule for each form, or mask the upper half off");
    return;
  }
}

void Bypass::arguments(const arch::CallEntry& entry, const policy::Decision& decision) {
  const auto prototype = prototype_of(arch::name(entry.name));
  if (!prototype) return;
  std::array<bool, 6> seen{};
  for (const Condition& c : all_conditions(decision)) {
    if (std::exchange(seen[c.arg], true)) continue;
    const bool taken = c.arg < prototype->size();
    if (taken && (*prototype)[c.arg].direction == arch::Direction::value) continue;
    // Comparing with NULL asks whether there is anything, which is no race.
    if (taken && c.value == 0 && c.op != policy::Op::masked_eq) continue;
    const std::array<Condition, 1> where{c};
    const auto call = first_call(subject_.policy(), audit_, entry.nr, where, [](auto) { return true; });
    if (!call) continue;
    Finding& made = subject_.add(
        taken ? "pointer-compared" : "argument-not-taken", subject_.place_of(*call),
        taken ? fmt::format("argument {} of {} ({}) is a pointer: the filter compares the address, not what is there",
                            c.arg, arch::name(entry.name), (*prototype)[c.arg].name)
              : fmt::format("{} takes {} arguments; argument {} is what was left in the register",
                            arch::name(entry.name), prototype->size(), c.arg),
        taken ? "no filter can look into memory; decide without this argument" : "take the condition out");
    made.witness = Witness{subject_.answer(*call), std::nullopt};
  }
}

void Bypass::per_call() {
  policy::SyscallNr last = ~policy::SyscallNr{0};
  for (const arch::CallEntry& entry : arch::table(arch_)) {
    if (std::exchange(last, entry.nr) == entry.nr) continue;
    const policy::Decision& decision = decision_of(subject_.policy(), audit_, entry.nr);
    if (decision.is_constant()) continue;
    if (arch::info(arch_).arg_bits == 64) {
      high_bits(entry, decision);
      sign_extension(entry, decision);
    }
    arguments(entry, decision);
  }
}

// socketcall and ipc: what the call of that name is refused, the multiplexer grants.
void Bypass::multiplexers() {
  for (const arch::Arch which : subject_.profile().architectures) {
    const policy::AuditArch audit = arch::info(which).audit;
    for (const std::string_view by : {"socketcall", "ipc"}) {
      const auto nr = arch::number(which, by);
      std::vector<std::string> calls;
      std::optional<Call> through, stopped;
      for (std::size_t i = 0; nr && i < arch::name_count(); ++i) {
        const auto id = static_cast<arch::NameId>(i);
        const auto how = arch::multiplexed(which, id);
        if (!how || arch::name(how->multiplexer) != by) continue;
        const std::array<Condition, 1> where{Condition{0, policy::Op::masked_eq, how->selector, how->mask}};
        const auto granted = first_call(subject_.policy(), audit, *nr, where, policy::grants);
        // Where the machine's own architecture has the call, its answer is what was meant.
        const bool own = arch::number(arch_, id).has_value();
        const auto refusal = refused(subject_.policy(), own ? arch_ : which, arch::name(id));
        if (!granted || !refusal) continue;
        calls.emplace_back(arch::name(id));
        // A restricted call says more than one that is missing.
        if (stopped && subject_.place_of(*stopped) != subject_.profile().default_span) continue;
        through = granted;
        stopped = refusal;
      }
      if (!through) continue;
      contrast("bypass-multiplexer", *through, *stopped,
               fmt::format("on {} {} can be made through '{}', which takes its arguments in memory",
                           arch::info(which).name, join(calls), by),
               fmt::format("deny '{}', or take {} out of the architectures", by, arch::info(which).name));
    }
  }
}

void Bypass::clone3() {
  const auto through = granted(subject_.policy(), arch_, "clone3");
  const auto stopped = refused(subject_.policy(), arch_, "clone");
  if (!through || !stopped) return;
  contrast("bypass-clone3", *through, *stopped,
           "clone is restricted, clone3 is allowed: it does the same with flags that no filter sees",
           "answer clone3 with ENOSYS (errnoRet 38); C libraries fall back on clone");
}

void Bypass::openat2() {
  const auto through = granted(subject_.policy(), arch_, "openat2");
  if (!through) return;
  for (const std::string_view call : {"openat", "open"}) {
    const auto stopped = refused(subject_.policy(), arch_, call);
    if (!stopped || (!restricted(call) && call == "open")) continue;
    contrast("bypass-openat2", *through, *stopped,
             fmt::format("{} is {}, openat2 is allowed: it takes its flags in memory, where no filter sees them", call,
                         restricted(call) ? "restricted" : "refused"),
             "answer openat2 with ENOSYS (errnoRet 38); callers fall back on openat");
    return;
  }
}

void Bypass::io_uring() {
  const auto through = granted(subject_.policy(), arch_, "io_uring_setup");
  if (!through || !granted(subject_.policy(), arch_, "io_uring_enter")) return;
  // Calls that a ring makes too (io_uring_enter(2)).
  constexpr std::array<std::string_view, 16> kOperations{
      "openat", "openat2", "connect",  "accept4", "socket", "sendmsg",   "recvmsg",  "unlinkat",
      "read",   "write",   "renameat", "mkdirat", "linkat", "symlinkat", "setxattr", "statx"};
  std::vector<std::string> stopped;
  std::optional<Call> first;
  for (const std::string_view call : kOperations) {
    const auto found = refused(subject_.policy(), arch_, call);
    if (!found) continue;
    if (!first) first = found;
    stopped.emplace_back(call);
  }
  if (!first) return;
  contrast("bypass-io-uring", *through, *first,
           fmt::format("io_uring is allowed; {} {} not, or not always, but a ring makes the same past the filter",
                       join(stopped), stopped.size() == 1 ? "is" : "are"),
           "answer io_uring_setup, io_uring_enter and io_uring_register with ENOSYS (errnoRet 38)");
}

// Only where somebody meant to deny the call: a rule names it.
void Bypass::twins() {
  for (const Twin& twin : lint::twins()) {
    const auto nr = arch::number(arch_, twin.call);
    if (!nr || how_granted(subject_.policy(), arch_, *nr).some) continue;
    const auto stopped = refused(subject_.policy(), arch_, twin.call);
    const auto through = granted(subject_.policy(), arch_, twin.other);
    if (!stopped || !through || subject_.place_of(*stopped) == subject_.profile().default_span) continue;
    contrast("bypass-twin", *through, *stopped,
             fmt::format("{} is denied, {} is allowed and {}", twin.call, twin.other, twin.why),
             fmt::format("deny '{}' too", twin.other));
  }
}

// One finding an architecture: a call that the main one refuses and this one grants with the same arguments.
bool Bypass::other_abi(arch::Arch which) {
  std::vector<std::string> calls;
  std::optional<Call> through, stopped;
  for (const arch::CallEntry& entry : arch::table(which)) {
    const auto own = arch::number(arch_, entry.name);
    if (!own) continue;
    const policy::Decision& there = decision_of(subject_.policy(), arch::info(which).audit, entry.nr);
    const policy::Decision& here = decision_of(subject_.policy(), audit_, *own);
    if (&there == &here || there == here) continue;
    policy::for_each_leaf(here, there, {}, policy::Interest::differing,
                          [&](const auto& leaf, policy::Action a, policy::Action b) {
                            if (policy::grants(a) || !policy::grants(b)) return true;
                            const auto args = leaf.least();
                            if (std::any_of(args.begin(), args.end(), [](std::uint64_t x) { return x > 0xffffffff; }))
                              return true;
                            calls.emplace_back(arch::name(entry.name));
                            if (!through) {
                              through = Call{arch::info(which).audit, entry.nr, args};
                              stopped = Call{audit_, *own, args};
                            }
                            return false;
                          });
  }
  if (!through) return false;
  contrast("bypass-compat", *through, *stopped,
           fmt::format("{} grants what {} refuses: {}", arch::info(which).name, arch::info(arch_).name, join(calls)),
           "take the architecture out of the list, unless programs for it run here");
  return true;
}

void Bypass::other_abis() {
  for (const arch::Arch which : subject_.profile().architectures)
    if (which != arch_) other_abi(which);
}

void Bypass::run() {
  per_call();
  multiplexers();
  clone3();
  openat2();
  io_uring();
  twins();
  other_abis();
}

}  // namespace

void check_bypass(const Subject& subject) {
  Bypass(subject).run();
}

}  // namespace callgate::lint
