// An OCI configuration on its way to a runtime that takes ready filters: the filter of its own profile, or of another
// one, compiled, proved and put in.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>

#include "bpf/program.h"
#include "cli/command.h"
#include "cli/session.h"

namespace callgate::cli {

struct Delivery {
  std::string config;  // the whole text
  // Nothing where the configuration has no linux.seccomp, and no other profile was given: the text is as it was.
  std::optional<bpf::Program> filter;
};
// --profile, --filter and how to read profiles are taken from the session's arguments; a profile sees the capabilities
// of the bounding set, unless --caps says others. `verifier`: see oci::Change. Nothing (diagnosed; `status` says which)
// if there is no such filter.
std::optional<Delivery> deliver(Session& session, const base::SourceFile& file, const std::string& verifier,
                                int& status);

// Without root a container could not be looked at, and would be killed for that.
base::Error verify_needs_root();

}  // namespace callgate::cli
