// SPDX-License-Identifier: Apache-2.0
#include "decode/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "decode/structures.h"
#include "syntax/words.h"

namespace callgate::decode {

namespace {

constexpr std::size_t kMostPathBytes = 512;

using Reader = std::optional<std::string> (*)(const Memory& memory, const Pointer& pointer);

std::optional<std::string> path(const Memory& memory, const Pointer& pointer) {
  return read_text(memory, pointer.address, kMostPathBytes);
}

struct ReaderRow {
  std::string_view type, name;  // of the argument; an empty name: any
  Reader reader;
};
// The first that fits is taken, so the names come before the types that hold for all others.
constexpr ReaderRow kReaders[]{
    {"const char *const *", "argv", text_list},
    {"const char *const *", "envp", environment},
    {"const char *", "buf", buffer},
    {"const char *", "u_msg_ptr", buffer},
    {"const char *", "", path},
    {"void *", "buff", buffer},
    {"void *", "uargs", filter_program},
    {"char *", "optval", nullptr},
    {"char *", "", path},
    {"struct sockaddr *", "", socket_address},
    {"struct clone_args *", "", clone_args},
    {"struct open_how *", "", open_how},
    {"struct mount_attr *", "", mount_attributes},
    {"const struct iovec *", "", buffers},
    {"struct user_msghdr *", "", message},
    {"const struct __kernel_timespec *", "", time_span},
    {"struct __kernel_timespec *", "", time_span},
    {"const struct rlimit64 *", "", resource_limit},
    {"struct rlimit *", "", resource_limit},
};

Reader reader_of(const arch::ArgPrototype& prototype) {
  if (prototype.direction == arch::Direction::out) return nullptr;
  for (const ReaderRow& row : kReaders)
    if (row.type == prototype.type && (row.name.empty() || row.name == prototype.name)) return row.reader;
  return nullptr;
}

bool is_descriptor(std::string_view name) {
  constexpr std::array<std::string_view, 14> kNames{"fd",    "dfd",   "epfd",  "ufd",    "pidfd",  "newdfd", "olddfd",
                                                    "oldfd", "newfd", "fd_in", "fd_out", "fildes", "out_fd", "in_fd"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

std::int64_t as_signed(std::uint64_t value, std::uint8_t width) {
  return width <= 32 ? static_cast<std::int32_t>(value) : static_cast<std::int64_t>(value);
}

std::string number(const arch::ArgPrototype& prototype, std::uint64_t value, const Files& files) {
  const std::uint64_t seen =
      prototype.width_bits < 64 ? value & ((std::uint64_t{1} << prototype.width_bits) - 1) : value;
  if (prototype.set == "file_mode") return seen == 0 ? "0" : fmt::format("{:#o}", seen);
  const bool descriptor = is_descriptor(prototype.name);
  const std::int64_t as_number = as_signed(value, prototype.width_bits);
  if (descriptor && as_number >= 0 && as_number <= 0x7fffffff) {
    const std::string file = files ? files(static_cast<int>(as_number)) : std::string();
    return file.empty() ? fmt::format("{}", as_number) : fmt::format("{}<{}>", as_number, file);
  }
  if (prototype.set == "open_flags") return open_flags(seen);
  if (!prototype.set.empty()) return syntax::describe_argument(&prototype, seen);
  if (descriptor || (prototype.is_signed && as_number > -4096 && as_number < 0)) return fmt::format("{}", as_number);
  constexpr std::uint64_t kMostDecimal = 1U << 24U;
  return seen < kMostDecimal ? fmt::format("{}", seen) : fmt::format("{:#x}", seen);
}

struct Caller {
  const policy::Call& call;
  const Memory& memory;
  const Files& files;
  std::size_t pointer_bytes;
};

std::string pointer_text(const Caller& caller, const arch::ArgPrototype& prototype, std::size_t place) {
  const std::uint64_t address = caller.call.args[place];
  if (address == 0) return "NULL";
  const std::uint64_t next = place + 1 < caller.call.args.size() ? caller.call.args[place + 1] : 0;
  if (const Reader reader = reader_of(prototype))
    if (const auto text = reader(caller.memory, {address, next, caller.pointer_bytes})) return *text;
  return fmt::format("{:#x}", address);
}

// socketcall(SYS_CONNECT, address of its arguments): the call it stands for, if its arguments can be read.
std::optional<policy::Call> demultiplexed(const policy::Call& call, const Memory& memory, std::size_t pointer_bytes) {
  const auto which = arch::of_call(call.audit, call.nr);
  if (!which || arch::name_of_call(call.audit, call.nr) != "socketcall") return std::nullopt;
  for (const arch::CallEntry& each : arch::table(*which)) {
    const auto through = arch::multiplexed(*which, each.name);
    if (!through || arch::name(through->multiplexer) != "socketcall" ||
        (call.args[0] & through->mask) != through->selector)
      continue;
    const auto id = arch::prototype(each.name);
    policy::Call inner{call.audit, each.nr, {}};
    for (std::size_t i = 0; id && i < id->size(); ++i) {
      const auto word = read_word(memory, call.args[1] + i * pointer_bytes, pointer_bytes);
      if (!word) return std::nullopt;
      inner.args[i] = *word;
    }
    return inner;
  }
  return std::nullopt;
}

}  // namespace

std::string Decoded::text() const {
  std::string out = call + "(";
  bool first = true;
  for (const Argument& each : arguments) {
    if (!first) out += ", ";
    first = false;
    out += each.name.starts_with("argument") ? each.text : fmt::format("{}={}", each.name, each.text);
  }
  return out + ")";
}

Decoded decode(const policy::Call& call, std::uint8_t known, const Memory& memory, const Files& files) {
  const auto which = arch::of_call(call.audit, call.nr);
  const bool wide = arch::is_64bit(call.audit) && which != arch::Arch::x32;
  const Caller caller{call, memory, files, wide ? std::size_t{8} : std::size_t{4}};
  const std::string_view name = arch::name_of_call(call.audit, call.nr);
  Decoded out{name.empty() ? fmt::format("call {:#x}", call.nr) : std::string(name), {}};
  const auto id = arch::find_name(name);
  const auto prototype = id ? arch::prototype(*id) : std::nullopt;
  const std::size_t count = prototype ? prototype->size() : call.args.size();
  for (std::size_t i = 0; i < count && i < call.args.size(); ++i) {
    const arch::ArgPrototype* const row = prototype ? &(*prototype)[i] : nullptr;
    Argument argument{row ? std::string(row->name) : fmt::format("argument {}", i),
                      call.args[i],
                      (known >> i & 1U) != 0,
                      row && row->direction != arch::Direction::value,
                      {}};
    if (!argument.known)
      argument.text = "?";
    else if (row == nullptr)
      argument.text = fmt::format("{:#x}", call.args[i]);
    else
      argument.text = argument.pointer ? pointer_text(caller, *row, i) : number(*row, call.args[i], files);
    out.arguments.push_back(std::move(argument));
  }
  // What a multiplexer was asked for is what matters of it.
  if (const auto inner = known == kAllKnown ? demultiplexed(call, memory, caller.pointer_bytes) : std::nullopt) {
    Decoded of_inner = decode(*inner, kAllKnown, memory, files);
    of_inner.call = out.call + " → " + of_inner.call;
    return of_inner;
  }
  return out;
}

}  // namespace callgate::decode
