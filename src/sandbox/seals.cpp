// SPDX-License-Identifier: Apache-2.0
#include "sandbox/seals.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>

#include "arch/prototype.h"
#include "base/text.h"
#include "sandbox/diagnostic_ids.h"

namespace callgate::sandbox {

namespace {

constexpr std::uint64_t kSafe = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

// What container runtimes keep from a program in /proc and /sys, for files of the kernel's tell and obey whoever is
// user 0, capabilities or not (OCI runtimes' default maskedPaths and readonlyPaths).
constexpr std::array<const char*, 8> kHiddenInProc{"/proc/acpi",          "/proc/kcore",      "/proc/keys",
                                                   "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
                                                   "/proc/sched_debug",   "/proc/scsi"};
constexpr std::array<const char*, 5> kReadOnlyInProc{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                                     "/proc/sysrq-trigger"};

class Planner {
 public:
  Planner(const SealRequest& request, const HostFacts& host, Refusal& refusal)
      : request_(request), host_(host), refusal_(refusal) {}

  std::optional<Seals> plan() {
    if (!read_seals()) return std::nullopt;
    if (!seals_.any()) return no_options_alone() ? std::optional(std::move(seals_)) : std::nullopt;
    if (!read_capabilities() || !identity()) return std::nullopt;
    if (has(Seal::process)) process();
    privileges();
    if (!files()) return std::nullopt;
    return std::move(seals_);
  }

 private:
  bool has(Seal seal) const { return (seals_.seals & bit(seal)) != 0; }
  bool refuse(const base::DiagnosticId& id, std::string message, std::string help = {}) {
    refusal_ = {id, kExitOwnFailure, std::move(message), std::move(help)};
    return false;
  }
  Step& setup(StepKind kind, std::string path = {}, std::string text = {}) {
    return add(seals_.setup, kind, std::move(path), std::move(text));
  }
  Step& program(StepKind kind) { return add(seals_.program, kind, {}, {}); }
  static Step& add(std::vector<Step>& steps, StepKind kind, std::string path, std::string text) {
    Step& step = steps.emplace_back();
    step.kind = kind;
    step.path = std::move(path);
    step.text = std::move(text);
    return step;
  }

  bool read_seals() {
    constexpr std::array<std::string_view, 1> kNames{"process"};
    for (const std::string& list : request_.seals)
      for (const std::string_view word : base::split(list, ',')) {
        const auto found = std::find(kNames.begin(), kNames.end(), word);
        if (found == kNames.end()) {
          const auto near = base::closest(word, kNames);
          return refuse(kBadSeal,
                        fmt::format("'{}' is no seal: there is {}", base::printable(word), fmt::join(kNames, ", ")),
                        near ? fmt::format("did you mean '{}'?", *near) : "");
        }
        seals_.seals |= 1U << (found - kNames.begin());
      }
    return true;
  }

  bool no_options_alone() {
    if (!request_.caps.empty()) return refuse(kBadSeal, "--cap says what a seal leaves, but nothing is sealed", kHelp);
    if (!request_.keep_fds.empty())
      return refuse(kBadSeal, "--keep-fd says what a seal leaves open, but nothing is sealed", kHelp);
    return true;
  }

