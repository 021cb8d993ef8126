// Contents taken out of an archive: one after another in a file without a name, which nobody else can open and which
// goes away with us. So nothing that an archive says decides what is written where.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/io.h"
#include "base/result.h"

namespace callgate::image {

struct Extent {
  std::uint64_t offset = 0, size = 0;
};

class Spool {
 public:
  // In `directory`, or in memory if that cannot hold such a file.
  static base::Result<Spool> create(const std::string& directory);

  std::uint64_t size() const { return size_; }
  base::Result<void> append(std::span<const std::uint8_t> bytes);
  base::Result<std::string> read(const Extent& extent) const;

 private:
  explicit Spool(base::UniqueFd fd) : fd_(std::move(fd)) {}
  base::UniqueFd fd_;
  std::uint64_t size_ = 0;
};

}  // namespace callgate::image
