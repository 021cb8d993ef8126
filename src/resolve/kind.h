// What a file is, told by its content alone; names and endings do not count. The keys at the margin of a YAML text
// mostly tell without a parse, so a file is not parsed twice; where they do not, the first document's tree decides.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"
#include "base/source.h"

namespace callgate::resolve {

enum class InputKind : std::uint8_t {
  compose,
  kubernetes,
  inspect,      // `docker inspect`
  daemon_json,  // dockerd's configuration
  profile,      // seccomp
  mixed,        // documents of Compose and of Kubernetes
  script,       // anything else: a shell script, a Makefile, a CI system's YAML, pasted lines
  malformed,    // JSON that is none (diagnosed)
};

struct Kind {
  InputKind kind = InputKind::script;
  base::Span first, second;  // mixed: where each begins
};

Kind classify(const base::SourceFile& file, base::Diagnostics& diagnostics);

}  // namespace callgate::resolve
