// SPDX-License-Identifier: Apache-2.0
#include "record/running.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/io.h"
#include "base/text.h"
#include "tracee/event.h"

namespace callgate::record {

namespace fs = std::filesystem;

namespace {

std::vector<pid_t> numbers_in(const std::string& path, char separator) {
  std::vector<pid_t> out;
  const auto text = base::read_file(path);
  if (!text) return out;
  for (const std::string_view word : base::split(*text, separator))
    if (const auto number = base::parse_u64(base::trim(word))) out.push_back(static_cast<pid_t>(*number));
  return out;
}

bool is_cgroup2(const std::string& directory) {
  struct statfs status{};
  return statfs(directory.c_str(), &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
}

}  // namespace

std::vector<TaskIds> tasks_below(const std::vector<pid_t>& processes) {
  std::vector<TaskIds> out;
  std::set<pid_t> known(processes.begin(), processes.end());
  std::vector<pid_t> left(processes);
  while (!left.empty()) {
    const pid_t process = left.back();
    left.pop_back();
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/task", process), error)) {
      const auto tid = base::parse_u64(entry.path().filename().string());
      if (!tid) continue;
      out.push_back({static_cast<pid_t>(*tid), process});
      for (const pid_t child : numbers_in(entry.path().string() + "/children", ' '))
        if (known.insert(child).second) left.push_back(child);
    }
  }
  return out;
}

pid_t top_of(pid_t process, const std::set<pid_t>& processes) {
  constexpr int kDeepest = 1000;  // pids that are used anew while we look must not lead us in a circle
  for (int i = 0; i < kDeepest; ++i) {
    const pid_t parent = tracee::parent_of(process);
    if (parent == process || !processes.contains(parent)) break;
    process = parent;
  }
  return process;
}

bool ignores(pid_t process, int signal) {
  constexpr std::string_view kName = "\nSigIgn:\t";
  const auto status = base::read_file(fmt::format("/proc/{}/status", process));
  const std::size_t at = status ? status->find(kName) : std::string::npos;
  if (at == std::string::npos) return false;
  const auto mask = base::parse_u64("0x" + status->substr(at + kName.size(), 16));
  return mask && (*mask >> (signal - 1) & 1) != 0;
}

std::vector<pid_t> processes_of_cgroup(const std::string& directory) {
  std::vector<pid_t> out = numbers_in(directory + "/cgroup.procs", '\n');
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error))
    if (entry.is_directory(error))
      for (const pid_t process : processes_of_cgroup(entry.path().string())) out.push_back(process);
  return out;
}

base::Result<CgroupChoice> choose_cgroup(const std::string& directory) {
  std::error_code error;
  const fs::path path = fs::canonical(directory, error);
  struct stat status{};
  if (error || !is_cgroup2(path.string()) || stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    return base::fail(base::ErrorCode::invalid,
                      fmt::format("'{}' is no cgroup of version 2", base::printable(directory)));
  // Below the root of the file system, which is the hierarchy's unless we are in a cgroup namespace.
  std::uint32_t level = 0;
  for (fs::path above = path.parent_path(); is_cgroup2(above.string()); above = above.parent_path()) {
    ++level;
    if (above == above.root_path()) break;
  }
  return CgroupChoice{status.st_ino, level};
}

std::vector<std::string> cgroup_names_of_container(const std::string& id) {
  std::vector<std::string> out{id, id + ".scope"};
  // By systemd's naming with ".scope": of Docker, Podman, containerd's CRI, CRI-O, nerdctl, crun and runc.
  for (const std::string_view engine : {"docker", "libpod", "cri-containerd", "crio", "nerdctl", "crun", "runc"}) {
    out.push_back(fmt::format("{}-{}", engine, id));
    out.push_back(fmt::format("{}-{}.scope", engine, id));
  }
  return out;
}

std::vector<pid_t> processes_of_container(pid_t process, const std::vector<std::string>& cgroup_names) {
  std::set<pid_t> out{process};
  const auto text = base::read_file(fmt::format("/proc/{}/cgroup", process));
  if (!text) return {process};
  // "4:memory:/docker/ID", "1:name=systemd:/…", "0::/…"
  for (const std::string_view line : base::split(*text, '\n')) {
    const auto parts = base::split(line, ':');
    if (parts.size() < 3) continue;
    const fs::path path = std::string(parts[2]);
    const auto named = [&](const fs::path& each) {
      return std::ranges::find(cgroup_names, each.string()) != cgroup_names.end();
    };
    if (!named(path.filename()) && !named(path.parent_path().filename())) continue;
    std::string_view controllers = parts[1];
    if (controllers.starts_with("name=")) controllers.remove_prefix(5);
    for (const std::string& root : {std::string("/sys/fs/cgroup"), std::string("/sys/fs/cgroup/unified"),
                                    fmt::format("/sys/fs/cgroup/{}", controllers)})
      for (const pid_t each : processes_of_cgroup(root + path.string())) out.insert(each);
  }
  return {out.begin(), out.end()};
}

std::string cgroup_of_unit(const std::string& unit) {
  for (const char* const root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    if (!is_cgroup2(root)) continue;
    std::error_code error;
    for (auto at = fs::recursive_directory_iterator(root, fs::directory_options::skip_permission_denied, error);
         !error && at != fs::recursive_directory_iterator(); at.increment(error))
      if (at->is_directory(error) && at->path().filename() == unit) return at->path().string();
  }
  return {};
}

bool is_populated(const std::string& directory) {
  const auto events = base::read_file(directory + "/cgroup.events");
  if (!events) return fs::exists(directory) && !fs::exists(directory + "/cgroup.events");  // the root has none
  return events->find("populated 0") == std::string::npos;
}

}  // namespace callgate::record
