// Puts files where the kubelet looks for Localhost profiles, or takes them away: whole or not at all, never outside of
// the root, and read back before they count. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "install/steps.h"

namespace callgate::install {

inline constexpr std::string_view kKubeletRoot = "/var/lib/kubelet/seccomp";

struct Place {
  std::string root{kKubeletRoot};
  // Whom the files are to belong to, where the caller may say so (it is root).
  uid_t owner = 0;
  gid_t group = 0;
  bool may_own = true;
  bool dry_run = false;
};

enum class Done { installed, replaced, unchanged, removed, absent };
std::string_view name(Done done);

// A name is a path beneath the root, as a Pod's localhostProfile gives it: relative, without "." and "..", empty parts,
// control characters and backslashes. Error: invalid.
base::Result<void> check_name(std::string_view name);

// Temporary file, owner, mode 0644, fsync, read back, rename, fsync of the directory. Directories that are missing are
// made, mode 0755. A file that is there already and equal in text, mode and owner is left alone.
// Errors: invalid, the name; io, with the step that failed: the old file, if any, is then still whole, or, where the
// last fsync failed, the new one is.
base::Result<Done> put(const Place& place, std::string_view name, std::string_view text,
                       const Steps& steps = real_steps());
base::Result<Done> remove(const Place& place, std::string_view name, const Steps& steps = real_steps());
// The text of the file beneath the root. Errors: io, also where a link leads there.
base::Result<std::string> read_back(const Place& place, std::string_view name, const Steps& steps = real_steps());

}  // namespace callgate::install
