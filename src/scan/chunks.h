// The data of one module cut into objects, as far as that can be told: a cut wherever code forms an address, a pointer
// points, or a symbol begins or ends; none inside of an object whose size a symbol states. With it, a pointer in data
// counts only once its object is reached. A heuristic: code that walks an array past an element whose address is
// formed elsewhere leaves the object. So it is an assumption that must be named (data-chunks).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/module.h"

namespace callgate::scan {

class Chunks {
 public:
  explicit Chunks(const Module& module);
  // The object that holds `a`: its index, below count().
  std::size_t at(Address a) const;
  std::size_t count() const { return starts_.size() + 1; }
  // Indexes into File::relocations of those that stand in the object.
  std::span<const std::uint32_t> relocations(std::size_t chunk) const;

 private:
  void cut(const Module& module);
  void join_objects(const Module& module);

  const Module& module_;
  std::vector<Address> starts_;
  std::vector<std::uint32_t> by_place_;
};

}  // namespace callgate::scan
