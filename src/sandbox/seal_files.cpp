// `--seal file`: a root of its own, read-only but for what was named. All sources are opened before the old root goes,
// all targets are found inside of the new one, so no symbolic link leads out.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <sched.h>

#include <algorithm>
#include <array>

#include "base/io.h"
#include "base/text.h"
#include "sandbox/diagnostic_ids.h"
#include "sandbox/draft.h"
#include "sandbox/landlock.h"
#include "sandbox/steps.h"

namespace callgate::sandbox {

namespace {

constexpr std::uint64_t kNoPrivileges = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
constexpr std::array<const char*, 6> kDevices{"null", "zero", "full", "random", "urandom", "tty"};

enum class Source : std::uint8_t { read_only, writable, empty, proc, devices };

struct View {
  std::string path;  // where it will be
  std::string from;  // what it is, without symbolic links
  Source source = Source::empty;
  bool directory = true;
  bool wanted = true;  // by the user
  int slot = -1;
};

bool below(const std::string& path, const std::string& parent) {
  return parent == "/" || path == parent || (path.starts_with(parent) && path[parent.size()] == '/');
}

// `path` as it was given, if it is absolute and plain; else where it leads to.
std::string place_of(const std::string& path, const std::string& real) {
  if (!path.starts_with('/')) return real;
  std::string out;
  for (const std::string_view part : base::split(path, '/')) {
    if (part == "..") return real;
    if (!part.empty() && part != ".") out.append("/").append(part);
  }
  return out.empty() ? "/" : out;
}

class FilePlanner {
 public:
  explicit FilePlanner(Draft& draft) : draft_(draft) {}

  bool plan() {
    if (!read_root() || !read_paths()) return false;
    return draft_.bare ? without_namespace() : with_namespace();
  }

 private:
  // Landlock alone can keep a program from files, but can neither hide nor replace any.
  bool without_namespace() {
    if (root_ != "/")
      return draft_.refuse(kCannotSeal, "--root cannot be given without a mount namespace",
                           "--root none can: then --ro and --rw name all that may be opened");
    draft_.left_out(draft_.host.landlock_abi > 0
                        ? "--seal file: by Landlock alone: nothing is hidden, and /tmp is as the rest, read-only"
                        : "--seal file: all of it, for there is no Landlock either");
    if (!draft_.request.empty.empty()) draft_.left_out("--tmpfs: what lies there stays, and can be read");
    return true;
  }

