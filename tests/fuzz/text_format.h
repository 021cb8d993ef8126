// The body of the fuzz programs of text formats: what is read without findings is an exact policy, which the same
// format writes again; what was written can be read. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "convert/convert.h"

namespace callgate::convert::fuzz {

inline void check(bool good) {
  if (!good) std::abort();
}

inline void read_and_write(const Format& format, const std::uint8_t* data, std::size_t size) {
  const base::SourceFile file("input", std::string(reinterpret_cast<const char*>(data), size));
  const base::SourceFile included("other", "");
  for (const arch::Arch arch : {arch::Arch::x86_64, arch::Arch::arm}) {
    ReadContext context;
    context.options.native = arch;
    context.open = [&](const std::string& name) { return name.ends_with("self") ? &file : &included; };
    base::Diagnostics findings;
    const auto reading = format.read(file, context, findings);
    check(reading.has_value() == !findings.has_errors());
    if (!reading) continue;
    for (const policy::Call& call : policy::interesting_calls(policy::constant(policy::kAllow)))
      static_cast<void>(policy::evaluate(reading->profile.policy, call));
    // Policies of a few conditions are written too; comparing large ones exactly takes its time.
    std::size_t clauses = 0;
    for (const policy::Decision& decision : reading->profile.policy.decisions) clauses += decision.clauses.size();
    if (clauses > 40) continue;
    WriteOptions options;
    options.native = arch;
    check(write(*reading, format, options).has_value());
  }
}

}  // namespace callgate::convert::fuzz
