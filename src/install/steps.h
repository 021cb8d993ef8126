// The kernel as an installation sees it. Every step that touches the disk goes through this table, so that tests can
// make any one of them fail. Each returns its value, or minus errno.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace callgate::install {

struct Steps {
  int (*open_root)(const char* path);  // a directory, by any path: the user named it
  // Beneath `directory`: no link is followed, nothing outside is reached.
  int (*open_beneath)(int directory, const char* path, int flags, mode_t mode);
  int (*make_directory)(int directory, const char* name, mode_t mode);
  ssize_t (*write)(int fd, const void* bytes, std::size_t count);
  ssize_t (*read)(int fd, void* bytes, std::size_t count);
  int (*set_owner)(int fd, uid_t owner, gid_t group);
  int (*set_mode)(int fd, mode_t mode);
  int (*sync)(int fd);
  int (*rename)(int directory, const char* from, const char* to);
  int (*unlink)(int directory, const char* name);
};
const Steps& real_steps();

}  // namespace callgate::install
