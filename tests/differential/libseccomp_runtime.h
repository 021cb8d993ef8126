// The filters that runc and crun load: libseccomp driven call by call as they drive it, and the ENOSYS stub that runc
// puts before its program. Nothing here uses what callgate's reader makes of actions, operators, architectures or
// numbers: names go to libseccomp as text.
// Sources: runc libcontainer/seccomp/seccomp_linux.go and patchbpf/enosys_linux.go, crun src/libcrun/seccomp.c.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "bpf/program.h"
#include "format/spec.h"

namespace callgate::test_support {

enum class Stub {
  none,    // crun
  listed,  // runc before 1.1.15: the listed architectures
  all,     // runc: those and the machine's own
};

struct RuntimeOptions {
  std::string native = "x86_64";           // libseccomp's names
  std::vector<std::string> architectures;  // what the profile lists
  Stub stub = Stub::none;
  bool binary_tree = false;
};

struct RuntimeFilter {
  bpf::Program program;
  std::string refusal;  // not empty: libseccomp refused a step, and the container does not start
};

RuntimeFilter build_as_runtime(const format::Spec& spec, const RuntimeOptions& options);

// Whether runc asks for a binary tree: above 32 mentions of calls.
bool runc_uses_tree(const format::Spec& spec);

}  // namespace callgate::test_support
