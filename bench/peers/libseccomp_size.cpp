// How large a filter libseccomp makes of a profile: the rules as callgate reads them, handed to the installed
// libseccomp one by one, as runc and crun do. Prints instructions for its two layouts; runc asks for the tree above 32
// rules, crun always takes the linear one. runc's own ENOSYS stub is not counted.
//
// usage: libseccomp_size PROFILE|docker-default|podman-default [ARCH]...    ARCH: instead of the profile's
// SPDX-License-Identifier: Apache-2.0
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arch/calls.h"
#include "base/io.h"
#include "base/source.h"
#include "format/profile.h"

namespace {

using namespace callgate;

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

// The order of policy::ActionKind is the kernel's, so is this one's.
std::uint32_t action_of(policy::Action action) {
  return policy::to_return_value(action);
}

scmp_arg_cmp comparison(const policy::Condition& c) {
  static constexpr scmp_compare kOps[] = {SCMP_CMP_EQ, SCMP_CMP_NE, SCMP_CMP_LT,       SCMP_CMP_LE,
                                          SCMP_CMP_GT, SCMP_CMP_GE, SCMP_CMP_MASKED_EQ};
  const scmp_compare op = kOps[static_cast<std::size_t>(c.op)];
  return op == SCMP_CMP_MASKED_EQ ? scmp_arg_cmp{c.arg, op, c.mask, c.value} : scmp_arg_cmp{c.arg, op, c.value, 0};
}

std::optional<format::Profile> read(const std::string& path, const format::ReadOptions& options,
                                    base::Diagnostics& diagnostics) {
  if (std::optional<format::Profile> found = format::builtin_profile(path, options, diagnostics)) return found;
  base::Result<std::string> text = base::read_file(path);
  if (!text) {
    std::fprintf(stderr, "%s\n", text.error().message.c_str());
    return std::nullopt;
  }
  const base::SourceFile file(path, std::move(*text));
  std::optional<format::Profile> profile = format::read_profile(file, options, diagnostics);
  if (!profile) std::fputs(base::render_text(diagnostics, false).c_str(), stderr);
  return profile;
}

bool add_architectures(const Context& context, const format::Profile& profile) {
  if (seccomp_arch_remove(context.get(), SCMP_ARCH_NATIVE) != 0) return false;
  for (const arch::Arch a : profile.architectures) {
    const std::string name(arch::info(a).name);
    const std::uint32_t token = seccomp_arch_resolve_name(name.c_str());
    if (token == 0 || seccomp_arch_add(context.get(), token) != 0) return false;
  }
  return true;
}

// Each rule once: a name that several architectures have stands once in the profile.
bool add_rules(const Context& context, const format::Profile& profile) {
  std::set<std::pair<std::string, policy::Clause>> added;
  for (const format::RuleOrigin& origin : profile.origins) {
    if (origin.clause.action == profile.default_action) continue;
    const std::string name(arch::name_of_call(origin.audit, origin.nr));
    const int number = seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR || !added.emplace(name, origin.clause).second) continue;
    std::vector<scmp_arg_cmp> conditions;
    for (const policy::Condition& c : origin.clause.conditions) conditions.push_back(comparison(c));
    const int status = seccomp_rule_add_array(context.get(), action_of(origin.clause.action), number,
                                              static_cast<unsigned>(conditions.size()), conditions.data());
    if (status != 0) {
      std::fprintf(stderr, "libseccomp refuses the rule for %s (%d)\n", name.c_str(), status);
      return false;
    }
  }
  return true;
}

// Nothing if libseccomp cannot make the filter.
std::optional<long> instructions(const format::Profile& profile, std::uint32_t layout) {
  const Context context(seccomp_init(action_of(profile.default_action)));
  if (!context || !add_architectures(context, profile) || !add_rules(context, profile)) return std::nullopt;
  if (seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, layout) != 0) return std::nullopt;
  const base::UniqueFd file(memfd_create("filter", MFD_CLOEXEC));
  if (!file || seccomp_export_bpf(context.get(), file.get()) != 0) return std::nullopt;
  return lseek(file.get(), 0, SEEK_END) / 8;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s PROFILE|docker-default|podman-default [ARCH]...\n", argv[0]);
    return 2;
  }
  format::ReadOptions options;
  options.origins = true;
  for (int i = 2; i < argc; ++i) {
    const std::optional<arch::Arch> found = arch::find(argv[i]);
    if (!found) {
      std::fprintf(stderr, "unknown architecture '%s'\n", argv[i]);
      return 2;
    }
    options.architectures.push_back(*found);
  }
  base::Diagnostics diagnostics;
  const std::optional<format::Profile> profile = read(argv[1], options, diagnostics);
  if (!profile) return 3;
  constexpr std::uint32_t kLinear = 1, kTree = 2;
  const std::optional<long> linear = instructions(*profile, kLinear);
  const std::optional<long> tree = instructions(*profile, kTree);
  if (!linear || !tree) return 1;
  const scmp_version* version = seccomp_version();
  std::printf("libseccomp %u.%u.%u: %ld instructions linear (crun), %ld as a tree (runc)\n", version->major,
              version->minor, version->micro, *linear, *tree);
  return 0;
}
