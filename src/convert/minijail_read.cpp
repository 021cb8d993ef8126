// minijail policies (google/minijail, minijail0(5) and tools/compile_seccomp_policy.py), read as the compiler reads
// them: one architecture; calls of others, and calls that are not named, are killed unless @default says otherwise.
// Where a text means different things to the two compilers (CG1264) it is read compile_seccomp_policy.py's way if it
// uses what only that one has.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "arch/prototype.h"
#include "convert/diagnostic_ids.h"
#include "convert/minijail.h"
#include "convert/minijail_syntax.h"
#include "format/narrow.h"
#include "policy/builder.h"

namespace callgate::convert {

namespace {

using minijail::CallName;
using minijail::Filter;
using minijail::Program;
using minijail::Statement;
using policy::Action;

// All filters of one call, in order.
struct CallFilters {
  CallName call;
  std::vector<Filter> filters;
};

void settle_returns(Program& program, base::Diagnostics& diagnostics) {
  for (Statement& statement : program.statements) {
    if (statement.filters.size() != 1 || !statement.filters.front().simple_return) continue;
    diagnostics.add(kTextDialects, statement.span, "read differently by minijail's two compilers",
                    program.compiler ? "read as compile_seccomp_policy.py does: the error is returned where the "
                                       "condition holds"
                                     : "read as libminijail does: the error is returned where the condition fails");
    if (program.compiler) continue;
    const Action otherwise = statement.filters.front().action;
    statement.filters.front().action = policy::kAllow;
    statement.filters.push_back({std::nullopt, otherwise, false});
  }
}

std::vector<CallFilters> by_call(const Program& program, base::Diagnostics& diagnostics) {
  std::vector<CallFilters> out;
  std::map<policy::SyscallNr, std::size_t> index;
  for (const Statement& statement : program.statements)
    for (const CallName& call : statement.calls) {
      const auto [at, fresh] = index.emplace(call.nr, out.size());
      if (fresh) out.push_back({call, {}});
      CallFilters& all = out[at->second];
      for (const Filter& filter : statement.filters) {
        if (!all.filters.empty() && !all.filters.back().when) {
          base::Diagnostic& d = diagnostics.add(kTextDecidedTwice, call.span,
                                                fmt::format("'{}' already has a rule that always decides", call.name),
                                                "take one of the two out");
          d.notes.push_back({all.call.span, "the first is here"});
          break;
        }
        all.filters.push_back(filter);
      }
    }
  return out;
}

// compile_seccomp_policy.py's way: a last filter that allows makes it forget those before it (not in a denylist).
void settle_last_allow(const Program& program, CallFilters& call, base::Diagnostics& diagnostics) {
  const Filter& last = call.filters.back();
  if (!program.compiler || program.denylist || last.when || last.action != policy::kAllow) return;
  const bool changes = std::any_of(call.filters.begin(), call.filters.end(),
                                   [](const Filter& each) { return each.action != policy::kAllow; });
  if (changes)
    diagnostics.add(kTextAllowLast, call.call.span,
                    fmt::format("'{}' is always allowed: its last filter is 'allow'", call.call.name),
                    "to have the filters before it, end with a condition that always holds: 'arg0 >= 0'");
  call.filters.erase(call.filters.begin(), call.filters.end() - 1);
}

std::optional<policy::Decision> decision_of(const std::vector<Filter>& filters, Action fallback) {
  std::vector<Guarded> rules;
  for (const Filter& filter : filters) rules.push_back({filter.when ? *filter.when : always(), filter.action});
  return lower(rules, fallback);
}

}  // namespace

std::optional<std::uint64_t> minijail_constant(arch::Arch arch, std::string_view name, bool errno_first) {
  if (errno_first)
    if (const auto number = arch::errno_number(name)) return number;
  // Four flags of open(2) are ARM's own (asm/fcntl.h); riscv64 and the others read here have x86_64's values.
  if (arch == arch::Arch::arm || arch == arch::Arch::aarch64) {
    if (name == "O_DIRECTORY") return 0x4000;
    if (name == "O_NOFOLLOW") return 0x8000;
    if (name == "O_DIRECT") return 0x10000;
    if (name == "O_LARGEFILE") return 0x20000;
    if (name == "O_TMPFILE") return 0x404000;
  }
  if (const auto known = arch::constant(name)) return arch::info(arch).arg_bits == 64 ? *known : *known & 0xffffffffU;
  if (const auto number = arch::errno_number(name)) return number;
  return std::nullopt;
}

std::optional<Reading> read_minijail(const base::SourceFile& file, const ReadContext& context,
                                     base::Diagnostics& diagnostics) {
  const std::size_t errors_before = diagnostics.error_count();
  Program program = minijail::read_program(file, context, diagnostics);
  const arch::ArchInfo& native = arch::info(context.options.native);
  // A denylist's "kill" is EPERM, for calls of other architectures too.
  const Action foreign = program.denylist ? policy::make_errno(1) : policy::kKillThread;
  settle_returns(program, diagnostics);
  std::vector<CallFilters> calls = by_call(program, diagnostics);
  for (CallFilters& call : calls) settle_last_allow(program, call, diagnostics);
  policy::Builder builder(foreign);
  builder.arch(native.audit, program.fallback);
  for (const CallFilters& each : calls) {
    auto decision = decision_of(each.filters, program.fallback);
    if (!decision) {
      diagnostics.add(kTextTooLarge, each.call.span,
                      fmt::format("the conditions of '{}' are too large", each.call.name));
      continue;
    }
    if (native.arg_bits == 32 && !decision->is_constant())
      decision = policy::simplify(format::narrow_to_low_words(*decision, true));
    builder.call(native.audit, each.call.nr, std::move(*decision));
  }
  if (diagnostics.error_count() != errors_before) return std::nullopt;
  Reading reading;
  reading.profile.policy = builder.finish();
  reading.states_default = true;
  reading.profile.default_action = program.fallback;
  reading.profile.architectures = {native.arch};
  reading.comments = std::move(program.comments);
  return reading;
}

}  // namespace callgate::convert
