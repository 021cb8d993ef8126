// callgate run --oci: a bundle under crun, with a filter of ours.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "cli/command.h"
#include "cli/session.h"

namespace callgate::cli {

inline constexpr auto kOciOptions = std::array<Option, 5>{{
    {"oci", 0, "BUNDLE",
     "run this OCI bundle, in place of CMD, by crun, under a filter that is proved equal to its linux.seccomp, or to "
     "--profile",
     ""},
    {"runtime", 0, "PROGRAM", "the crun of --oci (crun in PATH if not given)", ""},
    {"runtime-flag", 0, "FLAG", "a global option of it, without its dashes: root=/run/mine; may be repeated", "", true},
    {"id", 0, "NAME", "the container's name in --oci (one of its own if not given)", ""},
    {"verify", 0, "", "with --oci, as root: kill the container if the kernel shows another filter in it", ""},
}};

// Becomes the runtime. Returns, with the exit status, only if it did not.
int run_bundle(Session& session);

}  // namespace callgate::cli
