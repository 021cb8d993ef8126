// All mentions of each call in a profile, in file order: one linked list a name over the flat array of mentions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "format/spec.h"

namespace callgate::format {

class NameChains {
 public:
  static constexpr std::uint32_t kEnd = 0xffffffff;

  explicit NameChains(const std::vector<SpecName>& names) : head_(arch::name_count(), kEnd), next_(names.size()) {
    for (std::size_t i = names.size(); i-- > 0;) {
      std::uint32_t& head = head_[static_cast<std::size_t>(names[i].id)];
      next_[i] = head;
      head = static_cast<std::uint32_t>(i);
    }
  }
  // Index into Spec::names, or kEnd.
  std::uint32_t first(arch::NameId id) const { return head_[static_cast<std::size_t>(id)]; }
  std::uint32_t next(std::uint32_t mention) const { return next_[mention]; }
  bool mentioned(arch::NameId id) const { return first(id) != kEnd; }

 private:
  std::vector<std::uint32_t> head_, next_;
};

}  // namespace callgate::format
