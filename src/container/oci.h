// What the OCI runtime specification lets between an engine and its runtime: the state that a hook is given, and a
// bundle's config.json, to which a hook is added.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"

namespace callgate::container {

struct OciState {
  std::string id, bundle;
  pid_t pid = 0;
  bool podman = false;  // an annotation says so
};

// Of a hook's standard input. Nothing (diagnosed with `id`) if it lacks the id or the process.
std::optional<OciState> read_oci_state(const base::SourceFile& file, const base::DiagnosticId& id,
                                       base::Diagnostics& diagnostics);

struct Hook {
  std::string path;
  std::vector<std::string> arguments, environment;
};
// The configuration with one more hook for when the container's namespaces exist and its program has not begun
// (createRuntime), first of them. All else stays as it is written. Nothing (diagnosed) if it is none.
std::optional<std::string> add_hook(const base::SourceFile& config, const Hook& hook, const base::DiagnosticId& id,
                                    base::Diagnostics& diagnostics);

// The directory of the bundle that a runtime's command line makes a container of (create, run); nothing if it makes
// none. Relative to where the runtime runs.
std::optional<std::string> bundle_of(const std::vector<std::string>& words);

}  // namespace callgate::container
