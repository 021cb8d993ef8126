// The hash behind find_name: 64 bits from a name's first, middle and last eight bytes and its length. It costs three
// loads and a few multiplications whatever the name's length; that it tells all names apart is proved when they are
// compiled. scripts/gen_tables.py computes the same function and searches the displacements that make it perfect.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace callgate::arch {

// Little endian on every host, so that one set of tables serves all. g++ 12 at -O2 leaves the loop a loop, hence the
// plain load where the host has that order already.
template <typename Word>
constexpr std::uint64_t load_word(std::string_view text, std::size_t at) {
  if (!std::is_constant_evaluated() && std::endian::native == std::endian::little) {
    Word word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    return word;
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Word); ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(text[at + i])} << (8 * i);
  }
  return value;
}

constexpr std::uint64_t name_hash(std::string_view name) {
  std::uint64_t first = 0;
  std::uint64_t middle = 0;
  std::uint64_t last = 0;
  const std::size_t size = name.size();
  if (size >= 8) {
    first = load_word<std::uint64_t>(name, 0);
    middle = load_word<std::uint64_t>(name, (size - 8) / 2);
    last = load_word<std::uint64_t>(name, size - 8);
  } else if (size >= 4) {
    first = load_word<std::uint32_t>(name, 0);
    last = load_word<std::uint32_t>(name, size - 4);
  } else {
    for (std::size_t i = 0; i < size; ++i) {
      first |= load_word<std::uint8_t>(name, i) << (8 * i);
    }
  }
  std::uint64_t mixed = first * 0x9e3779b97f4a7c15U + middle * 0xd6e8feb86659fd93U + last * 0xc2b2ae3d27d4eb4fU +
                        size * 0x165667b19e3779f9U;
  mixed ^= mixed >> 29;
  mixed *= 0xbf58476d1ce4e5b9U;
  return mixed ^ (mixed >> 32);
}

constexpr std::size_t name_slot(std::uint64_t hash, std::uint16_t displacement, unsigned slot_bits) {
  const std::uint32_t mixed = (static_cast<std::uint32_t>(hash) ^ displacement) * 0x85ebca6bU;
  return mixed >> (32 - slot_bits);
}

}  // namespace callgate::arch
