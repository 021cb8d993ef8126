// The profile that grants a closure, written for some tool. What a format cannot say exactly is no matter as long as
// each call stays granted, or refused: a refusal may get another answer (runc says ENOSYS where others say EPERM).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cli/session.h"
#include "closure/closure.h"
#include "convert/formats.h"

namespace callgate::cli {

struct Emission {
  const convert::Format* format = nullptr;
  std::string path;  // "-": standard output
  std::optional<closure::Phase> phase;
  bool lossy = false;  // write it even if it grants more, or less, than the closure
};
// The status that goes with it: kNo (diagnosed) if the format would grant more or less.
int write_profile(Session& session, const closure::Closure& closure, const Emission& emission);

// Who will read a profile of that format: its own engine, or the specification alone.
format::Engine reader_of(const convert::Format& format);

}  // namespace callgate::cli
