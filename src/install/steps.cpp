// SPDX-License-Identifier: Apache-2.0
#include "install/steps.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace callgate::install {

namespace {

template <class Call>
auto or_errno(Call call) {
  auto done = call();
  while (done < 0 && errno == EINTR) done = call();
  return done < 0 ? static_cast<decltype(done)>(-errno) : done;
}

int open_beneath(int directory, const char* path, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags) | O_CLOEXEC;
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(or_errno([&] { return syscall(SYS_openat2, directory, path, &how, sizeof how); }));
}

constexpr Steps kReal{
    .open_root =
        [](const char* path) { return or_errno([&] { return ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }); },
    .open_beneath = open_beneath,
    .make_directory = [](int directory, const char* name,
                         mode_t mode) { return or_errno([&] { return ::mkdirat(directory, name, mode); }); },
    .write = [](int fd, const void* bytes,
                std::size_t count) { return or_errno([&] { return ::write(fd, bytes, count); }); },
    .read = [](int fd, void* bytes, std::size_t count) { return or_errno([&] { return ::read(fd, bytes, count); }); },
    .set_owner = [](int fd, uid_t owner, gid_t group) { return or_errno([&] { return ::fchown(fd, owner, group); }); },
    .set_mode = [](int fd, mode_t mode) { return or_errno([&] { return ::fchmod(fd, mode); }); },
    .sync = [](int fd) { return or_errno([&] { return ::fsync(fd); }); },
    .rename = [](int directory, const char* from,
                 const char* to) { return or_errno([&] { return ::renameat(directory, from, directory, to); }); },
    .unlink = [](int directory, const char* name) { return or_errno([&] { return ::unlinkat(directory, name, 0); }); },
};

}  // namespace

const Steps& real_steps() {
  return kReal;
}

}  // namespace callgate::install
