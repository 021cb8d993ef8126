// What names the content of a file in the cache: a hash under a key that is the cache's secret. Who writes programs
// does not know the key, so he cannot make two with one name; and who does not know it cannot write an entry that is
// taken for ours.
//
// Blocks of 4 KiB are compressed by NH (two passes over 64-bit words with a shifted key, as in UMAC, RFC 4418: two
// different blocks meet with a probability of 2^-126 at most), what comes out by SHA-256 (FIPS 180-4).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace callgate::scan {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::string_view bytes);
std::string hexadecimal(const Digest& digest);

class Digester {
 public:
  explicit Digester(const Digest& secret);
  // `purpose` tells uses apart: the same bytes have another digest for another purpose.
  Digest of(std::string_view purpose, std::string_view bytes) const;

 private:
  static constexpr std::size_t kBlockWords = 512;
  Digest secret_;
  std::array<std::uint64_t, kBlockWords + 2> key_{};
};

}  // namespace callgate::scan
