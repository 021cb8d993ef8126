// Layouts are those of Linux's UAPI headers on little-endian machines: linux/sched.h, linux/openat2.h, linux/mount.h,
// linux/filter.h, asm-generic/socket.h. SPDX-License-Identifier: Apache-2.0
#include "decode/structures.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "arch/prototype.h"

namespace callgate::decode {

namespace {

constexpr std::size_t kMostShownBytes = 32, kMostListed = 16, kMostTextBytes = 64;

// The 64-bit words of a structure of `size` bytes, at least `least` of them; what is not there counts as 0.
template <std::size_t Count>
std::optional<std::array<std::uint64_t, Count>> words(const Memory& memory, std::uint64_t address, std::uint64_t size,
                                                      std::size_t least) {
  if (!memory || size < least * 8) return std::nullopt;
  std::array<std::uint64_t, Count> out{};
  const std::size_t count = std::min<std::uint64_t>(Count, size / 8);
  for (std::size_t i = 0; i < count; ++i) {
    const auto word = read_word(memory, address + 8 * i, 8);
    if (!word) return std::nullopt;
    out[i] = *word;
  }
  return out;
}

std::string number(std::uint64_t value) {
  return value < 4096 ? fmt::format("{}", value) : fmt::format("{:#x}", value);
}

std::string in_braces(const std::vector<std::string>& parts) {
  return fmt::format("{{{}}}", fmt::join(parts, ", "));
}

std::string port(std::string_view raw) {
  return std::to_string(static_cast<unsigned char>(raw[2]) << 8U | static_cast<unsigned char>(raw[3]));
}

std::string unix_address(std::string_view raw) {
  const std::string_view path = raw.substr(2);
  if (path.empty()) return "{AF_UNIX, unnamed}";
  if (path.front() == '\0') return fmt::format("{{AF_UNIX, @{}}}", quote(path.substr(1)));
  return fmt::format("{{AF_UNIX, {}}}", quote(path.substr(0, path.find('\0'))));
}

std::string address_text(std::string_view raw) {
  const auto word = [&](std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = value << 8U | static_cast<unsigned char>(raw[at + i]);
    return value;
  };
  const unsigned family =
      static_cast<unsigned>(static_cast<unsigned char>(raw[0]) | static_cast<unsigned char>(raw[1]) << 8U);
  const std::string name = arch::describe_value("address_family", family);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family == AF_INET && raw.size() >= 8) {
    inet_ntop(AF_INET, raw.data() + 4, text.data(), text.size());
    return fmt::format("{{{}, {}:{}}}", name, text.data(), port(raw));
  }
  if (family == AF_INET6 && raw.size() >= 24) {
    inet_ntop(AF_INET6, raw.data() + 8, text.data(), text.size());
    return fmt::format("{{{}, [{}]:{}}}", name, text.data(), port(raw));
  }
  if (family == AF_UNIX) return unix_address(raw);
  if (family == AF_NETLINK && raw.size() >= 12)
    return fmt::format("{{{}, port {}, groups {:#x}}}", name, word(4), word(8));
  return fmt::format("{{{}, {} bytes}}", name, raw.size());
}

}  // namespace

std::string open_flags(std::uint64_t value) {
  constexpr std::uint64_t kAccessMode = 3;
  const std::string text = arch::describe_value("open_flags", value);
  return (value & kAccessMode) == 0 && value != 0 ? "O_RDONLY|" + text : text;
}

std::optional<std::string> socket_address(const Memory& memory, const Pointer& pointer) {
  constexpr std::size_t kMost = 128;  // struct sockaddr_storage
  std::array<std::byte, kMost> raw{};
  const std::size_t size = std::min<std::uint64_t>(pointer.next & 0xffffffffU, kMost);
  if (!memory || size < 2 || memory(pointer.address, std::span(raw).first(size)) < size) return std::nullopt;
  return address_text({reinterpret_cast<const char*>(raw.data()), size});
}

std::optional<std::string> clone_args(const Memory& memory, const Pointer& pointer) {
  const auto got = words<11>(memory, pointer.address, pointer.next, 8);
  if (!got) return std::nullopt;
  const auto& [flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size,
               cgroup] = *got;
  const std::string_view signal = exit_signal < 65 ? arch::signal_name(static_cast<int>(exit_signal)) : "";
  std::vector<std::string> parts{
      fmt::format("flags={}", arch::describe_value("clone_flags", flags)),
      fmt::format("exit_signal={}", signal.empty() ? number(exit_signal) : std::string(signal))};
  if (stack != 0) parts.push_back(fmt::format("stack={:#x}, stack_size={:#x}", stack, stack_size));
  if (set_tid_size != 0) parts.push_back(fmt::format("set_tid_size={}", number(set_tid_size)));
  if (cgroup != 0) parts.push_back(fmt::format("cgroup={}", number(cgroup)));
  return in_braces(parts);
}

std::optional<std::string> open_how(const Memory& memory, const Pointer& pointer) {
  const auto got = words<3>(memory, pointer.address, pointer.next, 3);
  if (!got) return std::nullopt;
  const auto& [flags, mode, resolve] = *got;
  std::vector<std::string> parts{"flags=" + open_flags(flags)};
  if (mode != 0) parts.push_back(fmt::format("mode={:#o}", mode));
  if (resolve != 0) {
    constexpr std::array<std::string_view, 6> kNames{"RESOLVE_NO_XDEV", "RESOLVE_NO_MAGICLINKS", "RESOLVE_NO_SYMLINKS",
                                                     "RESOLVE_BENEATH", "RESOLVE_IN_ROOT",       "RESOLVE_CACHED"};
    std::vector<std::string> names;
    for (std::size_t bit = 0; bit < kNames.size(); ++bit)
      if ((resolve >> bit & 1U) != 0) names.emplace_back(kNames[bit]);
    if (const std::uint64_t rest = resolve >> kNames.size() << kNames.size(); rest != 0)
      names.push_back(fmt::format("{:#x}", rest));
    parts.push_back(fmt::format("resolve={}", fmt::join(names, "|")));
  }
  return in_braces(parts);
}

