// A program that takes the network away from itself: reads a profile, compiles it to a proved filter, loads it.
//
// usage: confine_self
// SPDX-License-Identifier: Apache-2.0
#include <callgate/filter.h>
#include <callgate/profile.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <vector>

namespace {

constexpr const char* kNoNetwork = R"({
  "defaultAction": "SCMP_ACT_ALLOW",
  "syscalls": [{"names": ["socket", "socketpair", "connect", "io_uring_setup"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]
})";

// 0, or errno.
int load(const callgate::Filter& filter) {
  std::vector<sock_filter> program;
  for (const callgate::Instruction& i : filter.instructions()) program.push_back({i.code, i.jt, i.jf, i.k});
  const sock_fprog given{static_cast<unsigned short>(program.size()), program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &given) == 0 ? 0 : errno;
}

int try_socket() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return errno;
  close(fd);
  return 0;
}

}  // namespace

int main() {
  callgate::ProfileOptions options;
  options.as = callgate::Engine::oci;
  const callgate::ProfileReading reading = callgate::read_profile(kNoNetwork, "no-network.json", options);
  if (!reading.profile) return 3;
  const callgate::Result<callgate::Filter> filter = callgate::Filter::compile(reading.profile->policy);
  if (!filter) {
    std::fprintf(stderr, "%s\n", filter.error().message.c_str());
    return 1;
  }
  const int before = try_socket();
  const int loaded = load(*filter);
  const int after = try_socket();
  std::printf("%zu instructions loaded (errno %d). before: %s; after: %s (errno %d)\n", filter->instructions().size(),
              loaded, before == 0 ? "a socket" : "no socket", after == 0 ? "a socket" : "no socket", after);
  return 0;
}
