// A directory of this machine as a tree. Nothing outside of it is opened: paths are resolved by the kernel as if it
// were the root (openat2), and the walk follows no links.
// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <set>

#include "base/io.h"
#include "fleet/kind.h"
#include "fleet/tree.h"
#include "scan/files.h"

namespace callgate::fleet {

namespace {

using base::UniqueFd;

constexpr int kOpen = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;  // a FIFO would wait for a writer
constexpr std::size_t kMaxDepth = 200;
constexpr std::uint64_t kTellEvery = 4096;  // files

UniqueFd open_inside(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<decltype(how.flags)>(flags);
  how.resolve = RESOLVE_IN_ROOT;
  return UniqueFd(static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
}

std::string path_of(int fd) {
  std::array<char, 8192> text{};
  const ssize_t n = readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), text.data(), text.size());
  return n < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(n));
}

std::vector<std::string> entries(UniqueFd directory) {
  std::vector<std::string> out;
  DIR* const stream = fdopendir(directory.get());
  if (stream == nullptr) return out;
  directory.release();  // closedir closes it
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this call's own
  for (const dirent* e = readdir(stream); e != nullptr; e = readdir(stream)) {
    const std::string_view name = e->d_name;
    if (name != "." && name != "..") out.emplace_back(name);
  }
  closedir(stream);
  std::sort(out.begin(), out.end());
  return out;
}

// File systems without files of their own.
std::string_view kernel_file_system(int directory) {
  struct statfs status{};
  if (fstatfs(directory, &status) != 0) return "";
  constexpr std::array<std::pair<std::uint64_t, std::string_view>, 11> kKinds{{
      {PROC_SUPER_MAGIC, "proc"},
      {SYSFS_MAGIC, "sysfs"},
      {DEVPTS_SUPER_MAGIC, "devpts"},
      {CGROUP_SUPER_MAGIC, "cgroup"},
      {CGROUP2_SUPER_MAGIC, "cgroup2"},
      {DEBUGFS_MAGIC, "debugfs"},
      {TRACEFS_MAGIC, "tracefs"},
      {BPF_FS_MAGIC, "bpf"},
      {SECURITYFS_MAGIC, "securityfs"},
      {PSTOREFS_MAGIC, "pstore"},
      {BINFMTFS_MAGIC, "binfmt_misc"},
  }};
  for (const auto& [magic, kind] : kKinds)
    if (static_cast<std::uint64_t>(status.f_type) == magic) return kind;
  return "";
}

class Walk {
 public:
  Walk(int root, const std::function<void(std::uint64_t)>& seen) : root_(root), seen_(seen) {}

