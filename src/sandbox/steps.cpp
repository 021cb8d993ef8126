// SPDX-License-Identifier: Apache-2.0
#include "sandbox/steps.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "sandbox/landlock.h"

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
  static const std::string no_options;
  return attach_and_close(new_mount("tmpfs", no_options, kAttributes), path);
}

int change_directory(const char* path) {
  return chdir(path) == 0 ? 0 : result(chdir("/"));
}

// Over the root that we have; then the two change places, and the old one, now on top, goes.
int enter_root(int mount) {
  if (const int error = attach(mount, "/"); error < 0) return error;
  if (fchdir(mount) != 0) return -errno;
  close(mount);
  if (syscall(SYS_pivot_root, ".", ".") != 0) return -errno;
  if (umount2(".", MNT_DETACH) != 0) return -errno;
  return result(chdir("/"));
}

int make_place(const std::string& path, bool file) {
  std::array<char, PATH_MAX> prefix{};
  if (path.size() >= prefix.size()) return -ENAMETOOLONG;
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const bool last = end == std::string::npos;
    memcpy(prefix.data(), path.data(), last ? path.size() : end);
    const int made = last && file ? mknod(prefix.data(), S_IFREG | 0644, 0) : mkdir(prefix.data(), 0755);
    if (made != 0 && errno != EEXIST) return errno == ENOENT && last ? 0 : -errno;
    if (last) return 0;
  }
}

int freeze(const char* path) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  return result(mount_setattr(AT_FDCWD, path, 0, &attributes, sizeof attributes));
}

int landlock_begin(std::uint64_t files, std::uint64_t network, std::uint64_t scopes) {
  const std::array<std::uint64_t, 3> handled{files, network, scopes};  // struct landlock_ruleset_attr
  const std::size_t size = scopes != 0 ? 24 : network != 0 ? 16 : 8;
  return result(syscall(SYS_landlock_create_ruleset, handled.data(), size, 0));
}

int landlock_path(int rules, const char* path, std::uint64_t accesses) {
  const int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? 0 : -errno;
  struct stat info{};
  int error = result(fstat(fd, &info));
  constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                     LANDLOCK_ACCESS_FS_READ_FILE | kLandlockTruncate | kLandlockIoctlDevice;
  const landlock_path_beneath_attr rule{S_ISDIR(info.st_mode) ? accesses : accesses & kOfFiles, fd};
  if (error == 0) error = result(syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
  close(fd);
  return error;
}

int landlock_port(int rules, std::uint64_t port, std::uint64_t accesses) {
  constexpr int kRuleNetPort = 2;                           // LANDLOCK_RULE_NET_PORT
  const std::array<std::uint64_t, 2> rule{accesses, port};  // struct landlock_net_port_attr
  return result(syscall(SYS_landlock_add_rule, rules, kRuleNetPort, rule.data(), 0));
}

int raise_loopback() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  ifreq request{};
  memcpy(request.ifr_name, "lo", sizeof "lo");
  request.ifr_flags = IFF_UP;
  const int error = result(ioctl(fd, SIOCSIFFLAGS, &request));
  close(fd);
  return error;
}

int landlock_enforce(int rules) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -errno;  // Landlock asks for it
  return result(syscall(SYS_landlock_restrict_self, rules, 0));
}

int make_cgroup(const char* path) {
  if (mkdir(path, 0755) == 0) return 0;
  // Left by a launcher of our number that was killed: empty, or not ours to touch.
  if (errno != EEXIST || rmdir(path) != 0) return -errno;
  return result(mkdir(path, 0755));
}

int tie_to_parent() {
  return result(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
}

// `known`: the last capability that this kernel was found to have; it may have more.
int drop_bounding(std::uint64_t kept, std::uint64_t known) {
  for (unsigned long capability = 0; capability < 64; ++capability) {
    if ((kept >> capability & 1) != 0) continue;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    if (errno == EINVAL && capability > known) return 0;
    return -errno;
  }
  return 0;
}

int set_capabilities(std::uint64_t kept, bool for_program) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  const auto low = static_cast<std::uint32_t>(kept), high = static_cast<std::uint32_t>(kept >> 32);
  data[0] = {low, low, for_program ? low : 0};
  data[1] = {high, high, for_program ? high : 0};
  if (syscall(SYS_capset, &header, data.data()) != 0) return -errno;
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return -errno;
  for (unsigned long capability = 0; for_program && capability < 64; ++capability)
    if ((kept >> capability & 1) != 0)
      if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) return -errno;
  return 0;
}

