// Where a cgroup of ours could lie. A controller is in one hierarchy only: of version 1, or the unified one; a hybrid
// machine has both.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/io.h"
#include "base/text.h"
#include "sandbox/host_facts.h"

namespace callgate::sandbox {

namespace {

bool has_word(std::string_view text, char separator, std::string_view word) {
  const auto words = base::split(text, separator);
  return std::ranges::find(words, word) != words.end();
}

// Our path in the hierarchy of `controller` ("": the unified one), by /proc/PID/cgroup.
std::optional<std::string> own_path(std::string_view groups, std::string_view controller) {
  for (const std::string_view line : base::split(groups, '\n')) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view names = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? line.starts_with("0:") && names.empty() : has_word(names, ',', controller))
      return std::string(line.substr(second + 1));
  }
  return std::nullopt;
}

// The directory of `path` in the mount of that hierarchy, by /proc/PID/mountinfo.
std::optional<std::string> directory_of(std::string_view mounts, std::string_view controller, const std::string& path) {
  for (const std::string_view line : base::split(mounts, '\n')) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto before = base::split(line.substr(0, dash), ' '), after = base::split(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3) continue;
    const bool fits =
        controller.empty() ? after[0] == "cgroup2" : after[0] == "cgroup" && has_word(after[2], ',', controller);
    const std::string_view root = before[3];
    if (!fits || (root != "/" && !path.starts_with(root))) continue;
    const std::string rest = root == "/" ? path : path.substr(root.size());
    return std::string(before[4]) + (rest == "/" ? "" : rest);
  }
  return std::nullopt;
}

bool writable(const std::string& directory) {
  return access(directory.c_str(), W_OK) == 0 && access((directory + "/cgroup.procs").c_str(), W_OK) == 0;
}

}  // namespace

CgroupFacts cgroup_facts(std::string_view controller, std::string_view groups, std::string_view mounts,
                         const FileReader& read) {
  CgroupFacts facts;
  if (const auto path = own_path(groups, controller)) {
    if (const auto directory = directory_of(mounts, controller, *path)) {
      facts.version = 1;
      facts.directory = *directory;
    }
  } else if (const auto unified = own_path(groups, "")) {
    const auto directory = directory_of(mounts, "", *unified);
    const auto has = [&](const std::string& file) { return has_word(base::trim(read(file)), ' ', controller); };
    const bool divided = directory && has(*directory + "/cgroup.subtree_control");
    // The root has all controllers, but what it does not hand down its children lack.
    if (divided || (directory && *unified != "/" && has(*directory + "/cgroup.controllers"))) {
      facts.version = 2;
      // Processes are in leaves alone: where ours is one, the new group lies beside it.
      facts.directory = divided ? *directory : directory->substr(0, directory->rfind('/'));
    }
  }
  return facts;
}

void read_cgroups(HostFacts& facts) {
  const auto text = [](const std::string& path) { return base::read_file(path).value_or(""); };
  const std::string groups = text("/proc/self/cgroup"), mounts = text("/proc/self/mountinfo");
  for (const auto& [controller, place] : {std::pair{"memory", &facts.memory}, std::pair{"pids", &facts.pids}}) {
    *place = cgroup_facts(controller, groups, mounts, text);
    place->writable = place->version != 0 && writable(place->directory);
  }
  facts.memory.swap = facts.memory.version == 1
                          ? access((facts.memory.directory + "/memory.memsw.limit_in_bytes").c_str(), F_OK) == 0
                          : access("/proc/swaps", F_OK) == 0;
}

}  // namespace callgate::sandbox
