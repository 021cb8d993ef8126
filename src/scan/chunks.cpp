// SPDX-License-Identifier: Apache-2.0
#include "scan/chunks.h"

#include <algorithm>

namespace callgate::scan {

Chunks::Chunks(const Module& module) : module_(module) {
  cut(module);
  join_objects(module);
  by_place_.resize(module.file.relocations.size());
  for (std::uint32_t i = 0; i < by_place_.size(); ++i) by_place_[i] = i;
  std::stable_sort(by_place_.begin(), by_place_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return module.file.relocations[a].place < module.file.relocations[b].place;
  });
}

void Chunks::cut(const Module& module) {
  const elf::File& file = module.file;
  const auto add = [&](Address a) {
    if (!module.is_code(a) && file.segment_of(a) != nullptr) starts_.push_back(a);
  };
  for (const Ref& r : module.refs)
    if (r.kind == RefKind::address) add(r.to);
  for (const elf::Relocation& r : file.relocations)
    if (r.symbol == 0) add(static_cast<Address>(r.addend));
  for (const auto* table : {&file.dynamic_symbols, &file.symbols})
    for (const elf::Symbol& s : *table)
      if (s.defined && s.kind == elf::SymbolKind::object) {
        add(s.value);
        add(s.value + s.size);
      }
  for (const elf::Section& s : file.sections) add(s.memory.begin);
  for (const elf::Segment& s : file.segments) add(s.memory.begin);
  for (const Range& r : {file.dynamic.init_array, file.dynamic.fini_array, file.dynamic.preinit_array, file.tls}) {
    add(r.begin);
    add(r.end);
  }
  std::sort(starts_.begin(), starts_.end());
  starts_.erase(std::unique(starts_.begin(), starts_.end()), starts_.end());
}

void Chunks::join_objects(const Module& module) {
  std::vector<Range> objects;
  for (const auto* table : {&module.file.dynamic_symbols, &module.file.symbols})
    for (const elf::Symbol& s : *table)
      if (s.defined && s.kind == elf::SymbolKind::object && s.size != 0 && s.value + s.size > s.value)
        objects.push_back({s.value, s.value + s.size});
  std::sort(objects.begin(), objects.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
  std::vector<Address> kept;
  std::size_t next = 0;
  Range now;
  for (const Address a : starts_) {
    for (; next < objects.size() && objects[next].begin <= a; ++next)
      if (objects[next].end > now.end)
        now = {std::min(now.end > objects[next].begin ? now.begin : ~Address{0}, objects[next].begin),
               objects[next].end};
    if (!(now.contains(a) && a > now.begin)) kept.push_back(a);
  }
  starts_ = std::move(kept);
}

std::size_t Chunks::at(Address a) const {
  return static_cast<std::size_t>(std::upper_bound(starts_.begin(), starts_.end(), a) - starts_.begin());
}

std::span<const std::uint32_t> Chunks::relocations(std::size_t chunk) const {
  const auto& all = module_.file.relocations;
  const auto place_less = [&](std::uint32_t i, Address a) { return all[i].place < a; };
  const auto begin = chunk == 0 ? by_place_.begin()
                                : std::lower_bound(by_place_.begin(), by_place_.end(), starts_[chunk - 1], place_less);
  const auto end = chunk == starts_.size()
                       ? by_place_.end()
                       : std::lower_bound(by_place_.begin(), by_place_.end(), starts_[chunk], place_less);
  return std::span(by_place_).subspan(static_cast<std::size_t>(begin - by_place_.begin()),
                                      static_cast<std::size_t>(end - begin));
}

}  // namespace callgate::scan
