// SPDX-License-Identifier: Apache-2.0
#include "scan/arguments.h"

#include <algorithm>

#include "arch/calls.h"

namespace callgate::scan {

namespace {

struct Row {
  std::string_view call;
  std::uint8_t index;
};
// Each of these arguments is an int, or flags of which the kernel takes 32 bits.
constexpr std::array<Row, 18> kAsked{{
    {"mmap", 2},
    {"mmap", 3},  // prot, flags
    {"mprotect", 2},
    {"ioctl", 1},
    {"madvise", 2},
    {"socket", 0},
    {"socket", 1},
    {"socket", 2},
    {"socketpair", 0},
    {"socketpair", 1},
    {"setsockopt", 1},
    {"setsockopt", 2},
    {"clone", 0},
    {"fcntl", 1},
    {"personality", 0},
    {"prctl", 0},
    {"arch_prctl", 0},
    {"futex", 1},
}};
constexpr std::size_t kMaxValues = 256;

}  // namespace

void Arguments::site(Node n, Address at, std::uint32_t nr) {
  const std::string_view name = arch::name_of(machine_.arch, nr);
  for (const Row& row : kAsked) {
    if (row.call != name) continue;
    Known& known = known_[{nr, row.index}];
    if (!known.all) continue;
    const Findings all = numbers_.find(n, at, machine_.call_arguments[row.index]);
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
