// Tables of names. Sources: moby/profiles seccomp_linux.go (goToNative, nativeToSeccomp); containers/common
// seccomp_linux.go and libseccomp-golang's ScmpArch.String(); runc libcontainer/seccomp/config.go; crun seccomp.c with
// libseccomp's arch_def_lookup_name().
// SPDX-License-Identifier: Apache-2.0
#include "format/engine.h"

#include <algorithm>
#include <array>
#include <vector>

#include "arch/prototype.h"
#include "base/text.h"

namespace callgate::format {

namespace {

using arch::Arch;
using policy::ActionKind;
using policy::Op;

constexpr std::array<std::pair<std::string_view, Engine>, 6> kEngines{{{"docker", Engine::docker},
                                                                       {"podman", Engine::podman},
                                                                       {"containerd", Engine::containerd},
                                                                       {"runc", Engine::runc},
                                                                       {"crun", Engine::crun},
                                                                       {"oci", Engine::oci}}};

constexpr std::array<std::pair<std::string_view, ActionKind>, 9> kActions{
    {{"SCMP_ACT_ALLOW", ActionKind::allow},
     {"SCMP_ACT_ERRNO", ActionKind::errno_},
     {"SCMP_ACT_KILL", ActionKind::kill_thread},
     {"SCMP_ACT_KILL_PROCESS", ActionKind::kill_process},
     {"SCMP_ACT_KILL_THREAD", ActionKind::kill_thread},
     {"SCMP_ACT_LOG", ActionKind::log},
     {"SCMP_ACT_NOTIFY", ActionKind::notify},
     {"SCMP_ACT_TRACE", ActionKind::trace},
     {"SCMP_ACT_TRAP", ActionKind::trap}}};

constexpr std::array<std::pair<std::string_view, Op>, 7> kOperators{{{"SCMP_CMP_EQ", Op::eq},
                                                                     {"SCMP_CMP_GE", Op::ge},
                                                                     {"SCMP_CMP_GT", Op::gt},
                                                                     {"SCMP_CMP_LE", Op::le},
                                                                     {"SCMP_CMP_LT", Op::lt},
                                                                     {"SCMP_CMP_MASKED_EQ", Op::masked_eq},
                                                                     {"SCMP_CMP_NE", Op::ne}}};

constexpr std::array<std::string_view, 4> kFlags{"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
                                                 "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};

// One row an architecture: what Docker and Podman call it in `arches`, and whether runc takes it.
struct ArchRow {
  Arch arch;
  std::string_view docker, podman;
  bool docker_map, podman_map;  // archMap entries for this machine are looked at
  bool runc;
};
constexpr std::array<ArchRow, arch::kArchCount> kArchRows{{
    {Arch::x86_64, "amd64", "amd64", true, true, true},
    {Arch::x86, "x86", "x86", true, false, true},
    {Arch::x32, "", "x32", false, false, true},
    {Arch::arm, "arm", "arm", true, false, true},
    {Arch::aarch64, "arm64", "arm64", true, true, true},
    {Arch::mips, "", "mips", false, false, true},
    {Arch::mipsel, "mipsel", "mipsel", true, false, true},
    {Arch::mips64, "mips64", "mips64", true, true, true},
    {Arch::mipsel64, "mipsel64", "mipsel64", true, true, true},
    {Arch::mips64n32, "mips64n32", "mips64n32", true, true, true},
    {Arch::mipsel64n32, "mips3l64n32", "mipsel64n32", true, true, true},  // moby's own spelling
    {Arch::ppc, "ppc", "ppc", true, false, true},
    {Arch::ppc64, "ppc64", "ppc64", true, false, true},
    {Arch::ppc64le, "ppc64le", "ppc64le", true, false, true},
    {Arch::s390, "s390", "s390", true, false, true},
    {Arch::s390x, "s390x", "s390x", true, true, true},
    {Arch::parisc, "", "parisc", false, false, false},
    {Arch::parisc64, "", "parisc64", false, false, false},
    {Arch::riscv64, "riscv64", "riscv64", true, false, true},
    // goToNative says "loongarch64", which nativeToSeccomp does not know: archMap is not used there.
    {Arch::loongarch64, "loongarch64", "loong64", false, false, true},
    {Arch::m68k, "", "m68k", false, false, false},
    {Arch::sh, "", "sh", false, false, false},
    {Arch::sheb, "", "sheb", false, false, false},
}};

const ArchRow& row(Arch arch) {
  return *std::find_if(kArchRows.begin(), kArchRows.end(), [&](const ArchRow& r) { return r.arch == arch; });
}

template <class Table>
auto look_up(const Table& table, std::string_view text) -> std::optional<decltype(table[0].second)> {
  for (const auto& [name, value] : table)
    if (name == text) return value;
  return std::nullopt;
}

template <class Table>
std::optional<std::string_view> closest_key(const Table& table, std::string_view text) {
  std::vector<std::string_view> names;
  for (const auto& entry : table) names.push_back(entry.first);
  return base::closest(text, names);
}

}  // namespace

std::optional<Engine> find_engine(std::string_view name) {
  return look_up(kEngines, name);
}

std::string_view name(Engine engine) {
  for (const auto& [text, value] : kEngines)
    if (value == engine) return text;
  return {};
}

std::vector<std::string> default_capabilities() {
  return {"CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
          "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
          "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
          "CAP_KILL",    "CAP_AUDIT_WRITE"};
}

Dialect dialect(Engine engine) {
  switch (engine) {
    case Engine::docker:
      return {Runtime::runc, true, true, true, false, false};
    case Engine::podman:
      return {Runtime::crun, true, true, false, true, false};
    case Engine::containerd:
      return {Runtime::runc, true, false, false, false, false};
    case Engine::runc:
      return {Runtime::runc, true, false, false, false, true};
    case Engine::crun:
      return {Runtime::crun, false, false, false, false, true};
    case Engine::oci:
      break;
  }
  return {Runtime::oci, false, false, false, false, true};
}

std::string_view arches_name(Engine engine, Arch native) {
  return engine == Engine::podman ? row(native).podman : row(native).docker;
}

bool known_arches_name(Engine engine, std::string_view name) {
  return !name.empty() && std::any_of(kArchRows.begin(), kArchRows.end(), [&](const ArchRow& r) {
    // Docker's own default lists x32 and x86 beside amd64, though no Docker runs there.
    return name == (engine == Engine::podman ? r.podman : r.docker) || name == "x32";
  });
}

bool uses_arch_map(Engine engine, Arch native) {
  return engine == Engine::podman ? row(native).podman_map : row(native).docker_map;
}

std::optional<Arch> find_architecture(Runtime runtime, std::string_view text) {
  if (runtime == Runtime::crun) {
    constexpr std::string_view kPrefix = "SCMP_ARCH_";
    if (text.starts_with(kPrefix)) text.remove_prefix(kPrefix.size());
    for (const arch::ArchInfo& info : arch::all())
      if (base::equals_ignore_case(info.name, text)) return info.arch;
    return std::nullopt;
  }
  const auto found = arch::find_oci(text);
  if (found && runtime == Runtime::runc && !row(*found).runc) return std::nullopt;
  return found;
}

std::optional<ActionKind> find_action(std::string_view text) {
  return look_up(kActions, text);
}
std::optional<Op> find_operator(std::string_view text) {
  return look_up(kOperators, text);
}
bool known_flag(std::string_view text) {
  return std::find(kFlags.begin(), kFlags.end(), text) != kFlags.end();
}
bool known_capability(std::string_view text) {
  return std::ranges::any_of(arch::constants_in("capability"), [&](const auto& each) { return each.name == text; });
}

std::optional<std::string_view> suggest_action(std::string_view text) {
  return closest_key(kActions, text);
}
std::optional<std::string_view> suggest_operator(std::string_view text) {
  return closest_key(kOperators, text);
}
std::optional<std::string_view> suggest_flag(std::string_view text) {
  return base::closest(text, kFlags);
}
std::optional<std::string_view> suggest_architecture(std::string_view text) {
  std::vector<std::string_view> names;
  for (const arch::ArchInfo& info : arch::all()) names.push_back(info.oci);
  return base::closest(text, names);
}

bool low_word_only(Arch arch) {
  switch (arch) {
    case Arch::x86_64:
    case Arch::aarch64:
    case Arch::mips64:
    case Arch::mipsel64:
    case Arch::ppc64:
    case Arch::ppc64le:
    case Arch::s390x:
    case Arch::parisc64:
    case Arch::riscv64:
    case Arch::loongarch64:
      return false;
    default:
      return true;
  }
}

}  // namespace callgate::format
