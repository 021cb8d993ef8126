// Numbers and texts packed into bytes, for the cache. Reading never goes beyond the bytes: what is not there reads as
// zero, and ok() is false from then on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace callgate::scan {

class Packer {
 public:
  // 7 bits a byte, the lowest first; the highest bit says that more follow (LEB128).
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) out_ += static_cast<char>(value | 0x80U);
    out_ += static_cast<char>(value);
  }
  // Small ones of either sign are short.
  void difference(std::uint64_t to, std::uint64_t from) {
    const auto d = static_cast<std::int64_t>(to - from);
    number(static_cast<std::uint64_t>(d) << 1U ^ static_cast<std::uint64_t>(d >> 63U));
  }
  void text(std::string_view text) {
    number(text.size());
    out_ += text;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }

  std::uint64_t number() {
    std::uint64_t out = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      out |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80) return out;
    }
    return fail();
  }
  // How many elements of `least` bytes or more follow: a count for which there are too few bytes is none.
  std::size_t count(std::size_t least = 1) {
    const std::uint64_t out = number();
    return out <= rest_.size() / least ? static_cast<std::size_t>(out) : static_cast<std::size_t>(fail());
  }
  // Below `limit`.
  std::uint64_t below(std::uint64_t limit) {
    const std::uint64_t out = number();
    return out < limit ? out : fail();
  }
  std::uint64_t difference(std::uint64_t from) {
    const std::uint64_t z = number();
    return from + (z >> 1U ^ (0 - (z & 1U)));
  }
  std::string text() {
    const std::size_t size = count();
    const std::string out(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return out;
  }

 private:
  std::uint64_t fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace callgate::scan
