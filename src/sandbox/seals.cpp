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
#include "sandbox/draft.h"

namespace callgate::sandbox {

namespace {

constexpr std::uint64_t kSafe = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

// What container runtimes keep from a program in /proc and /sys, for files of the kernel's tell and obey whoever is
// user 0, capabilities or not (OCI runtimes' default maskedPaths and readonlyPaths).
constexpr std::array<const char*, 10> kHidden{"/sys/firmware",     "/sys/devices/virtual/powercap",
                                              "/proc/acpi",        "/proc/kcore",
                                              "/proc/keys",        "/proc/latency_stats",
                                              "/proc/timer_list",  "/proc/timer_stats",
                                              "/proc/sched_debug", "/proc/scsi"};
constexpr std::array<const char*, 5> kReadOnlyInProc{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                                     "/proc/sysrq-trigger"};

class Planner {
 public:
  explicit Planner(Draft& draft) : draft_(draft), request_(draft.request), host_(draft.host), seals_(draft.seals) {}

  bool plan() {
    if (!read_seals()) return false;
    if (!seals_.any()) return no_options_alone();
    if (!(has(Seal::file) || no_file_options()) || !(has(Seal::net) || no_net_options()) ||
        !(has(Seal::memory) || no_memory_options()))
      return false;
    if (!read_capabilities() || !identity()) return false;
    if (has(Seal::memory) && !plan_memory(draft_)) return false;
    for (const std::string& group : seals_.cgroups) setup(StepKind::write_file, group + "/cgroup.procs", "0");
    if (has(Seal::process) && !draft_.bare && !process()) return false;
    if ((has(Seal::process) || has(Seal::memory)) && !draft_.session_keyring()) return false;
    if (has(Seal::net) && !plan_net(draft_)) return false;
    if (has(Seal::file) && !plan_files(draft_)) return false;
    privileges();
    plan_landlock(draft_);
    return plan_limits(draft_) && files();
  }

 private:
  bool has(Seal seal) const { return draft_.has(seal); }
  bool refuse(const base::DiagnosticId& id, std::string message, std::string help = {}) {
    return draft_.refuse(id, std::move(message), std::move(help));
  }
  Step& setup(StepKind kind, std::string path = {}, std::string text = {}) {
    return draft_.setup(kind, std::move(path), std::move(text));
  }
  Step& program(StepKind kind) { return draft_.program(kind); }

  bool read_seals() {
    constexpr std::array<std::string_view, 5> kNames{"process", "file", "net", "memory", "all"};
    for (const std::string& list : request_.seals)
      for (const std::string_view word : base::split(list, ',')) {
        const auto found = std::find(kNames.begin(), kNames.end(), word);
        if (found == kNames.end()) {
          const auto near = base::closest(word, kNames);
          return refuse(kBadSeal,
                        fmt::format("'{}' is no seal: there is {}", base::printable(word), fmt::join(kNames, ", ")),
                        near ? fmt::format("did you mean '{}'?", *near) : "");
        }
        seals_.seals |= word == "all" ? 15U : 1U << (found - kNames.begin());
      }
    return true;
  }

  bool no_options_alone() {
    if (!request_.caps.empty()) return refuse(kBadSeal, "--cap says what a seal leaves, but nothing is sealed", kHelp);
    if (!request_.keep_fds.empty())
      return refuse(kBadSeal, "--keep-fd says what a seal leaves open, but nothing is sealed", kHelp);
    return no_file_options() && no_net_options() && no_memory_options();
  }

  bool no_memory_options() {
    const bool any =
        request_.memory || request_.swap || request_.pids || !request_.rlimits.empty() || request_.no_exec_memory;
    return !any || refuse(kBadSeal,
                          "--memory, --swap, --pids, --rlimit and --no-exec-mem limit sealed memory, but that is not "
                          "sealed",
                          "--seal memory");
  }

  bool no_net_options() {
    const bool any = request_.net || !request_.connect_ports.empty() || !request_.bind_ports.empty();
    return !any || refuse(kBadSeal,
                          "--net, --connect and --bind say what a sealed program has of the network, but that is not "
                          "sealed",
                          "--seal net");
  }

