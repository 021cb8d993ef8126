// What tells the engines apart: which fields their reader knows, and which runtime makes the filter.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "arch/arch.h"
#include "format/profile.h"
#include "policy/policy.h"

namespace callgate::format {

struct Dialect {
  Runtime runtime;
  bool go;           // encoding/json: keys without regard to case
  bool extended;     // archMap, includes, excludes and the old name are honoured
  bool min_kernel;   // … and minKernel in them
  bool errno_names;  // errno and defaultErrno
  bool config_json;  // linux.seccomp inside a config.json is looked for
};
Dialect dialect(Engine engine);

// The native architecture as the `arches` lists of that engine call it; empty where it has no name there.
std::string_view arches_name(Engine engine, arch::Arch native);
bool known_arches_name(Engine engine, std::string_view name);
// Whether that engine looks for the machine's own entry in archMap at all.
bool uses_arch_map(Engine engine, arch::Arch native);

// The architecture `text` means to the runtime.
std::optional<arch::Arch> find_architecture(Runtime runtime, std::string_view text);

// "SCMP_ACT_ERRNO"; SCMP_ACT_KILL is KILL_THREAD.
std::optional<policy::ActionKind> find_action(std::string_view text);
// "SCMP_CMP_EQ".
std::optional<policy::Op> find_operator(std::string_view text);
bool known_flag(std::string_view text);
bool known_capability(std::string_view text);

// The closest of the nine actions, seven operators …, for messages.
std::optional<std::string_view> suggest_action(std::string_view text);
std::optional<std::string_view> suggest_operator(std::string_view text);
std::optional<std::string_view> suggest_architecture(std::string_view text);
std::optional<std::string_view> suggest_flag(std::string_view text);

// libseccomp's reckoning: it compares only the low 32 bits of arguments here (x32 and n32 included).
bool low_word_only(arch::Arch arch);

}  // namespace callgate::format
