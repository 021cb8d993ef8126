// Sources: Docker's Engine API v1.41; podman libpod/define/container_inspect.go; runc libcontainer/state_linux.go and
// factory_linux.go (state.json, exec.fifo); crun src/libcrun/status.c (status, exec.fifo); containerd
// pkg/process/init.go (init.pid) and its CRI's annotations. SPDX-License-Identifier: Apache-2.0
#include "container/find.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <memory>

#include "base/io.h"
#include "base/source.h"
#include "base/text.h"

namespace callgate::container {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxAnswer = std::size_t{4} << 20;

std::string text_at(text::Node in, std::string_view name) {
  const text::Node node = in && in.is_object() ? in.find(name) : text::Node();
  return node && node.is_string() ? std::string(node.text()) : std::string();
}

text::Node object_at(text::Node in, std::string_view name) {
  const text::Node node = in && in.is_object() ? in.find(name) : text::Node();
  return node && node.is_object() ? node : text::Node();
}

pid_t pid_at(text::Node in, std::string_view name) {
  const text::Node node = in && in.is_object() ? in.find(name) : text::Node();
  const auto pid = node ? node.as_u64() : std::nullopt;
  constexpr std::uint64_t kMostPid = 1U << 22;
  return pid && *pid <= kMostPid ? static_cast<pid_t>(*pid) : 0;
}

// A text as a tree, with what the tree points into.
struct Answer {
  std::unique_ptr<base::SourceFile> source;
  std::optional<text::Document> document;
  text::Node root() const { return document ? document->root() : text::Node(); }
};

Answer parsed(std::string name, std::string text) {
  Answer out;
  out.source = std::make_unique<base::SourceFile>(std::move(name), std::move(text));
  base::Diagnostics ignored;
  out.document = text::read_json(*out.source, ignored);
  return out;
}

// Nothing that would be another path of the API, or of a folder.
bool is_name(std::string_view name) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return !name.empty() && name != "." && name != ".." && name.find_first_not_of(kLetters) == std::string_view::npos;
}

// Nothing where the engine answers that there is no such thing.
base::Result<std::optional<Answer>> get(const std::string& socket, const std::string& path, const HttpLimits& limits) {
  auto answer = http_get(socket, path, limits);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status == 404) return std::nullopt;
  if (answer->status != 200)
    return base::fail(base::ErrorCode::io, fmt::format("GET {} is answered with status {}", path, answer->status));
  Answer out = parsed(path, std::move(answer->body));
  if (!out.document) return base::fail(base::ErrorCode::invalid, fmt::format("the answer to GET {} is no JSON", path));
  return out;
}

// Podman 4 and 5 call themselves "Podman Engine".
base::Result<std::string> engine_at(const std::string& socket, const HttpLimits& limits) {
  const auto version = get(socket, "/version", limits);
  if (!version) return tl::unexpected(version.error());
  const text::Node root = *version ? (*version)->root() : text::Node();
  const text::Node components = root && root.is_object() ? root.find("Components") : text::Node();
  if (components && components.is_array())
    for (const text::Node each : components)
      if (text_at(each, "Name") == "Podman Engine") return std::string("podman");
  return std::string("docker");
}

// The image's digest at the registry that it came from, which the container's own object lacks at Docker's.
void add_digest(const std::string& socket, const HttpLimits& limits, Found& found) {
  if (!found.image_digest.empty() || found.image_id.empty()) return;
  const auto image = get(socket, fmt::format("/images/{}/json", found.image_id), limits);
  if (!image || !*image) return;
  const text::Node root = (*image)->root();
  const text::Node digests = root.is_object() ? root.find("RepoDigests") : text::Node();
  if (!digests || !digests.is_array() || digests.size() == 0 || !(*digests.begin()).is_string()) return;
  const std::string_view text = (*digests.begin()).text();
  if (const auto at = text.find('@'); at != std::string_view::npos) found.image_digest = text.substr(at + 1);
}

std::optional<Found> read_runtime_state(const fs::path& folder) {
  Found out;
  out.id = out.name = folder.filename().string();
  for (const auto& [engine, file, key] :
       {std::array<std::string_view, 3>{"runc", "state.json", "init_process_pid"}, {"crun", "status", "pid"}}) {
    auto text = base::read_file((folder / file).string(), kMaxAnswer);
    if (!text) continue;
    const Answer answer = parsed(std::string(file), *std::move(text));
    out.engine = engine;
    out.pid = pid_at(answer.root(), key);
    break;
  }
  if (out.engine.empty()) {  // containerd's task
    const auto pid = base::read_file((folder / "init.pid").string(), 64);
    auto config = base::read_file((folder / "config.json").string(), kMaxAnswer);
    if (!pid || !config) return std::nullopt;
    out.engine = "containerd";
    out.pid = static_cast<pid_t>(base::parse_u64(base::trim(*pid)).value_or(0));
    const Answer answer = parsed("config.json", *std::move(config));
    const text::Node annotations = object_at(answer.root(), "annotations");
    if (auto name = text_at(annotations, "io.kubernetes.cri.container-name"); !name.empty()) out.name = std::move(name);
    out.image = text_at(annotations, "io.kubernetes.cri.image-name");
  }
  if (out.pid == 0 || kill(out.pid, 0) != 0) {
    out.pid = 0;
  } else {
    std::error_code ignored;
    out.stage = fs::exists(folder / "exec.fifo", ignored) ? Stage::starting : Stage::running;
  }
  return out;
}

