// Steps in words.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <sched.h>

#include <array>

#include "arch/prototype.h"
#include "base/text.h"
#include "sandbox/draft.h"
#include "sandbox/landlock.h"
#include "sandbox/seals.h"

namespace callgate::sandbox {

namespace {

std::string shown(const std::string& path) {
  return base::printable(path, 200);
}

std::string landlock_text(const Step& step) {
  const bool write = (step.flags & LANDLOCK_ACCESS_FS_WRITE_FILE) != 0;
  const bool make = (step.flags & (LANDLOCK_ACCESS_FS_MAKE_REG | kLandlockTruncate)) != 0;
  return fmt::format("Landlock: {} {}",
                     make    ? "everything is allowed at"
                     : write ? "reading, writing and executing at"
                             : "reading and executing at",
                     shown(step.path));
}

std::string capability_list(std::uint64_t set) {
  std::vector<std::string_view> names;
  for (const auto& each : arch::constants_in("capability"))
    if (each.value < 64 && (set >> each.value & 1) != 0) names.push_back(each.name);
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

std::string attributes_text(std::uint64_t flags) {
  std::vector<std::string_view> words;
  if (flags & MOUNT_ATTR_RDONLY) words.emplace_back("read-only");
  if (flags & MOUNT_ATTR_NOSUID) words.emplace_back("nosuid");
  if (flags & MOUNT_ATTR_NODEV) words.emplace_back("nodev");
  if (flags & MOUNT_ATTR_NOEXEC) words.emplace_back("noexec");
  return words.empty() ? "" : fmt::format(" ({})", fmt::join(words, ", "));
}

std::string limit_name(std::uint64_t resource) {
  const auto names = limit_names();
  return resource < names.size() ? std::string(names[resource]) : fmt::format("{}", resource);
}

}  // namespace

std::span<const std::string_view> limit_names() {
  static constexpr std::array<std::string_view, 16> kNames{
      "cpu",     "fsize", "data",  "stack",      "core",     "rss",  "nproc",  "nofile",
      "memlock", "as",    "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime"};
  return kNames;
}

std::string namespaces_text(std::uint64_t flags, std::string_view separator) {
  struct Named {
    std::uint64_t flag;
    std::string_view name;
  };
  constexpr std::array<Named, 7> kNamed{{{CLONE_NEWUSER, "user"},
                                         {CLONE_NEWPID, "pid"},
                                         {CLONE_NEWIPC, "ipc"},
                                         {CLONE_NEWUTS, "uts"},
                                         {CLONE_NEWNS, "mount"},
                                         {CLONE_NEWNET, "network"},
                                         {CLONE_NEWCGROUP, "cgroup"}}};
  std::vector<std::string_view> names;
  for (const Named& each : kNamed)
    if ((flags & each.flag) != 0) names.push_back(each.name);
  return fmt::format("{}", fmt::join(names, separator));
}

std::string_view name(StepKind kind) {
  constexpr std::array kNames{
      "make-cgroup",      "tie-to-parent", "write-file",     "private-mounts",  "unshare",       "new-mount",
      "copy-mount",       "attach",        "enter-root",     "make-place",      "link",          "freeze",
      "change-directory", "read-only",     "hide",           "session-keyring", "limit",         "drop-bounding",
      "capabilities",     "not-dumpable",  "raise-loopback", "landlock-begin",  "landlock-path", "landlock-port",
      "landlock-enforce", "close-files"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string describe(const Step& step) {
  switch (step.kind) {
    case StepKind::make_cgroup:
      return fmt::format("make the cgroup {}", step.path);
    case StepKind::tie_to_parent:
      return "end when the launcher ends";
    case StepKind::write_file:
      return fmt::format("write '{}' to {}", step.text, step.path);
    case StepKind::private_mounts:
      return "make all mounts private";
    case StepKind::unshare:
      return fmt::format("enter a new {} namespace", namespaces_text(step.flags));
    case StepKind::new_mount:
      return fmt::format("make a new {}{}", step.path, attributes_text(step.flags));
    case StepKind::copy_mount:
      return fmt::format("copy the mounts of {}{}", shown(step.path), attributes_text(step.flags));
    case StepKind::attach:
      return fmt::format("mount it on {}", shown(step.path));
    case StepKind::enter_root:
      return "make that the root and forget the old one";
    case StepKind::make_place:
      return fmt::format("make the {} {}", step.number != 0 ? "empty file" : "directory", shown(step.path));
    case StepKind::link:
      return fmt::format("make {} lead to {}", shown(step.path), shown(step.text));
    case StepKind::freeze:
      return fmt::format("make the mount at {} read-only", shown(step.path));
    case StepKind::change_directory:
      return fmt::format("change the directory to {}, if it is there", shown(step.path));
    case StepKind::raise_loopback:
      return "bring the loopback device up";
    case StepKind::landlock_begin:
      return fmt::format("begin Landlock rules{}{}",
                         step.flags & kLandlockScopeSockets ? ", without abstract sockets of others" : "",
                         step.flags & kLandlockScopeSignals ? ", without signals to others" : "");
    case StepKind::landlock_path:
      return landlock_text(step);
    case StepKind::landlock_port:
      return fmt::format("Landlock: {} TCP port {}", step.flags == kLandlockBindTcp ? "binding to" : "connecting to",
                         step.number);
    case StepKind::landlock_enforce:
      return "enforce the Landlock rules";
    case StepKind::read_only:
      return fmt::format("make {} read-only", step.path);
    case StepKind::hide:
      return fmt::format("hide {}", step.path);
    case StepKind::session_keyring:
      return "begin a new session keyring";
    case StepKind::limit:
      return fmt::format("limit {} to {}", limit_name(step.number), step.value);
    case StepKind::drop_bounding:
      return fmt::format("reduce the bounding set to: {}", capability_list(step.value));
    case StepKind::capabilities:
      return fmt::format("reduce {} to: {}", step.flags != 0 ? "all capability sets" : "init's capabilities",
                         capability_list(step.value));
    case StepKind::not_dumpable:
      return "make init untraceable";
    case StepKind::close_files:
      return step.value >= 0xffffffffU ? fmt::format("close the files from {} on", step.number)
                                       : fmt::format("close the files {} to {}", step.number, step.value);
  }
  return {};
}

}  // namespace callgate::sandbox
