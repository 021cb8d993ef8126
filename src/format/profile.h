// Seccomp profiles as files, and what each engine makes of them. One file has as many meanings as readers; ReadOptions
// picks one, and every silent effect of that reading (a rule ignored, an AND turned into OR, seccomp off) becomes a
// warning with its place.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arch/arch.h"
#include "base/diagnostic.h"
#include "base/source.h"
#include "policy/policy.h"

namespace callgate::format {

// Who reads the file, and which runtime makes the filter:
//   docker      moby/profiles, then runc     podman  containers/common, then crun
//   containerd  plain OCI, then runc         runc, crun  plain OCI, then that runtime
//   oci         the runtime specification alone: no runtime's additions or defects
enum class Engine { docker, podman, containerd, runc, crun, oci };
std::optional<Engine> find_engine(std::string_view name);
std::string_view name(Engine engine);
// Who makes the filter of what the reader hands on.
enum class Runtime { runc, crun, oci };

// The 14 capabilities that Docker gives a container by default.
std::vector<std::string> default_capabilities();

struct ReadOptions {
  Engine as = Engine::docker;
  // Another runtime than the engine's usual one: Docker with crun, Podman with runc.
  std::optional<Runtime> runtime;
  // The bounding set ("CAP_SYS_ADMIN"); empty: none.
  std::vector<std::string> capabilities = default_capabilities();
  arch::KernelVersion kernel{6, 18};
  // The machine's own architecture; where `architectures` is given without it, the first of those counts as it.
  arch::Arch native = arch::native();
  // Not empty: exactly these architectures instead of the file's.
  std::vector<arch::Arch> architectures;
  // Calls that entered the kernel later than this are unknown to the runtime's libseccomp (2.5.4 ends with 5.17);
  // nothing: it knows every call.
  std::optional<arch::KernelVersion> library_knows;
  // runc before 1.1.15: its ENOSYS stub covers only the architectures that the profile lists.
  bool old_runc = false;
  bool strict = false;   // warnings of the kind "skipped without a word" become errors
  bool origins = false;  // fill Profile::origins
};

// A rule of the file that has a say about a number, for `explain`. Those of one number stand in the order in which they
// are tried; the first that holds decides.
struct RuleOrigin {
  policy::AuditArch audit = 0;
  policy::SyscallNr nr = 0;
  policy::Clause clause;  // as written; no conditions: always holds
  bool low_word = false;  // the conditions look at the low 32 bits of each argument alone
  base::Span span;        // the call's name in the file
  base::Span rule;        // the rule object
};

// Where runc answers ENOSYS instead of the default: numbers above `last`.
struct EnosysAbove {
  arch::Arch arch{};
  policy::SyscallNr last = 0;
};

struct Profile {
  policy::Policy policy;
  bool confined = true;  // false: this reading turns seccomp off (policy allows everything)
  policy::Action default_action;
  std::vector<arch::Arch> architectures;
  std::vector<std::string> flags;  // SECCOMP_FILTER_FLAG_* names the profile asks for
  std::string listener_path, listener_metadata;
  std::vector<RuleOrigin> origins;
  std::vector<EnosysAbove> enosys;
  base::Span default_span;  // the defaultAction member
};

// A profile file (OCI object, a config.json that holds one, Docker's or containers/common's format). Nothing if the
// engine would refuse it or it cannot be read: the diagnostics say why.
std::optional<Profile> read_profile(const base::SourceFile& file, const ReadOptions& options,
                                    base::Diagnostics& diagnostics);

// A default profile of an engine.
struct BuiltIn {
  std::string_view name, what;  // "docker-default"; what it is, in a line
  Engine engine;                // whose reader it is written for
};
const std::vector<BuiltIn>& builtin_profiles();  // by engine, a newest one first
const BuiltIn* find_builtin(std::string_view name);

// A release of an engine: 20.10.24.
struct EngineVersion {
  int major = 0, minor = 0, patch = 0;
  auto operator<=>(const EngineVersion&) const = default;
};

// The built-in profile that Docker of that release has. Releases before oldest_docker_default() get that one's.
std::string_view docker_default(EngineVersion release);
EngineVersion oldest_docker_default();

// One of those by name; nothing for other names.
std::optional<Profile> builtin_profile(std::string_view name, const ReadOptions& options,
                                       base::Diagnostics& diagnostics);

}  // namespace callgate::format
