// The filters that firejail makes of its lists (src/fseccomp, src/lib/syscall.c), as policies. A list is gone through
// several times: entries with an error of their own, and exceptions, make rules before all others; the first rule for a
// call decides. Every filter lets calls of other architectures through, and x86_64's refuses x32's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/diagnostic.h"
#include "convert/firejail_tables.h"
#include "convert/outline.h"
#include "policy/policy.h"

namespace callgate::convert {

struct FirejailFilter {
  policy::Policy policy;
  // What firejail itself still needs (@default-keep) is refused by a filter of its own, which a library loads into
  // programs that are linked dynamically, once they have been started. Never for i386.
  std::optional<policy::Policy> late;
  std::size_t length = 0;  // in instructions
};

class FirejailLists {
 public:
  // `machine` is what firejail was built for; `error` what it answers to calls that it refuses.
  FirejailLists(FirejailRelease release, arch::Arch machine, policy::Action error, const base::SourceFile& file,
                base::Diagnostics& diagnostics, Comments& comments)
      : release_(release),
        machine_(machine),
        error_(error),
        file_(file),
        diagnostics_(diagnostics),
        comments_(comments) {}

  // The list's calls refused, and those of `group` (empty: none) before them. The list is part of the file, or empty.
  FirejailFilter dropping(arch::Arch arch, std::string_view list, std::string_view group) const;
  // All but the list's calls and @default-keep refused, on the machine's own architecture: also by seccomp.32.keep.
  FirejailFilter keeping(std::string_view list) const;
  // firejail's short list for i386, ready made with EPERM or built with another error.
  FirejailFilter short_list(bool ready_made) const;
  // Other architectures refused, and personality(2) with anything but 0 and 0xffffffff.
  policy::Policy blocking(policy::Action error) const;

 private:
  FirejailRelease release_;
  arch::Arch machine_;
  policy::Action error_;
  const base::SourceFile& file_;
  base::Diagnostics& diagnostics_;
  Comments& comments_;
};

}  // namespace callgate::convert
