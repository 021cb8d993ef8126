// SPDX-License-Identifier: Apache-2.0
#include "convert/closure.h"

#include <fmt/format.h>

#include "base/text.h"
#include "closure/file.h"
#include "closure/need.h"
#include "convert/diagnostic_ids.h"

namespace callgate::convert {

namespace {

std::optional<Reading> read(const base::SourceFile& file, const ReadContext& context, base::Diagnostics& diagnostics) {
  const auto phase = closure::find_phase(context.select);
  if (!context.select.empty() && !phase) {
    diagnostics.add(kSeveralProfiles, {&file, 0, 0},
                    fmt::format("a closure has no phase '{}'", base::printable(context.select)),
                    "startup, serving or shutdown; without '#' all");
    return std::nullopt;
  }
  const auto closure = closure::read(file, diagnostics);
  if (!closure) return std::nullopt;
  return reading_of(*closure, phase);
}

}  // namespace

Reading reading_of(const closure::Closure& closure, std::optional<closure::Phase> phase) {
  Reading out;
  out.profile.policy = closure::need(closure, phase);
  out.profile.default_action = closure.outside;
  for (const policy::ArchRuns& each : out.profile.policy.archs)
    for (const arch::Arch arch : arch::with_audit(each.audit))
      if (arch != arch::Arch::x32) out.profile.architectures.push_back(arch);
  out.states_default = true;
  for (const auto& [call, origin] : closure::origins(closure, phase)) out.comments.add(call, origin);
  return out;
}

constinit const Format kClosure{"closure", "closure", ".json", false, closure::looks_like_closure,
                                read,      nullptr,   nullptr, {}};

}  // namespace callgate::convert
