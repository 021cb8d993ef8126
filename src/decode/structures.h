// Readers of what pointers point to. Each gives nothing where memory cannot be read or makes no sense; then the address
// is shown.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>

#include "decode/memory.h"

namespace callgate::decode {

struct Pointer {
  std::uint64_t address = 0;
  std::uint64_t next = 0;         // the argument after the pointer: where calls take a length or a count
  std::size_t pointer_bytes = 8;  // of the caller's architecture
};

// open's flags with the access mode in any case, which is no bit where it is O_RDONLY.
std::string open_flags(std::uint64_t value);

// "{AF_INET, 127.0.0.1:80}"; `next` is the address's length.
std::optional<std::string> socket_address(const Memory& memory, const Pointer& pointer);
// "{flags=CLONE_VM|CLONE_THREAD, exit_signal=0}"; `next` is the structure's size.
std::optional<std::string> clone_args(const Memory& memory, const Pointer& pointer);
std::optional<std::string> open_how(const Memory& memory, const Pointer& pointer);
std::optional<std::string> mount_attributes(const Memory& memory, const Pointer& pointer);
// A list of texts that a null pointer ends: ["ls", "-l"]; of the environment only the number, for it may hold secrets.
std::optional<std::string> text_list(const Memory& memory, const Pointer& pointer);
std::optional<std::string> environment(const Memory& memory, const Pointer& pointer);
// `next` bytes, of which the first few are shown.
std::optional<std::string> buffer(const Memory& memory, const Pointer& pointer);
// `next` buffers.
std::optional<std::string> buffers(const Memory& memory, const Pointer& pointer);
// A message's address and buffers.
std::optional<std::string> message(const Memory& memory, const Pointer& pointer);
std::optional<std::string> time_span(const Memory& memory, const Pointer& pointer);
std::optional<std::string> resource_limit(const Memory& memory, const Pointer& pointer);
// How many instructions a struct sock_fprog holds.
std::optional<std::string> filter_program(const Memory& memory, const Pointer& pointer);

}  // namespace callgate::decode
