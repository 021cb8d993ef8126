// SPDX-License-Identifier: Apache-2.0
#include "sandbox/steps.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace callgate::sandbox {

namespace {

int result(long value) {
  return value < 0 ? -errno : static_cast<int>(value);
}

int write_file(const Step& step) {
  const int fd = open(step.path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  const ssize_t written = write(fd, step.text.data(), step.text.size());
  const int error = written < 0 ? -errno : written == static_cast<ssize_t>(step.text.size()) ? 0 : -EIO;
  close(fd);
  return error;
}

// "key=value,key=value" one by one.
int configure(int context, const std::string& options) {
  std::size_t at = 0;
  while (at < options.size()) {
    std::array<char, 128> pair{};
    const std::size_t end = std::min(options.find(',', at), options.size());
    if (end - at >= pair.size()) return -EINVAL;
    memcpy(pair.data(), options.data() + at, end - at);
    char* const equals = strchr(pair.data(), '=');
    if (equals != nullptr) *equals = 0;
    const int error = equals != nullptr ? result(fsconfig(context, FSCONFIG_SET_STRING, pair.data(), equals + 1, 0))
                                        : result(fsconfig(context, FSCONFIG_SET_FLAG, pair.data(), nullptr, 0));
    if (error < 0) return error;
    at = end + 1;
  }
  return result(fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
}

// The new mount's descriptor.
int new_mount(const char* type, const std::string& options, std::uint64_t attributes) {
  const int context = fsopen(type, FSOPEN_CLOEXEC);
  if (context < 0) return -errno;
  int error = configure(context, options);
  if (error == 0) error = result(fsmount(context, FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)));
  close(context);
  return error;
}

int attach(int mount, const char* path) {
  return result(move_mount(mount, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH));
}

int attach_and_close(int mount, const char* path) {
  if (mount < 0) return mount;
  const int error = attach(mount, path);
  close(mount);
  return error;
}

// A copy of the mounts at `path`, attached nowhere.
int copy_mount(const char* path, std::uint64_t set, bool recursive) {
  const unsigned deep = recursive ? AT_RECURSIVE : 0;
  const int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | deep);
  if (fd < 0) return -errno;
  mount_attr attributes{};
  attributes.attr_set = set;
  if (set == 0 || mount_setattr(fd, "", AT_EMPTY_PATH | deep, &attributes, sizeof attributes) == 0) return fd;
  const int error = -errno;
  close(fd);
  return error;
}

int read_only(const char* path) {
  const int copy = copy_mount(path, MOUNT_ATTR_RDONLY, true);
  return copy == -ENOENT ? 0 : attach_and_close(copy, path);
}

int hide(const char* path) {
  struct stat info{};
  if (stat(path, &info) != 0) return errno == ENOENT ? 0 : -errno;
  if (!S_ISDIR(info.st_mode)) return attach_and_close(copy_mount("/dev/null", 0, false), path);
  constexpr std::uint64_t kAttributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  static const std::string kOptions;
  return attach_and_close(new_mount("tmpfs", kOptions, kAttributes), path);
}

int tie_to_parent() {
  return result(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
}

int drop_bounding(std::uint64_t kept) {
  for (unsigned long capability = 0; capability < 64; ++capability) {
    if ((kept >> capability & 1) != 0) continue;
    const int held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (held < 0) return 0;  // there are no more
    if (held == 1 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return -errno;
  }
  return 0;
}

int set_capabilities(std::uint64_t kept, bool for_program) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  for (std::size_t half = 0; half < data.size(); ++half) {
    const auto word = static_cast<std::uint32_t>(kept >> 32 * half);
    data[half] = {word, word, for_program ? word : 0};
  }
  if (syscall(SYS_capset, &header, data.data()) != 0) return -errno;
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return -errno;
  for (unsigned long capability = 0; for_program && capability < 64; ++capability)
    if ((kept >> capability & 1) != 0)
      if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) return -errno;
  return 0;
}

int session_keyring() {
  const int error = result(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr));
  return error == -ENOSYS ? 0 : std::min(error, 0);  // a kernel without keys has none to keep
}

int limit(std::uint64_t resource, std::uint64_t value) {
  const rlimit both{value, value};
  return result(setrlimit(static_cast<__rlimit_resource>(resource), &both));
}

}  // namespace

int run_step(const Step& step, Slots& slots) {
  switch (step.kind) {
    case StepKind::tie_to_parent:
      return tie_to_parent();
    case StepKind::write_file:
      return write_file(step);
    case StepKind::private_mounts:
      return result(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
    case StepKind::unshare:
      return result(unshare(static_cast<int>(step.flags)));
    case StepKind::new_mount: {
      const int fd = new_mount(step.path.c_str(), step.text, step.flags);
      slots.fds[static_cast<std::size_t>(step.slot)] = fd;
      return std::min(fd, 0);
    }
    case StepKind::attach:
      return attach_and_close(slots.fds[static_cast<std::size_t>(step.slot)], step.path.c_str());
    case StepKind::read_only:
      return read_only(step.path.c_str());
    case StepKind::hide:
      return hide(step.path.c_str());
    case StepKind::session_keyring:
      return session_keyring();
    case StepKind::limit:
      return limit(step.number, step.value);
    case StepKind::drop_bounding:
      return drop_bounding(step.value);
    case StepKind::capabilities:
      return set_capabilities(step.value, step.flags != 0);
    case StepKind::not_dumpable:
      return result(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    case StepKind::close_files:
      return result(close_range(static_cast<unsigned>(step.number), static_cast<unsigned>(step.value), 0));
  }
  return -EINVAL;
}

}  // namespace callgate::sandbox