  Inventory run() {
    directory(UniqueFd(openat(root_, ".", kOpen | O_DIRECTORY)), "", 0);
    std::sort(out_.programs.begin(), out_.programs.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return std::move(out_);
  }

 private:
  using Id = std::pair<dev_t, ino_t>;

  void skip(const std::string& path, SkipReason reason, std::string why) {
    out_.skipped.push_back({path.empty() ? "/" : path, reason, std::move(why)});
  }

  void directory(UniqueFd fd, const std::string& path, std::size_t depth) {
    if (!fd) return skip(path, SkipReason::unreadable, base::errno_text(errno));
    if (depth > kMaxDepth) return skip(path, SkipReason::too_deep, fmt::format("below {} directories", kMaxDepth));
    struct stat status{};
    if (fstat(fd.get(), &status) != 0) return skip(path, SkipReason::unreadable, base::errno_text(errno));
    if (const std::string_view kind = kernel_file_system(fd.get()); !kind.empty())
      return skip(path, SkipReason::kernel, std::string(kind));
    // The same directory may be mounted at several places, even below itself.
    if (!directories_.insert({status.st_dev, status.st_ino}).second) return;
    ++out_.directories;
    for (const std::string& name : entries(UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, 0))))
      entry(fd.get(), fmt::format("{}/{}", path, name), name, depth);
  }

  void entry(int parent, const std::string& path, const std::string& name, std::size_t depth) {
    struct stat status{};
    if (fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return skip(path, SkipReason::unreadable, base::errno_text(errno));
    switch (status.st_mode & S_IFMT) {
      case S_IFDIR:
        return directory(UniqueFd(openat(parent, name.c_str(), kOpen | O_DIRECTORY | O_NOFOLLOW)), path, depth + 1);
      case S_IFLNK:
        return link(path);
      case S_IFREG:
        return file(parent, path, name, status);
      case S_IFIFO:
        return skip(path, SkipReason::pipe, "");
      case S_IFSOCK:
        return skip(path, SkipReason::socket, "");
      default:
        return skip(path, SkipReason::device, S_ISCHR(status.st_mode) ? "character device" : "block device");
    }
  }

  void link(const std::string& path) {
    ++out_.links;
    if (open_inside(root_, path, O_PATH | O_CLOEXEC)) return;
    if (errno == ELOOP)
      skip(path, SkipReason::loop, "");
    else
      ++out_.dangling;
  }

  void file(int parent, const std::string& path, const std::string& name, const struct stat& status) {
    if (++out_.files % kTellEvery == 0 && seen_) seen_(out_.files);
    if ((status.st_mode & 0111U) == 0 || status.st_size < 4) return;
    const Id id{status.st_dev, status.st_ino};
    if (status.st_nlink > 1)
      if (const auto known = linked_.find(id); known != linked_.end()) {
        if (known->second) out_.programs[*known->second].other_names.push_back(path);
        return;
      }
    const UniqueFd fd(openat(parent, name.c_str(), kOpen | O_NOFOLLOW));
    if (!fd) return skip(path, SkipReason::unreadable, base::errno_text(errno));
    const Kind kind = kind_of([&](std::uint64_t offset, std::span<std::uint8_t> into) -> std::size_t {
      const ssize_t n = pread(fd.get(), into.data(), into.size(), static_cast<off_t>(offset));
      return n < 0 ? 0 : static_cast<std::size_t>(n);
    });
    if (kind.kind == FileKind::foreign) skip(path, SkipReason::foreign, kind.detail);
    if (kind.kind == FileKind::script) ++out_.scripts[kind.detail];
    const bool program = kind.kind == FileKind::program;
    if (program) out_.programs.push_back({path, {}});
    if (status.st_nlink > 1)
      linked_[id] = program ? std::optional<std::size_t>(out_.programs.size() - 1) : std::nullopt;
  }

  int root_;
  const std::function<void(std::uint64_t)>& seen_;
  std::set<Id> directories_;
  std::map<Id, std::optional<std::size_t>> linked_;
  Inventory out_;
};

class Directory final : public Tree {
 public:
  Directory(UniqueFd root, std::string path)
      : root_(std::move(root)), path_(std::move(path)), read_(scan::reader(path_)), real_root_(path_of(root_.get())) {}

  base::Result<scan::Content> read(const std::string& path) const override { return read_(path); }

  std::string real(const std::string& path) const override {
    const UniqueFd fd = open_inside(root_.get(), path, O_PATH | O_CLOEXEC);
    if (!fd) return "";
    const std::string full = path_of(fd.get());
    const std::string_view prefix = real_root_ == "/" ? std::string_view() : real_root_;
    if (full.size() <= prefix.size() || !full.starts_with(prefix)) return full == real_root_ ? "/" : "";
    return full.substr(prefix.size());
  }

  std::uint64_t stamp(const std::string& path) const override {
    const UniqueFd fd = open_inside(root_.get(), path, O_PATH | O_CLOEXEC);
    struct stat status{};
    if (!fd || fstat(fd.get(), &status) != 0) return 0;
    return static_cast<std::uint64_t>(status.st_ctim.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(status.st_ctim.tv_nsec);
  }

  std::vector<std::string> names(const std::string& directory) const override {
    UniqueFd fd = open_inside(root_.get(), directory, kOpen | O_DIRECTORY);
    return fd ? entries(std::move(fd)) : std::vector<std::string>();
  }

  Inventory inventory(const std::function<void(std::uint64_t)>& seen) const override {
    return Walk(root_.get(), seen).run();
  }

 private:
  UniqueFd root_;
  std::string path_;
  scan::Library::Read read_;
  std::string real_root_;
};

}  // namespace

std::string_view name(SkipReason reason) {
  constexpr std::array<std::string_view, 9> kNames{"unreadable", "device", "pipe",    "socket",  "loop",
                                                   "foreign",    "kernel", "refused", "too-deep"};
  return kNames[static_cast<std::size_t>(reason)];
}

base::Result<std::unique_ptr<Tree>> open_directory(const std::string& root) {
  UniqueFd fd(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd)
    return base::fail(base::ErrorCode::io, fmt::format("cannot open '{}': {}", root, base::errno_text(errno)), errno);
  return std::unique_ptr<Tree>(std::make_unique<Directory>(std::move(fd), root));
}

}  // namespace callgate::fleet
