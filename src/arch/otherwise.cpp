// SPDX-License-Identifier: Apache-2.0
#include "arch/otherwise.h"

#include <algorithm>
#include <array>

namespace callgate::arch {

namespace {

constexpr std::array<std::string_view, 6> kOnI386{"fadvise64", "fadvise64_64", "fanotify_mark",
                                                  "mmap",      "select",       "sync_file_range"};

}  // namespace

bool takes_arguments_otherwise(Arch arch, NameId id) {
  return arch == Arch::x86 && std::ranges::find(kOnI386, name(id)) != kOnI386.end();
}

}  // namespace callgate::arch
