// SPDX-License-Identifier: Apache-2.0
#include "sandbox/audit.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace callgate::sandbox {

namespace {

// The value of ` key=`; a quoted one without its quotes.
std::optional<std::string_view> field(std::string_view line, std::string_view key) {
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = line.substr(at + key.size());
  if (!rest.empty() && rest.front() == '"') {
    rest.remove_prefix(1);
    return rest.substr(0, rest.find('"'));
  }
  return rest.substr(0, rest.find_first_of(" \n"));
}

template <class T>
bool number(std::string_view line, std::string_view key, int base, T& out) {
  const auto text = field(line, key);
  if (!text) return false;
  return std::from_chars(text->data(), text->data() + text->size(), out, base).ec == std::errc();
}

// audit_log_untrustedstring: a name with a blank, quote or control character is written as hexadecimal digits,
// unquoted.
std::string decode_name(std::string_view line, std::string_view key) {
  const std::string_view text = field(line, key).value_or("");
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos || line.substr(at + key.size()).starts_with('"')) return std::string(text);
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    unsigned byte = 0;
    const char* const end = text.data() + i + 2;
    if (std::from_chars(text.data() + i, end, byte, 16).ptr != end) return std::string(text);
    out += static_cast<char>(byte);
  }
  return out;
}

}  // namespace

std::optional<AuditRecord> parse_audit_record(std::string_view line) {
  if (line.find("audit: type=1326 ") == std::string_view::npos &&
      line.find("type=SECCOMP msg=audit(") == std::string_view::npos)
    return std::nullopt;
  // Names come last among the fields we read and are quoted or hexadecimal, so they cannot forge one before them; what
  // stands after the executable's name is searched for from the last quote on.
  AuditRecord record;
  long nr = 0;
  const std::size_t comm = line.find(" comm=");
  if (comm == std::string_view::npos || !number(line.substr(0, comm), " pid=", 10, record.pid)) return std::nullopt;
  const std::size_t tail = line.rfind(" sig=");
  if (tail == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(tail);
  if (!number(rest, " sig=", 10, record.signal) || !number(rest, " arch=", 16, record.audit) ||
      !number(rest, " syscall=", 10, nr) || !number(rest, " code=0x", 16, record.value))
    return std::nullopt;
  record.nr = static_cast<policy::SyscallNr>(nr);
  record.comm = decode_name(line.substr(comm), " comm=");
  record.executable = decode_name(line.substr(comm, tail - comm), " exe=");
  number(rest, " ip=0x", 16, record.address);
  const std::string_view head = line.substr(0, comm);
  const auto id = [&](std::string_view key) {
    std::uint32_t value = 0;
    return number(head, key, 10, value) ? std::optional(value) : std::nullopt;
  };
  record.login = id(" auid=");
  record.session = id(" ses=");
  if (const std::size_t stamp = head.find("audit("); stamp != std::string_view::npos)
    record.stamp = head.substr(stamp + 6, head.find(')', stamp) - stamp - 6);
  return record;
}

std::optional<KernelLog> KernelLog::open(const char* path) {
  base::UniqueFd fd(::open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd || lseek(fd.get(), 0, SEEK_END) < 0) return std::nullopt;
  return KernelLog(std::move(fd));
}

std::optional<KernelLog> KernelLog::open_from_start(const char* path) {
  base::UniqueFd fd(::open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return std::nullopt;
  return KernelLog(std::move(fd));
}

std::optional<std::string> KernelLog::next_line() const {
  std::array<char, 8192> buffer{};
  for (;;) {
    const ssize_t got = read(fd_.get(), buffer.data(), buffer.size());
    if (got > 0) return std::string(buffer.data(), static_cast<std::size_t>(got));
    if (got == 0 || (errno != EINTR && errno != EPIPE)) return std::nullopt;
  }
}

std::optional<AuditStream> AuditStream::open() {
  base::UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1U);
  if (!fd || bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) return std::nullopt;
  return AuditStream(std::move(fd));
}

std::optional<std::string> AuditStream::next_line() const {
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t got = recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EINTR || errno == ENOBUFS)) continue;  // ENOBUFS: some were lost; go on
    if (got < static_cast<ssize_t>(sizeof(nlmsghdr))) return std::nullopt;
    nlmsghdr header{};
    std::memcpy(&header, buffer.data(), sizeof header);
    // Audit's messages count their payload alone in nlmsg_len (kernel/audit.c, kauditd_send_multicast_skb).
    if (header.nlmsg_type != AUDIT_SECCOMP) continue;
    const auto size = static_cast<std::size_t>(got) - sizeof header;
    return "type=SECCOMP msg=" + std::string(buffer.data() + sizeof header, size);
  }
}

std::optional<AuditRecord> KernelLog::find_kill(pid_t pid, int patience_ms) const {
  std::array<char, 8192> buffer{};  // CONSOLE_EXT_LOG_MAX: the longest record
  for (;;) {
    const ssize_t got = read(fd_.get(), buffer.data(), buffer.size());
    if (got > 0) {
      auto record = parse_audit_record({buffer.data(), static_cast<std::size_t>(got)});
      if (record && record->pid == pid && record->signal == SIGSYS) return record;
      continue;
    }
    if (got < 0 && (errno == EINTR || errno == EPIPE)) continue;  // EPIPE: records were overwritten; go on
    if (got == 0 || errno != EAGAIN) return std::nullopt;
    pollfd wait{fd_.get(), POLLIN, 0};
    if (poll(&wait, 1, patience_ms) <= 0) return std::nullopt;
    patience_ms /= 2;  // others write to the log, too: this ends
  }
}

}  // namespace callgate::sandbox