  bool with_namespace() {
    draft_.seals.namespaces |= CLONE_NEWNS;
    draft_.setup(StepKind::private_mounts);
    const int root = draft_.request.root == "none"
                         ? draft_.new_mount("tmpfs", "mode=0755", kNoPrivileges)
                         : draft_.copy_mount(root_, kNoPrivileges | (root_writable_ ? 0 : MOUNT_ATTR_RDONLY));
    for (View& view : views_) open(view);
    std::array<int, kDevices.size()> devices{};
    for (std::size_t i = 0; i < devices.size(); ++i)
      devices[i] = draft_.copy_mount(fmt::format("/dev/{}", kDevices[i]), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, true);
    terminals_ =
        draft_.new_mount("devpts", "newinstance,ptmxmode=0666,mode=0620", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    if (draft_.slots > static_cast<int>(Slots::kCount))
      return draft_.refuse(
          kBadSeal, fmt::format("too many paths: --ro, --rw and --tmpfs need {} mounts; the limit is {}", draft_.slots,
                                Slots::kCount));
    draft_.setup(StepKind::enter_root).slot = root;
    for (std::size_t i = 0; i < views_.size(); ++i) attach(i, devices);
    if (draft_.request.root == "none") draft_.setup(StepKind::freeze, "/");
    draft_.hide_kernel_files();
    draft_.setup(StepKind::change_directory, draft_.host.directory);
    return true;
  }

  bool read_root() {
    if (!draft_.request.root || draft_.request.root == "none") return true;
    const PathFact fact = draft_.host.path(*draft_.request.root);
    if (!fact.exists || !fact.directory)
      return draft_.refuse(kBadSeal,
                           fmt::format("--root '{}' is no directory", base::printable(*draft_.request.root, 200)));
    root_ = fact.real;
    return true;
  }

  bool add(const std::string& option, const std::string& path, Source source) {
    const PathFact fact = draft_.host.path(path);
    const std::string shown = base::printable(path, 200);
    if (!fact.exists)
      return draft_.refuse(kBadSeal,
                           fmt::format("{} '{}': {}", option, shown,
                                       fact.error == 0 ? "there is no such path" : base::errno_text(fact.error)));
    if (source == Source::empty && !fact.directory)
      return draft_.refuse(kBadSeal, fmt::format("{} '{}' is no directory", option, shown));
    // In a root of one's own a path is where it was said to be; in the old one its links lead there by themselves.
    const std::string place = root_ == "/" && draft_.request.root != "none" ? fact.real : place_of(path, fact.real);
    if (place == "/") {
      if (source == Source::empty)
        return draft_.refuse(kBadSeal, "--tmpfs / would hide everything", "--root none begins with an empty root");
      root_writable_ = root_writable_ || source == Source::writable;
      return true;
    }
    const auto same = std::ranges::find_if(views_, [&](const View& view) { return view.path == place; });
    if (same != views_.end() && same->source != source && same->wanted)
      return draft_.refuse(kBadSeal, fmt::format("'{}' is given twice, in two ways", shown),
                           "of --ro, --rw and --tmpfs the deepest path counts, so a path can be named once");
    if (same != views_.end()) views_.erase(same);
    views_.push_back({place, fact.real, source, fact.directory, true, -1});
    return true;
  }

  bool read_paths() {
    views_ = {{"/proc", {}, Source::proc, true, false, -1}, {"/dev", {}, Source::devices, true, false, -1}};
    for (const char* path : {"/tmp", "/var/tmp", "/run", "/dev/shm"})
      views_.push_back({path, {}, Source::empty, true, false, -1});
    for (const std::string& path : draft_.request.read_only)
      if (!add("--ro", path, Source::read_only)) return false;
    for (const std::string& path : draft_.request.writable)
      if (!add("--rw", path, Source::writable)) return false;
    for (const std::string& path : draft_.request.empty)
      if (!add("--tmpfs", path, Source::empty)) return false;
    std::ranges::sort(views_, {}, &View::path);  // parents before their children
    // What is ours needs no place where the root has none.
    for (std::size_t i = 0; i < views_.size();) {
      const bool needless = !views_[i].wanted && !place_is_ours(i) && !has_directory(views_[i].path);
      if (unknown_ != 0)
        return draft_.refuse(kCannotSeal,
                             fmt::format("'{}' cannot be looked at: {}", views_[i].path, base::errno_text(unknown_)));
      if (needless)
        views_.erase(views_.begin() + static_cast<std::ptrdiff_t>(i));
      else
        ++i;
    }
    for (std::size_t i = 0; i < views_.size(); ++i)
      if (!has_place(i)) return false;
    return true;
  }

  // The view that `views_[i]` lies in; null: the root.
  const View* around(std::size_t i) const {
    for (std::size_t j = i; j-- > 0;)
      if (below(views_[i].path, views_[j].path)) return &views_[j];
    return nullptr;
  }
  bool place_is_ours(std::size_t i) const {
    const View* const parent = around(i);
    return parent != nullptr ? parent->source == Source::empty || parent->source == Source::devices
                             : draft_.request.root == "none";
  }
  bool has_directory(const std::string& path) {
    const PathFact fact = draft_.host.path(root_ == "/" ? path : root_ + path);
    unknown_ = fact.error;
    return fact.directory;
  }
  bool has_place(std::size_t i) {
    const View& view = views_[i];
    if (!view.wanted || place_is_ours(i) || around(i) != nullptr || root_ == "/") return true;
    const PathFact fact = draft_.host.path(root_ + view.path);
    if (fact.exists && fact.directory == view.directory) return true;
    return draft_.refuse(kBadSeal,
                         fmt::format("{} has no {} '{}' to mount on", base::printable(root_, 200),
                                     view.directory ? "directory" : "file", base::printable(view.path, 200)),
                         "a read-only root cannot be given new ones; make it, or --root none");
  }

  void open(View& view) {
    switch (view.source) {
      case Source::read_only:
        view.slot = draft_.copy_mount(view.from, attributes(view) | MOUNT_ATTR_RDONLY);
        break;
      case Source::writable:
        view.slot = draft_.copy_mount(view.from, attributes(view));
        break;
      case Source::empty:
        view.slot = draft_.new_mount("tmpfs", view.path == "/run" ? "mode=0755" : "mode=1777", kNoPrivileges);
        break;
      case Source::devices:
        view.slot = draft_.new_mount("tmpfs", "mode=0755,size=1m", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
        break;
      case Source::proc:
        view.slot = draft_.has(Seal::process) && draft_.host.new_proc
                        ? draft_.new_mount("proc", "", kNoPrivileges | MOUNT_ATTR_NOEXEC | draft_.proc_attributes())
                        : draft_.copy_mount("/proc", kNoPrivileges | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY);
    }
  }

  // A device that was named is wanted as a device.
  static std::uint64_t attributes(const View& view) {
    return below(view.from, "/dev") ? std::uint64_t{MOUNT_ATTR_NOSUID} : kNoPrivileges;
  }

  void attach(std::size_t i, const std::array<int, kDevices.size()>& devices) {
    const View& view = views_[i];
    if (place_is_ours(i)) draft_.setup(StepKind::make_place, view.path).number = view.directory ? 0 : 1;
    draft_.attach(view.slot, view.path);
    if (view.source == Source::devices) fill_dev(devices);
  }

  void fill_dev(const std::array<int, kDevices.size()>& devices) {
    for (std::size_t i = 0; i < devices.size(); ++i) {
      const std::string path = fmt::format("/dev/{}", kDevices[i]);
      draft_.setup(StepKind::make_place, path).number = 1;
      draft_.attach(devices[i], path, true);
    }
    draft_.setup(StepKind::make_place, "/dev/pts");
    draft_.attach(terminals_, "/dev/pts");
    for (const auto& [path, to] :
         {std::pair{"/dev/ptmx", "pts/ptmx"}, std::pair{"/dev/fd", "/proc/self/fd"},
          std::pair{"/dev/stdin", "/proc/self/fd/0"}, std::pair{"/dev/stdout", "/proc/self/fd/1"},
          std::pair{"/dev/stderr", "/proc/self/fd/2"}})
      draft_.setup(StepKind::link, path, to);
  }

  Draft& draft_;
  std::string root_ = "/";
  bool root_writable_ = false;
  std::vector<View> views_;
  int terminals_ = -1;
  int unknown_ = 0;  // errno of a path that may be there or not
};

constexpr std::uint64_t kReading =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

}  // namespace

bool plan_files(Draft& draft) {
  return FilePlanner(draft).plan();
}

// Of linux/landlock.h, by the version of the interface that brought them.
std::uint64_t landlock_file_accesses(int abi) {
  std::uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  if (abi >= 2) all |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) all |= kLandlockTruncate;
  if (abi >= 5) all |= kLandlockIoctlDevice;
  return all;
}

void plan_landlock_files(Draft& draft) {
  const std::uint64_t all = landlock_file_accesses(draft.host.landlock_abi);
  const auto allow = [&](const std::string& path, std::uint64_t accesses) {
    Step& step = draft.program(StepKind::landlock_path, path);
    step.slot = kLandlockSlot;
    step.flags = accesses & all;
  };
  const auto writable = [&](const std::string& path) { allow(path, all); };
  bool whole = false;
  for (const std::string& path : draft.request.writable) whole = whole || draft.host.path(path).real == "/";
  if (!draft.bare || draft.request.root != "none") allow("/", whole ? all : kReading);
  allow("/proc", draft.request.no_exec_memory ? kReading : kReading | LANDLOCK_ACCESS_FS_WRITE_FILE);
  for (const std::string& path : draft.request.writable) writable(draft.host.path(path).real);
  if (draft.bare) {
    // The devices are the machine's.
    for (const char* device : kDevices)
      allow(fmt::format("/dev/{}", device), kReading | LANDLOCK_ACCESS_FS_WRITE_FILE | kLandlockIoctlDevice);
    for (const char* path : {"/dev/pts", "/dev/ptmx"})
      allow(path, kReading | LANDLOCK_ACCESS_FS_WRITE_FILE | kLandlockIoctlDevice);
    for (const std::string& path : draft.request.read_only) allow(draft.host.path(path).real, kReading);
    return;
  }
  for (const char* path : {"/dev", "/tmp", "/var/tmp", "/run"}) writable(path);
  for (const std::string& path : draft.request.empty) writable(draft.host.path(path).real);
}

}  // namespace callgate::sandbox
