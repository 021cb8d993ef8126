// SPDX-License-Identifier: Apache-2.0
#include "scan/arguments.h"

#include <algorithm>

namespace callgate::scan {

namespace {

struct Row {
  std::uint32_t nr;
  std::uint8_t index;
};
// x86-64 numbers. Each of these arguments is an int, or flags of which the kernel takes 32 bits.
constexpr std::array<Row, 18> kAsked{{
    {9, 2},
    {9, 3},   // mmap: prot, flags
    {10, 2},  // mprotect: prot
    {16, 1},  // ioctl: request
    {28, 2},  // madvise: advice
    {41, 0},
    {41, 1},
    {41, 2},  // socket: domain, type, protocol
    {53, 0},
    {53, 1},  // socketpair: domain, type
    {54, 1},
    {54, 2},   // setsockopt: level, name
    {56, 0},   // clone: flags
    {72, 1},   // fcntl: command
    {135, 0},  // personality
    {157, 0},  // prctl: option
    {158, 0},  // arch_prctl: code
    {202, 1},  // futex: operation
}};
constexpr std::array<std::uint8_t, 6> kRegisters{kRdi, kRsi, kRdx, 10, 8, 9};
constexpr std::size_t kMaxValues = 256;

}  // namespace

void Arguments::site(Node n, Address at, std::uint32_t nr) {
  for (const Row& row : kAsked) {
    if (row.nr != nr) continue;
    Known& known = known_[{nr, row.index}];
    if (!known.all) continue;
    const Findings all = numbers_.find(n, at, kRegisters[row.index]);
    if (!all.unknown.empty() || all.assumed || all.settled.empty()) known.all = false;
    for (const Settled& s : all.settled) {
      if (s.value.kind != Value::Kind::constant || s.assumed) known.all = false;
      known.values.insert(static_cast<std::uint32_t>(s.value.place));
    }
    if (known.values.size() > kMaxValues) known.all = false;
  }
}

std::vector<Argument> Arguments::of(std::uint32_t nr) const {
  std::vector<Argument> out;
  for (const auto& [key, known] : known_)
    if (key.first == nr && known.all) out.push_back({key.second, {known.values.begin(), known.values.end()}});
  return out;
}

}  // namespace callgate::scan
