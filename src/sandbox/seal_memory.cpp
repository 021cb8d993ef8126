// `--seal memory`: nothing shared by System V IPC, POSIX queues or keyrings; limits by a cgroup of its own and by
// rlimits. cgroup files: Documentation/admin-guide/cgroup-v1/{memory,pids}.rst and cgroup-v2.rst.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>

#include "base/text.h"
#include "sandbox/diagnostic_ids.h"
#include "sandbox/draft.h"

namespace callgate::sandbox {

namespace {

// "512M": bytes, or KiB, MiB, GiB.
std::optional<std::uint64_t> parse_size(std::string_view text) {
  unsigned shift = 0;
  if (!text.empty()) {
    constexpr std::string_view kUnits = "KMG";
    const std::size_t unit = kUnits.find(text.back());
    if (unit != std::string_view::npos) {
      shift = 10 * (static_cast<unsigned>(unit) + 1);
      text.remove_suffix(1);
    }
  }
  const auto number = base::parse_u64(text);
  if (!number || *number > (~std::uint64_t{0} >> 1 >> shift)) return std::nullopt;
  return *number << shift;
}

class MemoryPlanner {
 public:
  explicit MemoryPlanner(Draft& draft) : draft_(draft), request_(draft.request) {}

  bool plan() {
    if (!draft_.bare) draft_.seals.namespaces |= CLONE_NEWIPC;
    draft_.seals.no_exec_memory = request_.no_exec_memory;
    if (request_.no_exec_memory) close_proc_memory();
    return memory() && pids();
  }

 private:
  bool no_value(const char* option, const std::string& text, const char* what) {
    return draft_.refuse(kBadSeal, fmt::format("{} '{}' is no {}", option, base::printable(text), what));
  }

  // The other seals' views have /proc read-only then.
  void close_proc_memory() {
    if (draft_.has(Seal::file) && (!draft_.bare || draft_.host.landlock_abi > 0)) return;
    if (draft_.bare) return draft_.left_out("--no-exec-mem: code can still be written by /proc/PID/mem");
    if (draft_.has(Seal::process)) return;
    draft_.seals.namespaces |= CLONE_NEWNS;
    draft_.setup(StepKind::private_mounts);
    draft_.attach(draft_.copy_mount("/proc", draft_.proc_attributes()), "/proc");
  }

  bool memory() {
    if (!request_.memory) {
      return !request_.swap || draft_.refuse(kBadSeal, "--swap is counted on top of --memory, which is not given");
    }
    const auto bytes = parse_size(*request_.memory);
    if (!bytes || *bytes == 0) return no_value("--memory", *request_.memory, "number of bytes, as in 512M");
    const auto swap = parse_size(request_.swap.value_or("0"));
    if (!swap || *swap > (~std::uint64_t{0} >> 1) - *bytes)
      return no_value("--swap", *request_.swap, "number of bytes, as in 512M");
    const CgroupFacts& place = draft_.host.memory;
    if (!usable(place, "memory")) return draft_.request.best_effort;
    if (request_.swap && !place.swap && !draft_.lacking("--swap: this kernel does not account swap")) return false;
    const std::string group = make_group(place);
    write(group, place.version == 2 ? "memory.max" : "memory.limit_in_bytes", *bytes);
    if (place.swap) {
      if (place.version == 2)
        write(group, "memory.swap.max", *swap);
      else
        write(group, "memory.memsw.limit_in_bytes", *bytes + *swap);
    }
    if (place.version == 2) write(group, "memory.oom.group", 1);
    return true;
  }

  bool pids() {
    if (!request_.pids) return true;
    const auto number = base::parse_u64(*request_.pids);
    if (!number || *number == 0 || *number > 4194304) return no_value("--pids", *request_.pids, "number of processes");
    const CgroupFacts& place = draft_.host.pids;
    if (!usable(place, "pids")) return draft_.request.best_effort;
    write(make_group(place), "pids.max", *number);
    return true;
  }

  bool usable(const CgroupFacts& place, const char* controller) {
    if (place.version != 0 && place.writable) return true;
    std::string why = place.version == 0 ? fmt::format("--{}: this machine has no cgroup with the {} controller",
                                                       controller, controller)
                                         : fmt::format("--{}: the cgroup {} (version {}) is not ours to divide",
                                                       controller, place.directory, place.version);
    std::ignore = draft_.lacking(std::move(why));
    return false;
  }

  std::string make_group(const CgroupFacts& place) {
    std::string group = fmt::format("{}/callgate-{}", place.directory == "/" ? "" : place.directory, draft_.host.pid);
    if (std::ranges::find(draft_.seals.cgroups, group) != draft_.seals.cgroups.end()) return group;
    draft_.prepare(StepKind::make_cgroup, group);
    draft_.seals.cgroups.push_back(group);
    return group;
  }
  void write(const std::string& group, const char* file, std::uint64_t value) {
    draft_.prepare(StepKind::write_file, group + "/" + file, std::to_string(value));
  }

  Draft& draft_;
  const SealRequest& request_;
};

}  // namespace

bool plan_memory(Draft& draft) {
  return MemoryPlanner(draft).plan();
}

bool plan_limits(Draft& draft) {
  for (const std::string& text : draft.request.rlimits) {
    const std::size_t equals = text.find('=');
    const auto name = std::string_view(text).substr(0, equals);
    const auto names = limit_names();
    const auto found = std::ranges::find(names, name);
    const auto value =
        equals == std::string::npos ? std::nullopt : parse_size(std::string_view(text).substr(equals + 1));
    if (found == names.end() || !value)
      return draft.refuse(kBadSeal, fmt::format("--rlimit '{}' is not NAME=NUMBER", base::printable(text)),
                          fmt::format("names: {}", fmt::join(names, ", ")));
    Step& step = draft.program(StepKind::limit);
    step.number = static_cast<std::uint64_t>(found - names.begin());
    step.value = *value;
  }
  return true;
}

}  // namespace callgate::sandbox
