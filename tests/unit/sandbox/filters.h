// Small filters for tests, written by hand.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "arch/calls.h"
#include "bpf/program.h"

namespace callgate::sandbox {

// Answers `value` to one call of this machine, ALLOW to all others.
inline bpf::Program deny(std::string_view call, std::uint32_t value) {
  const std::uint32_t nr = *arch::number(arch::native(), call);
  return {{bpf::op::kLdAbs, 0, 0, bpf::kOffsetNr},
          {bpf::op::kJeqK, 0, 1, nr},
          {bpf::op::kRetK, 0, 0, value},
          {bpf::op::kRetK, 0, 0, bpf::kRetAllow}};
}

// The same for one call of i386, told apart by the architecture's token.
inline bpf::Program deny_i386(std::uint32_t nr, std::uint32_t value) {
  return {{bpf::op::kLdAbs, 0, 0, bpf::kOffsetArch},
          {bpf::op::kJeqK, 0, 3, 0x40000003},
          {bpf::op::kLdAbs, 0, 0, bpf::kOffsetNr},
          {bpf::op::kJeqK, 0, 1, nr},
          {bpf::op::kRetK, 0, 0, value},
          {bpf::op::kRetK, 0, 0, bpf::kRetAllow}};
}

}  // namespace callgate::sandbox
