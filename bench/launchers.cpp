// SPDX-License-Identifier: Apache-2.0
#include "launchers.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <initializer_list>

#include "process.h"

namespace callgate::bench {

namespace {

std::string find(const std::string& name) {
  for (const char* const folder : {"/usr/bin/", "/bin/", "/usr/sbin/"})
    if (std::string path = folder + name; access(path.c_str(), X_OK) == 0) return path;
  return {};
}

// The OCI bundle of a program alone, with the namespaces that `--seal all` makes.
bool write_bundle(const std::string& folder, const std::string& idle) {
  std::error_code error;
  std::filesystem::create_directories(folder + "/rootfs/proc", error);
  std::filesystem::copy_file(idle, folder + "/rootfs/idle", error);
  std::FILE* const file = std::fopen((folder + "/config.json").c_str(), "w");
  if (file == nullptr) return false;
  std::fputs(
      R"({"ociVersion":"1.0.0","process":{"user":{"uid":0,"gid":0},"args":["/idle"],"cwd":"/","noNewPrivileges":true,)"
      R"("capabilities":{}},"root":{"path":"rootfs","readonly":true},)"
      R"("mounts":[{"destination":"/proc","type":"proc","source":"proc"}],)"
      R"("linux":{"namespaces":[{"type":"pid"},{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"network"}]}})",
      file);
  return std::fclose(file) == 0;
}

}  // namespace

std::vector<Program> launchers(const std::string& callgate, const std::string& idle, const std::string& filter,
                               const std::string& folder) {
  std::vector<Program> out;
  const auto ours = [&](const std::string& command, const char* name, std::initializer_list<std::string> options) {
    std::vector<std::string> argv{command, "run"};
    argv.insert(argv.end(), options);
    argv.insert(argv.end(), {"--", idle});
    out.push_back({kLaunch, name, std::move(argv)});
  };
  const auto other = [&](const char* name, const char* command, std::initializer_list<std::string> options,
                         bool program = true) {
    std::vector<std::string> argv{find(command)};
    if (argv[0].empty()) return;
    argv.insert(argv.end(), options);
    if (program) argv.push_back(idle);
    if (const auto run = run_process(argv); run && run->good()) out.push_back({kLaunch, name, std::move(argv)});
  };
  out.push_back({kLaunch, kBare, {idle}});
  ours(callgate, kRun, {"--profile", "docker-default"});
  ours(callgate, kRunFilter, {"--filter", filter});
  out.push_back({kLaunch, kItself, {callgate, "version"}});
  for (const char* const seal : {"memory", "file", "net", "process"})
    ours(callgate, (std::string("callgate run --seal ") + seal).c_str(), {"--filter", filter, "--seal", seal});
  ours(callgate, kSealAll, {"--filter", filter, "--seal", "all"});
  if (const std::string alone = callgate + "-static"; access(alone.c_str(), X_OK) == 0) {
    ours(alone, kStaticRun, {"--filter", filter});
    ours(alone, kStaticSealAll, {"--filter", filter, "--seal", "all"});
    out.push_back({kLaunch, kStaticItself, {alone, "version"}});
  }
  other("setpriv --no-new-privs", "setpriv", {"--no-new-privs"});
  other("unshare, the same namespaces", "unshare",
        {"--fork", "--pid", "--mount-proc", "--ipc", "--uts", "--net", "--cgroup", "--kill-child"});
  other("bwrap --bind / /", "bwrap", {"--bind", "/", "/"});
  other(kBwrapAll, "bwrap",
        {"--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/", "--proc", "/proc", "--dev",
         "/dev", "--tmpfs", "/tmp", "--tmpfs", "/var/tmp", "--tmpfs", "/run", "--"});
  other("firejail, as --seal all", "firejail",
        {"--quiet", "--noprofile", "--net=none", "--private-dev", "--private-tmp", "--read-only=/", "--caps.drop=all",
         "--nonewprivs", "--seccomp", "--ipc-namespace", "--"});
  if (write_bundle(folder, idle))
    other("crun, the same namespaces", "crun",
          {"--cgroup-manager=disabled", "--root", folder + "/state", "run", "--bundle", folder, "callgate-bench"},
          false);
  return out;
}

}  // namespace callgate::bench