// What a program prints, or nothing if it cannot be run or fails.
std::optional<std::string> output_of(std::vector<std::string> words) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  const base::UniqueFd out(ends[0]);
  base::UniqueFd in(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, in.get(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A recorder has blocked all signals; what it starts should not have.
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  const int failure = posix_spawnp(&child, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  in.reset();
  if (failure != 0) return std::nullopt;
  std::string text;
  std::array<char, 65536> block;
  for (ssize_t n = 0; (n = read(out.get(), block.data(), block.size())) != 0;) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 || text.size() > kMaxAnswer) break;
    text.append(block.data(), static_cast<std::size_t>(n));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return text;
}

}  // namespace

Found read_found(text::Node node, std::string_view engine) {
  if (node && node.is_array() && node.size() > 0) node = *node.begin();
  Found out;
  out.engine = engine;
  out.id = text_at(node, "Id");
  out.name = text_at(node, "Name");
  if (out.name.starts_with('/')) out.name.erase(0, 1);
  const text::Node config = object_at(node, "Config"), state = object_at(node, "State");
  const std::string podmans = text_at(node, "ImageName");
  out.image = podmans.empty() ? text_at(config, "Image") : podmans;
  out.image_id = text_at(node, "Image");
  if (!out.image_id.empty() && out.image_id.find(':') == std::string::npos) out.image_id.insert(0, "sha256:");
  out.image_digest = text_at(node, "ImageDigest");
  const text::Node labels = object_at(config, "Labels");
  out.project = text_at(labels, "com.docker.compose.project");
  out.service = text_at(labels, "com.docker.compose.service");
  const std::string status = text_at(state, "Status");
  out.pid = pid_at(state, "Pid");
  const bool lives = status == "running" || status == "paused" || status == "restarting";
  out.stage = out.pid == 0 ? Stage::stopped : lives ? Stage::running : Stage::starting;
  if (status == "exited" || status == "dead" || status == "stopped") out.stage = Stage::stopped;
  if (out.stage == Stage::stopped) out.pid = 0;
  return out;
}

base::Result<std::optional<Found>> find_at_engine(const std::string& socket, const std::string& name,
                                                  const HttpLimits& limits) {
  if (!is_name(name)) return std::nullopt;
  const auto answer = get(socket, fmt::format("/containers/{}/json", name), limits);
  if (!answer) return tl::unexpected(answer.error());
  if (!*answer) return std::nullopt;
  const auto engine = engine_at(socket, limits);
  if (!engine) return tl::unexpected(engine.error());
  Found found = read_found((*answer)->root(), *engine);
  if (found.id.empty()) return base::fail(base::ErrorCode::invalid, "the engine's answer names no container");
  add_digest(socket, limits, found);
  return found;
}

base::Result<std::vector<Found>> find_project(const std::string& socket, const std::string& project,
                                              const HttpLimits& limits) {
  std::vector<Found> out;
  if (!is_name(project)) return out;
  // {"label":["com.docker.compose.project=NAME"]}
  const auto list =
      get(socket,
          fmt::format("/containers/json?all=1&filters=%7B%22label%22%3A%5B%22com.docker.compose.project%3D{}%22%5D%7D",
                      project),
          limits);
  if (!list) return tl::unexpected(list.error());
  const text::Node root = *list ? (*list)->root() : text::Node();
  if (!root || !root.is_array()) return base::fail(base::ErrorCode::invalid, "the engine's answer is no list");
  for (const text::Node each : root) {
    if (text_at(object_at(each, "Labels"), "com.docker.compose.oneoff") == "True") continue;
    auto found = find_at_engine(socket, text_at(each, "Id"), limits);
    if (!found) return tl::unexpected(found.error());
    if (*found && !(*found)->service.empty()) out.push_back(**std::move(found));
  }
  return out;
}

std::optional<std::string> inspect_by_podman(const std::string& name) {
  if (!is_name(name) || name.starts_with('-')) return std::nullopt;
  return output_of({"podman", "container", "inspect", name});
}

std::optional<Found> find_by_podman(const std::string& name) {
  auto text = inspect_by_podman(name);
  if (!text) return std::nullopt;
  const Answer answer = parsed("podman inspect", *std::move(text));
  const text::Node root = answer.root();
  if (!root || !root.is_array() || root.size() == 0) return std::nullopt;
  Found found = read_found(root, "podman");
  if (found.id.empty()) return std::nullopt;
  return found;
}

std::optional<Found> find_in_state(const std::vector<std::string>& roots, const std::string& name) {
  if (!is_name(name)) return std::nullopt;
  constexpr std::size_t kShortId = 12;
  std::vector<Found> named;  // by its Pod; those that are gone leave nothing
  for (const std::string& root : roots) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(root, error)) {
      const std::string id = entry.path().filename().string();
      const bool by_id = id == name || (name.size() >= kShortId && id.starts_with(name));
      if (!by_id && !fs::exists(entry.path() / "init.pid", error)) continue;
      auto found = read_runtime_state(entry.path());
      if (found && by_id) return found;
      if (found && found->name == name) named.push_back(std::move(*found));
    }
  }
  // Pods have containers of the same name: which one is meant is not guessed.
  return named.size() == 1 ? std::optional(named.front()) : std::nullopt;
}

std::vector<std::string> usual_state_roots(const std::vector<std::string>& environment) {
  std::vector<std::string> out{"/run/runc", "/run/crun"};
  for (const std::string& each : environment)
    if (constexpr std::string_view kName = "XDG_RUNTIME_DIR="; each.starts_with(kName))
      for (const std::string_view runtime : {"/runc", "/crun"})
        out.push_back(each.substr(kName.size()).append(runtime));
  // A folder a namespace: Docker's "moby", Kubernetes' "k8s.io".
  for (const std::string_view above : {"/run/docker/runtime-runc", "/run/containerd/io.containerd.runtime.v2.task",
                                       "/run/docker/containerd/daemon/io.containerd.runtime.v2.task"}) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(above, error)) out.push_back(entry.path().string());
  }
  return out;
}

}  // namespace callgate::container