std::optional<std::string> mount_attributes(const Memory& memory, const Pointer& pointer) {
  const auto got = words<4>(memory, pointer.address, pointer.next, 4);
  if (!got) return std::nullopt;
  const auto& [set, clear, propagation, userns_fd] = *got;
  return in_braces({fmt::format("attr_set={}", arch::describe_value("mount_attributes", set)),
                    fmt::format("attr_clr={}", arch::describe_value("mount_attributes", clear)),
                    fmt::format("propagation={}", number(propagation))});
}

std::optional<std::string> text_list(const Memory& memory, const Pointer& pointer) {
  std::string out = "[";
  for (std::size_t i = 0; i <= kMostListed; ++i) {
    const auto element = read_word(memory, pointer.address + i * pointer.pointer_bytes, pointer.pointer_bytes);
    if (!element) return i == 0 ? std::nullopt : std::optional(out + ", …]");
    if (*element == 0) return out + "]";
    if (i == kMostListed) break;
    if (i != 0) out += ", ";
    out += read_text(memory, *element, kMostTextBytes).value_or(fmt::format("{:#x}", *element));
  }
  return out + ", …]";
}

std::optional<std::string> environment(const Memory& memory, const Pointer& pointer) {
  constexpr std::size_t kMost = 4096;
  for (std::size_t i = 0; i < kMost; ++i) {
    const auto element = read_word(memory, pointer.address + i * pointer.pointer_bytes, pointer.pointer_bytes);
    if (!element) return std::nullopt;
    if (*element == 0) return fmt::format("[{} {}]", i, i == 1 ? "variable" : "variables");
  }
  return std::nullopt;
}

std::optional<std::string> buffer(const Memory& memory, const Pointer& pointer) {
  std::array<std::byte, kMostShownBytes> raw{};
  const std::size_t wanted = std::min<std::uint64_t>(pointer.next, raw.size());
  if (!memory) return std::nullopt;
  const std::size_t got = std::min(memory(pointer.address, std::span(raw).first(wanted)), wanted);
  if (got == 0 && wanted != 0) return std::nullopt;
  return quote({reinterpret_cast<const char*>(raw.data()), got}, got < pointer.next);
}

std::optional<std::string> buffers(const Memory& memory, const Pointer& pointer) {
  constexpr std::uint64_t kMost = 4;
  std::string out = "[";
  for (std::uint64_t i = 0; i < pointer.next; ++i) {
    if (i == kMost) return out + ", …]";
    const std::uint64_t at = pointer.address + 2 * i * pointer.pointer_bytes;
    const auto base = read_word(memory, at, pointer.pointer_bytes);
    const auto size = read_word(memory, at + pointer.pointer_bytes, pointer.pointer_bytes);
    if (!base || !size) return std::nullopt;
    if (i != 0) out += ", ";
    out += buffer(memory, {*base, *size, pointer.pointer_bytes}).value_or(fmt::format("{:#x}", *base));
  }
  return out + "]";
}

std::optional<std::string> message(const Memory& memory, const Pointer& pointer) {
  // struct msghdr: name, namelen (padded to a pointer), iov, iovlen.
  std::array<std::uint64_t, 4> got{};
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto word = read_word(memory, pointer.address + i * pointer.pointer_bytes, pointer.pointer_bytes);
    if (!word) return std::nullopt;
    got[i] = *word;
  }
  const auto& [name, name_size, list, count] = got;
  std::vector<std::string> parts;
  if (name != 0)
    if (const auto address = socket_address(memory, {name, name_size & 0xffffffffU, pointer.pointer_bytes}))
      parts.push_back("name=" + *address);
  if (const auto data = buffers(memory, {list, count, pointer.pointer_bytes})) parts.push_back("iov=" + *data);
  if (parts.empty()) return std::nullopt;
  return in_braces(parts);
}

std::optional<std::string> time_span(const Memory& memory, const Pointer& pointer) {
  if (pointer.pointer_bytes != 8) return std::nullopt;  // old and new calls of 32-bit machines differ in it
  const auto got = words<2>(memory, pointer.address, 16, 2);
  if (!got) return std::nullopt;
  return fmt::format("{{{} s, {} ns}}", static_cast<std::int64_t>((*got)[0]), static_cast<std::int64_t>((*got)[1]));
}

std::optional<std::string> resource_limit(const Memory& memory, const Pointer& pointer) {
  const auto got = words<2>(memory, pointer.address, 16, 2);
  if (!got) return std::nullopt;
  const auto text = [](std::uint64_t value) {
    return value == ~std::uint64_t{0} ? std::string("unlimited") : fmt::format("{}", value);
  };
  return fmt::format("{{{}, {}}}", text((*got)[0]), text((*got)[1]));
}

std::optional<std::string> filter_program(const Memory& memory, const Pointer& pointer) {
  const auto count = read_word(memory, pointer.address, 2);
  if (!count) return std::nullopt;
  return fmt::format("{{{} instructions}}", *count);
}

}  // namespace callgate::decode
