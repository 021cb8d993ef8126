// Any bytes as a core file, and as the file that lay mapped in it: whatever is read is bounded, and a denial that comes
// of it can be printed.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "why/core.h"
#include "why/print.h"

namespace {

using namespace callgate;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const why::FileBytes bytes = [=](std::uint64_t offset, std::span<std::byte> out) -> std::size_t {
    if (offset >= size) return 0;
    const std::size_t count = std::min<std::uint64_t>(out.size(), size - offset);
    std::memcpy(out.data(), data + offset, count);
    return count;
  };
  const auto core = why::read_core(bytes);
  if (!core) return 0;
  const decode::Memory memory = why::core_memory(bytes, [&](const std::string&) { return bytes; });
  std::array<std::byte, 64> out{};
  for (const std::uint64_t address : core->thread.call.args) require(memory(address, out) <= out.size());
  auto denial = why::from_core(*core, memory);
  if (!denial) return 0;
  why::Journal journal;
  journal.add(std::move(*denial));
  why::Report report;
  why::explain_all(journal, {}, report);
  const std::string text = why::to_text(report);
  require(std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < ' ' && c != '\n'; }));
  return 0;
}