  bool read_capabilities() {
    for (const std::string& list : request_.caps)
      for (const std::string_view word : base::split(list, ',')) {
        std::string name(word);
        std::ranges::transform(name, name.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
        if (!name.starts_with("CAP_")) name.insert(0, "CAP_");
        const auto known = arch::constants_in("capability");
        const auto found = std::ranges::find_if(known, [&](const auto& each) { return each.name == name; });
        if (found == known.end())
          return refuse(kBadSeal, fmt::format("'{}' is no capability", base::printable(word)),
                        "capabilities(7) lists them");
        if (found->value > host_.last_capability)
          return refuse(kCannotSeal, fmt::format("this kernel has no {}", name));
        kept_ |= std::uint64_t{1} << found->value;
      }
    return true;
  }

  // Namespaces are an administrator's to make; everybody else becomes one in a user namespace, over himself.
  bool identity() {
    const bool administrator = (host_.capabilities >> CAP_SYS_ADMIN & 1) != 0;
    seals_.init = has(Seal::process);
    if (seals_.init) setup(StepKind::tie_to_parent);
    if (administrator) {
      if (const std::uint64_t absent = kept_ & ~host_.capabilities; absent != 0)
        return refuse(kCannotSeal, "--cap keeps a capability that we do not have ourselves");
      return true;
    }
    if (!host_.user_namespaces)
      return refuse(kCannotSeal,
                    "sealing needs CAP_SYS_ADMIN or a user namespace, and this kernel lets nobody make one",
                    "see user.max_user_namespaces and kernel.unprivileged_userns_clone");
    seals_.namespaces |= CLONE_NEWUSER;
    setup(StepKind::write_file, "/proc/self/setgroups", "deny");
    setup(StepKind::write_file, "/proc/self/gid_map", fmt::format("{0} {0} 1", host_.gid));
    setup(StepKind::write_file, "/proc/self/uid_map", fmt::format("{0} {0} 1", host_.uid));
    return true;
  }

  void process() {
    seals_.namespaces |= CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS;
    setup(StepKind::unshare).flags = CLONE_NEWCGROUP;
    setup(StepKind::private_mounts);
    Step& proc = setup(StepKind::new_mount, "proc");
    proc.slot = 0;
    proc.flags = kSafe;
    setup(StepKind::attach, "/proc").slot = 0;
    for (const char* path : kHiddenInProc) setup(StepKind::hide, path);
    for (const char* path : kReadOnlyInProc) setup(StepKind::read_only, path);
    setup(StepKind::session_keyring);
  }

  void privileges() {
    Step& core = setup(StepKind::limit);
    core.number = RLIMIT_CORE;
    setup(StepKind::drop_bounding).value = kept_;
    if (seals_.init) {
      // What init needs to pass signals on to a program that changed its user.
      setup(StepKind::capabilities).value = kept_ | std::uint64_t{1} << CAP_KILL;
      setup(StepKind::not_dumpable);
    }
    Step& own = program(StepKind::capabilities);
    own.value = kept_;
    own.flags = 1;
  }

  bool files() {
    std::vector<std::uint64_t> kept;
    for (const std::string& word : request_.keep_fds) {
      const auto fd = base::parse_u64(word);
      if (!fd || *fd < 3 || *fd > 0x7fffffff)
        return refuse(kBadSeal, fmt::format("'{}' is no file descriptor above 2", base::printable(word)),
                      "0, 1 and 2 stay open anyway");
      if (std::ranges::find(host_.open_fds, static_cast<int>(*fd)) == host_.open_fds.end())
        return refuse(kBadSeal, fmt::format("file descriptor {} is not open, so it cannot be kept", *fd));
      kept.push_back(*fd);
    }
    std::ranges::sort(kept);
    std::uint64_t first = 3;
    const auto close = [&](std::uint64_t last) {
      if (first > last) return;
      Step& step = program(StepKind::close_files);
      step.number = first;
      step.value = last;
    };
    for (const std::uint64_t fd : kept) {
      close(fd - 1);
      first = std::max(first, fd + 1);
    }
    close(~0U);
    return true;
  }

  static constexpr const char* kHelp = "--seal process";

  const SealRequest& request_;
  const HostFacts& host_;
  Refusal& refusal_;
  Seals seals_;
  std::uint64_t kept_ = 0;
};

std::string capability_list(std::uint64_t set) {
  std::vector<std::string_view> names;
  for (const auto& each : arch::constants_in("capability"))
    if (each.value < 64 && (set >> each.value & 1) != 0) names.push_back(each.name);
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

std::string attributes_text(std::uint64_t flags) {
  std::vector<std::string_view> words;
  if (flags & MOUNT_ATTR_RDONLY) words.push_back("read-only");
  if (flags & MOUNT_ATTR_NOSUID) words.push_back("nosuid");
  if (flags & MOUNT_ATTR_NODEV) words.push_back("nodev");
  if (flags & MOUNT_ATTR_NOEXEC) words.push_back("noexec");
  return words.empty() ? "" : fmt::format(" ({})", fmt::join(words, ", "));
}

std::string limit_name(std::uint64_t resource) {
  constexpr std::array<std::string_view, 16> kNames{"cpu",      "fsize",  "data",    "stack", "core",  "rss",
                                                    "nproc",    "nofile", "memlock", "as",    "locks", "sigpending",
                                                    "msgqueue", "nice",   "rtprio",  "rttime"};
  return resource < kNames.size() ? std::string(kNames[resource]) : fmt::format("{}", resource);
}

}  // namespace

std::optional<Seals> plan_seals(const SealRequest& request, const HostFacts& host, Refusal& refusal) {
  return Planner(request, host, refusal).plan();
}

const Step* Seals::step(std::size_t index) const {
  if (index < setup.size()) return &setup[index];
  index -= setup.size();
  return index < program.size() ? &program[index] : nullptr;
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
  constexpr std::array<std::string_view, 14> kNames{"tie-to-parent",   "write-file", "private-mounts", "unshare",
                                                    "new-mount",       "attach",     "read-only",      "hide",
                                                    "session-keyring", "limit",      "drop-bounding",  "capabilities",
                                                    "not-dumpable",    "close-files"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string describe(const Step& step) {
  switch (step.kind) {
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
    case StepKind::attach:
      return fmt::format("mount it on {}", base::printable(step.path, 200));
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