int session_keyring() {
  return std::min(result(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr)), 0);
}

int limit(std::uint64_t resource, std::uint64_t value) {
  const rlimit both{value, value};
  return result(setrlimit(static_cast<__rlimit_resource>(resource), &both));
}

}  // namespace

namespace {

int attach_step(const Step& step, int mount) {
  const bool may_be_absent = step.number != 0;
  if (mount < 0) return may_be_absent ? 0 : -EBADF;
  const int error = attach_and_close(mount, step.path.c_str());
  return error == -ENOENT && may_be_absent ? 0 : error;
}

int keep(int fd, int& slot) {
  slot = fd;
  return std::min(fd, 0);
}

}  // namespace

int run_step(const Step& step, Slots& slots) {
  int none = -1;
  int& slot = step.slot >= 0 ? slots.fds[static_cast<std::size_t>(step.slot)] : none;
  switch (step.kind) {
    case StepKind::make_cgroup:
      return make_cgroup(step.path.c_str());
    case StepKind::tie_to_parent:
      return tie_to_parent();
    case StepKind::write_file:
      return write_file(step);
    case StepKind::private_mounts:
      return result(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
    case StepKind::unshare:
      return result(unshare(static_cast<int>(step.flags)));
    case StepKind::new_mount:
      return keep(new_mount(step.path.c_str(), step.text, step.flags), slot);
    case StepKind::copy_mount: {
      const int error = keep(copy_mount(step.path.c_str(), step.flags, true), slot);
      return error == -ENOENT && step.number != 0 ? 0 : error;
    }
    case StepKind::attach:
      return attach_step(step, slot);
    case StepKind::enter_root:
      return enter_root(slot);
    case StepKind::make_place:
      return make_place(step.path, step.number != 0);
    case StepKind::link:
      return symlink(step.text.c_str(), step.path.c_str()) == 0 || errno == ENOENT ? 0 : -errno;
    case StepKind::freeze:
      return freeze(step.path.c_str());
    case StepKind::change_directory:
      return change_directory(step.path.c_str());
    case StepKind::landlock_begin:
      return keep(landlock_begin(step.number, step.value, step.flags), slot);
    case StepKind::landlock_path:
      return landlock_path(slot, step.path.c_str(), step.flags);
    case StepKind::landlock_port:
      return landlock_port(slot, step.number, step.flags);
    case StepKind::raise_loopback:
      return raise_loopback();
    case StepKind::landlock_enforce:
      return landlock_enforce(slot);
    case StepKind::read_only:
      return read_only(step.path.c_str());
    case StepKind::hide:
      return hide(step.path.c_str());
    case StepKind::session_keyring:
      return session_keyring();
    case StepKind::limit:
      return limit(step.number, step.value);
    case StepKind::drop_bounding:
      return drop_bounding(step.value, step.number);
    case StepKind::capabilities:
      return set_capabilities(step.value, step.flags != 0);
    case StepKind::not_dumpable:
      return result(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    case StepKind::close_files:
      return result(close_range(static_cast<unsigned>(step.number), static_cast<unsigned>(step.value), 0));
  }
  return -EINVAL;
}

int remove_cgroup(const std::string& path) {
  constexpr int kTries = 1000, kOtherTries = 10;
  constexpr timespec kPause{0, 1'000'000};
  int error = 0;
  for (int i = 0; i < kTries; ++i) {
    if (rmdir(path.c_str()) == 0 || errno == ENOENT) return 0;
    error = errno;
    if (error != EBUSY && i >= kOtherTries) break;
    if (FILE* const processes = fopen((path + "/cgroup.procs").c_str(), "re")) {
      for (int pid = 0; fscanf(processes, "%d", &pid) == 1;)  // NOLINT(cert-err34-c): the kernel's own numbers
        if (pid > 0) kill(pid, SIGKILL);
      fclose(processes);
    }
    nanosleep(&kPause, nullptr);
  }
  return error;
}

}  // namespace callgate::sandbox
