// What decoding may ask of the task that made a call. The task may be hostile: whatever is read is bounded, and no text
// comes out with a control character in it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace callgate::decode {

// Copies the task's memory at `address` and returns how many bytes there were up to the first that cannot be read.
using Memory = std::function<std::size_t(std::uint64_t address, std::span<std::byte> out)>;
// What a descriptor of the task stands for ("/etc/passwd", "socket:[4711]"); empty where that is not known.
using Files = std::function<std::string(int fd)>;

// Nothing if not all bytes are there.
std::optional<std::uint64_t> read_word(const Memory& memory, std::uint64_t address, std::size_t bytes);

// "/etc/passwd" in double quotes, with C's escapes; "…" behind it where it was cut.
std::string quote(std::string_view bytes, bool cut = false);
// The text that ends with a NUL byte, quoted, of at most `most` bytes; nothing where not one byte can be read.
std::optional<std::string> read_text(const Memory& memory, std::uint64_t address, std::size_t most);

}  // namespace callgate::decode
