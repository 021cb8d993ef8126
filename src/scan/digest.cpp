// SPDX-License-Identifier: Apache-2.0
#include "scan/digest.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace callgate::scan {

namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::array<std::uint32_t, 64> kRounds{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

using State = std::array<std::uint32_t, 8>;
constexpr std::size_t kShaBlock = 64;

void compress(State& state, const std::uint8_t* block) {
  std::array<std::uint32_t, 64> w{};
  for (std::size_t i = 0; i < 16; ++i)
    for (std::size_t k = 0; k < 4; ++k) w[i] = w[i] << 8U | block[i * 4 + k];
  for (std::size_t i = 16; i < 64; ++i) {
    const std::uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ a >> 3U) +
           (std::rotr(b, 17) ^ std::rotr(b, 19) ^ b >> 10U);
  }
  State s = state;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::uint32_t t1 = s[7] + (std::rotr(s[4], 6) ^ std::rotr(s[4], 11) ^ std::rotr(s[4], 25)) +
                             ((s[4] & s[5]) ^ (~s[4] & s[6])) + kRounds[i] + w[i];
    const std::uint32_t t2 = (std::rotr(s[0], 2) ^ std::rotr(s[0], 13) ^ std::rotr(s[0], 22)) +
                             ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    s = {t1 + t2, s[0], s[1], s[2], s[3] + t1, s[4], s[5], s[6]};
  }
  for (std::size_t i = 0; i < 8; ++i) state[i] += s[i];
}

template <class T>
void append(std::string& out, T value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof value);
  std::memcpy(out.data() + at, &value, sizeof value);
}

}  // namespace

Digest sha256(std::string_view bytes) {
  State state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  std::size_t at = 0;
  for (; bytes.size() - at >= kShaBlock; at += kShaBlock) compress(state, data + at);
  std::array<std::uint8_t, 2 * kShaBlock> last{};
  const std::size_t rest = bytes.size() - at, end = rest < kShaBlock - 8 ? kShaBlock : 2 * kShaBlock;
  if (rest != 0) std::memcpy(last.data(), data + at, rest);
  last[rest] = 0x80;
  for (std::size_t i = 0; i < 8; ++i)
    last[end - 1 - i] = static_cast<std::uint8_t>(std::uint64_t{bytes.size()} * 8 >> i * 8);
  for (std::size_t i = 0; i < end; i += kShaBlock) compress(state, last.data() + i);
  Digest out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - i % 4 * 8));
  return out;
}

std::string hexadecimal(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : digest) {
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

Digester::Digester(const Digest& secret) : secret_(secret) {
  std::string seed(reinterpret_cast<const char*>(secret.data()), secret.size());
  seed += '\0';
  for (std::size_t i = 0; i < key_.size(); i += 4) {
    ++seed.back();
    const Digest part = sha256(seed);
    std::memcpy(&key_[i], part.data(), std::min<std::size_t>(part.size(), (key_.size() - i) * 8));
  }
}

Digest Digester::of(std::string_view purpose, std::string_view bytes) const {
  std::string tags(reinterpret_cast<const char*>(secret_.data()), secret_.size());
  append(tags, std::uint64_t{purpose.size()});
  append(tags, std::uint64_t{bytes.size()});
  tags += purpose;
  tags.reserve(tags.size() + (bytes.size() / (kBlockWords * 8) + 1) * 32);
  for (std::size_t at = 0; at < bytes.size(); at += kBlockWords * 8) {
    std::array<std::uint64_t, kBlockWords> m;
    const std::size_t here = std::min(bytes.size() - at, sizeof m);
    if (here < sizeof m) m.fill(0);
    std::memcpy(m.data(), bytes.data() + at, here);
    Wide first = 0, second = 0;
    for (std::size_t i = 0; i < kBlockWords; i += 2) {
      first += Wide{m[i] + key_[i]} * (m[i + 1] + key_[i + 1]);
      second += Wide{m[i] + key_[i + 2]} * (m[i + 1] + key_[i + 3]);
    }
    for (const Wide each : {first, second}) {
      append(tags, static_cast<std::uint64_t>(each));
      append(tags, static_cast<std::uint64_t>(each >> 64U));
    }
  }
  return sha256(tags);
}

}  // namespace callgate::scan
