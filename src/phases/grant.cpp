// SPDX-License-Identifier: Apache-2.0
#include "phases/grant.h"

#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/random.h>

#include <cerrno>
#include <initializer_list>
#include <vector>

#include "arch/calls.h"
#include "base/io.h"
#include "policy/builder.h"

namespace callgate::phases {

namespace {

using tracee::host::Arguments;

// Where the number stands: in one register from `first` on, or in two halves.
void put_secret(Arguments& arguments, std::size_t first, std::uint32_t audit, std::uint64_t secret) {
  if (arch::is_64bit(audit)) {
    arguments[first] = secret;
  } else {
    arguments[first] = secret & 0xffffffffU;
    arguments[first + 1] = secret >> 32;
  }
}

// All arguments named must be as they are in `arguments`.
policy::Decision exactly(const Arguments& arguments, std::initializer_list<std::uint8_t> checked, std::uint8_t secret,
                         std::uint32_t audit) {
  policy::Clause clause{{}, policy::kAllow};
  const auto check = [&](std::uint8_t index) {
    clause.conditions.push_back({index, policy::Op::eq, arguments[index], ~std::uint64_t{0}});
  };
  for (const std::uint8_t index : checked) check(index);
  check(secret);
  if (!arch::is_64bit(audit) && static_cast<std::size_t>(secret) + 1 < arguments.size())
    check(static_cast<std::uint8_t>(secret + 1));
  return {{clause}, policy::kKillProcess};
}

constexpr std::uint8_t kMapSecret = 4, kUnmapSecret = 2, kLoadSecret = 3;

}  // namespace

std::string_view map_call(std::uint32_t audit) {
  return arch::is_64bit(audit) ? "mmap" : "mmap2";
}

// Of anonymous memory the kernel looks neither at the descriptor nor at the offset.
Arguments Grant::map(std::uint32_t audit, std::uint64_t bytes) const {
  Arguments arguments{0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0, 0};
  put_secret(arguments, kMapSecret, audit, secret);
  return arguments;
}

Arguments Grant::unmap(std::uint32_t audit, std::uint64_t address, std::uint64_t bytes) const {
  Arguments arguments{address, bytes};
  put_secret(arguments, kUnmapSecret, audit, secret);
  return arguments;
}

Arguments Grant::load(std::uint32_t audit, std::uint64_t program) const {
  Arguments arguments{SECCOMP_SET_MODE_FILTER, filter_flags | SECCOMP_FILTER_FLAG_TSYNC, program};
  put_secret(arguments, kLoadSecret, audit, secret);
  return arguments;
}

base::Result<Grant> random_grant(std::uint32_t filter_flags) {
  Grant grant{0, filter_flags};
  if (getrandom(&grant.secret, sizeof grant.secret, 0) != sizeof grant.secret)
    return base::fail(base::ErrorCode::io, "getrandom: " + base::errno_text(errno), errno);
  return grant;
}

base::Result<policy::Policy> with_grant(const policy::Policy& policy, const Grant& grant) {
  std::vector<arch::Arch> architectures{arch::native()};
  if (arch::native() == arch::Arch::x86_64) architectures.push_back(arch::Arch::x86);
  policy::Builder builder(policy::kKillProcess);
  for (const arch::Arch each : architectures) {
    const std::uint32_t audit = arch::info(each).audit;
    builder.arch(audit, policy::kKillProcess);
    const auto add = [&](std::string_view name, policy::Decision decision) {
      if (const auto nr = arch::number(each, name)) builder.call(audit, *nr, std::move(decision));
    };
    if (arch::is_64bit(audit))
      add("mmap", exactly(grant.map(audit, 0), {0, 2, 3, 5}, kMapSecret, audit));
    else
      add("mmap2", exactly(grant.map(audit, 0), {0, 2, 3}, kMapSecret, audit));
    add("munmap", exactly(grant.unmap(audit, 0, 0), {}, kUnmapSecret, audit));
    add("seccomp", exactly(grant.load(audit, 0), {0, 1}, kLoadSecret, audit));
  }
  return policy::join(policy, builder.finish());
}

}  // namespace callgate::phases
