// A rule on an `int` argument compares all 64 bits, the kernel looks at 32: Docker's default refuses socket(AF_VSOCK),
// and lets socket(AF_VSOCK + 2^32) through, which the kernel takes for the same. `lint` says so (bypass-high-bits);
// here the live kernel does.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "compile/compile.h"
#include "format/profile.h"

namespace callgate {
namespace {

// The errno of socket(family, SOCK_STREAM, 0) in a child under `program`, 0 if it makes one, -1 if none could be asked.
int errno_of_socket(const bpf::Program& program, std::uint64_t family) {
  const pid_t child = fork();
  if (child == 0) {
    const sock_fprog filter{static_cast<unsigned short>(program.size()),
                            reinterpret_cast<sock_filter*>(const_cast<bpf::Insn*>(program.data()))};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
      _exit(255);
    _exit(syscall(SYS_socket, family, SOCK_STREAM, 0) >= 0 ? 0 : errno);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) == 255) return -1;
  return WEXITSTATUS(status);
}

TEST(HighBits, DockersDefaultLetsARefusedFamilyThrough) {
  format::ReadOptions options;
  base::Diagnostics diagnostics;
  const auto profile = format::builtin_profile("docker-default", options, diagnostics);
  ASSERT_TRUE(profile.has_value());
  const auto compiled = compile::compile(profile->policy);
  ASSERT_TRUE(compiled.has_value());
  constexpr std::uint64_t kHighBit = std::uint64_t{1} << 32;
  EXPECT_EQ(errno_of_socket(compiled->program, AF_VSOCK), EPERM);
  // EAFNOSUPPORT is the kernel's own answer where it has no AF_VSOCK; the filter's would be EPERM.
  const int passed = errno_of_socket(compiled->program, AF_VSOCK + kHighBit);
  EXPECT_TRUE(passed == 0 || passed == EAFNOSUPPORT) << passed;
  EXPECT_EQ(passed, errno_of_socket({{bpf::op::kRetK, 0, 0, bpf::kRetAllow}}, AF_VSOCK));
}

}  // namespace
}  // namespace callgate
