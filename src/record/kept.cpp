// SPDX-License-Identifier: Apache-2.0
#include "record/kept.h"

#include <algorithm>
#include <array>

#include "arch/otherwise.h"
#include "arch/prototype.h"
#include "bpf/recorder.h"

namespace callgate::record {

namespace {

// Sets whose values say nothing of the program: descriptors, modes of files, serial numbers.
constexpr std::array<std::string_view, 3> kNoise{"dirfd", "file_mode", "key_serial"};
// As phases::meaning_of.
constexpr std::array<std::string_view, 10> kWaits{"epoll_wait", "epoll_pwait",    "epoll_pwait2", "poll",
                                                  "ppoll",      "ppoll_time64",   "select",       "_newselect",
                                                  "pselect6",   "pselect6_time64"};

bool contains(std::span<const std::string_view> list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

std::uint32_t comes_to_serve(std::string_view name) {
  if (name == "listen") return RECORDER_LISTENS;
  if (name == "accept" || name == "accept4") return RECORDER_ACCEPTS;
  if (name == "socketcall") return RECORDER_SOCKETCALL;
  return contains(kWaits, name) ? RECORDER_WAITS : 0;
}

}  // namespace

std::uint32_t kept_arguments(arch::Arch arch, arch::SyscallNr nr) {
  const std::string_view name = arch::name_of(arch, nr);
  const auto id = arch::find_name(name);
  if (name.empty() || !id) return 0;
  std::uint32_t kept = comes_to_serve(name);
  const auto prototype = arch::prototype(*id);
  if (!prototype || arch::takes_arguments_otherwise(arch, *id)) return kept;
  for (std::size_t i = 0; i < prototype->size(); ++i) {
    const arch::ArgPrototype& argument = (*prototype)[i];
    if (argument.direction != arch::Direction::value || argument.set.empty() || contains(kNoise, argument.set))
      continue;
    const bool flags = arch::is_flag_set(argument.set);
    kept |= (RECORDER_KEEP_VALUES | (flags ? RECORDER_KEEP_MASKS : 0U)) << (2 * i);
    if (argument.width_bits <= 32) kept |= 1U << (RECORDER_NARROW_SHIFT + i);
  }
  return kept;
}

}  // namespace callgate::record