  bool no_file_options() {
    const bool any = !request_.read_only.empty() || !request_.writable.empty() || !request_.empty.empty() ||
                     request_.root.has_value();
    return !any || refuse(kBadSeal,
                          "--ro, --rw, --tmpfs and --root say what a sealed program sees of the file system, but "
                          "that is not sealed",
                          "--seal file");
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
    if (!administrator && !host_.user_namespaces) {
      if (!draft_.lacking(
              "sealing needs CAP_SYS_ADMIN or a user namespace, and this kernel lets nobody make one",
              "see user.max_user_namespaces and kernel.unprivileged_userns_clone; in a container, its filter, "
              "and whether it has a /proc; --best-effort goes on without namespaces"))
        return false;
      draft_.bare = true;
      if ((kept_ & ~host_.capabilities) != 0)
        draft_.left_out("--cap: what we do not have ourselves cannot be kept without a user namespace");
      kept_ &= host_.capabilities;
      if (has(Seal::process))
        draft_.left_out(
            "--seal process: other processes stay in sight; there is no init, no hostname, no /proc of its own");
      return true;
    }
    seals_.init = has(Seal::process);
    if (seals_.init) setup(StepKind::tie_to_parent);
    if (administrator) {
      if (const std::uint64_t absent = kept_ & ~host_.capabilities; absent != 0)
        return refuse(kCannotSeal, "--cap keeps a capability that we do not have ourselves");
      return true;
    }
    seals_.namespaces |= CLONE_NEWUSER;
    setup(StepKind::write_file, "/proc/self/setgroups", "deny");
    setup(StepKind::write_file, "/proc/self/gid_map", fmt::format("{0} {0} 1", host_.gid));
    setup(StepKind::write_file, "/proc/self/uid_map", fmt::format("{0} {0} 1", host_.uid));
    return true;
  }

  bool process() {
    seals_.namespaces |= CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS;
    setup(StepKind::unshare).flags = CLONE_NEWCGROUP;
    // A user namespace gets no /proc that shows what is hidden in the one around it, as in containers.
    if (!host_.new_proc &&
        !draft_.lacking("--seal process: no /proc of its own, for parts of the one here are hidden",
                        "a container needs --security-opt systempaths=unconfined (Docker) or unmask=ALL (Podman); "
                        "--best-effort goes on with the /proc that is here"))
      return false;
    if (has(Seal::file)) return true;
    setup(StepKind::private_mounts);
    if (host_.new_proc) draft_.attach(draft_.new_mount("proc", "", kSafe | draft_.proc_attributes()), "/proc");
    draft_.hide_kernel_files();
    return true;
  }

  void privileges() {
    Step& core = setup(StepKind::limit);
    core.number = RLIMIT_CORE;
    if (!draft_.bare) {
      Step& bounding = setup(StepKind::drop_bounding);
      bounding.value = kept_;
      bounding.number = host_.last_capability;
    }
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

  Draft& draft_;
  const SealRequest& request_;
  const HostFacts& host_;
  Seals& seals_;
  std::uint64_t kept_ = 0;
};

}  // namespace

std::optional<Seals> plan_seals(const SealRequest& request, const HostFacts& host, Refusal& refusal) {
  Draft draft{request, host, refusal, {}, 0, {}, false};
  if (!Planner(draft).plan()) return std::nullopt;
  return std::move(draft.seals);
}

int Draft::new_mount(std::string type, std::string options, std::uint64_t attributes) {
  Step& step = setup(StepKind::new_mount, std::move(type), std::move(options));
  step.flags = attributes;
  return step.slot = slots++;
}

int Draft::copy_mount(std::string path, std::uint64_t attributes, bool may_be_absent) {
  Step& step = setup(StepKind::copy_mount, std::move(path));
  step.flags = attributes;
  step.number = may_be_absent ? 1 : 0;
  return step.slot = slots++;
}

void Draft::attach(int slot, std::string path, bool may_be_absent) {
  Step& step = setup(StepKind::attach, std::move(path));
  step.slot = slot;
  step.number = may_be_absent ? 1 : 0;
}

void Draft::hide_kernel_files() {
  for (const char* path : kHidden) setup(StepKind::hide, path);
  for (const char* path : kReadOnlyInProc) setup(StepKind::read_only, path);
}

const Step* Seals::step(std::size_t index) const {
  if (index < prepare.size()) return &prepare[index];
  index -= prepare.size();
  if (index < setup.size()) return &setup[index];
  index -= setup.size();
  return index < program.size() ? &program[index] : nullptr;
}

}  // namespace callgate::sandbox
