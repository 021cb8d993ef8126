// SPDX-License-Identifier: Apache-2.0
#include "cli/record_oci.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <mutex>

#include "base/io.h"
#include "base/text.h"
#include "cli/diagnostic_ids.h"
#include "cli/record_talk.h"
#include "cli/record_targets.h"
#include "container/oci.h"
#include "record/diagnostic_ids.h"
#include "record/running.h"
#include "recording/file.h"

namespace callgate::cli {

namespace {

namespace fs = std::filesystem;

// "%i" in a file's name stands for the container's id.
std::string file_for(std::string_view pattern, const std::string& id) {
  std::string out(pattern);
  for (std::size_t at = 0; (at = out.find("%i", at)) != std::string::npos; at += id.size()) out.replace(at, 2, id);
  return out;
}

// The container's name and image, which the hook is not told: its engine knows them once it runs, and not any more
// once it was removed.
class Names {
 public:
  Names(Session& session, std::string id) : search_(session), id_(std::move(id)) {}
  void look() {
    const std::scoped_lock lock(mutex_);
    if (known_) return;
    if (auto found = search_.find(id_); found && !found->image.empty()) known_ = target_of(*found).container;
  }
  void add_to(recording::Run& run) {
    look();
    const std::scoped_lock lock(mutex_);
    if (!known_) return;
    const auto bounding = run.container ? run.container->bounding : std::nullopt;
    run.container = known_;
    run.container->bounding = bounding;
  }

 private:
  std::mutex mutex_;
  ContainerSearch search_;
  std::string id_;
  std::optional<recording::Container> known_;
};

// The runtime waits until all that holds its pipes has gone.
void leave_the_runtime() {
  const base::UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return;
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null.get(), fd);
}

// Nobody reads standard error once the runtime has gone.
void tell_the_log(const std::string& message) {
  constexpr std::size_t kMostChars = 2000;
  openlog("callgate", LOG_PID, LOG_DAEMON);
  syslog(LOG_ERR, "%s", base::printable(message, kMostChars).c_str());
  closelog();
}

// In the process that records.
int record_container(Session& session, const container::OciState& state, const std::string& file, int ready) {
  setsid();
  Names names(session, state.id);
  record::AttachRequest request;
  request.what = {"container:" + state.id};
  request.keep = keep_of(session.arguments());
  request.tool = CALLGATE_VERSION;
  request.target.starting = {state.pid};
  request.target.cgroup_names = record::cgroup_names_of_container(state.id);
  request.target.container.emplace();
  request.target.container->engine = state.podman ? "podman" : "oci";
  request.target.container->id = state.id;
  request.on_pulse = [&names](const record::Pulse& pulse) {
    if (pulse.progress.began) names.look();
  };
  request.on_ready = [ready](bool) {
    const char done = 1;
    if (write(ready, &done, 1) == 1) leave_the_runtime();
    close(ready);
    // What the runtime works in must not be held.
    if (chdir("/") != 0) return;
  };
  auto outcomes = record::attach({request});
  if (!outcomes || !outcomes->front()) {
    const sandbox::Refusal& refusal = outcomes ? outcomes->front().error() : outcomes.error();
    session.diagnostics().add(refusal.id, {}, refusal.message, refusal.help);
    return refusal.exit_status;
  }
  recording::Run& run = outcomes->front()->run;
  names.add_to(run);
  const auto written = session.arguments().has("append") ? recording::append(file, run)
                                                         : base::write_file(file, recording::to_lines(run));
  if (written) return kYes;
  tell_the_log(fmt::format("the recording of container {} is lost: {}", state.id, written.error().message));
  return sandbox::kExitOwnFailure;
}

}  // namespace

int record_from_hook(Session& session) {
  const base::SourceFile* const input = session.open("-");
  if (input == nullptr) return kBadInput;
  const auto state = container::read_oci_state(*input, record::kBadBundle, session.diagnostics());
  if (!state) return kBadInput;
  std::error_code error;
  const fs::path file = fs::absolute(file_for(*session.arguments().last("output"), state->id), error);
  if (error || access(file.parent_path().c_str(), W_OK) != 0) {
    session.diagnostics().add(
        kFile, {}, fmt::format("'{}': {}", base::printable(file.parent_path().string()), base::errno_text(errno)));
    return sandbox::kExitOwnFailure;
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return session.fail({base::ErrorCode::io, base::errno_text(errno), errno});
  const base::UniqueFd ready(ends[0]);
  const pid_t child = fork();
  if (child < 0) {
    close(ends[1]);
    return session.fail({base::ErrorCode::io, base::errno_text(errno), errno});
  }
  if (child == 0) return record_container(session, *state, file.string(), ends[1]);
  close(ends[1]);
  char done = 0;
  ssize_t got = 0;
  while ((got = read(ready.get(), &done, 1)) < 0 && errno == EINTR) {
  }
  if (got == 1) return kYes;
  int status = 0;  // it has said why
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : sandbox::kExitOwnFailure;
}

int record_as_runtime(Session& session) {
  const Arguments& arguments = session.arguments();
  std::vector<std::string> words{std::string(*arguments.last("oci-runtime"))};
  words.insert(words.end(), arguments.operands.begin(), arguments.operands.end());
  if (const auto bundle = container::bundle_of(arguments.operands)) {
    std::error_code error;
    const std::string path = (fs::path(*bundle) / "config.json").string();
    container::Hook hook;
    hook.path = fs::read_symlink("/proc/self/exe", error).string();
    hook.arguments = {"callgate", "record", "--oci-hook", "-o",
                      fs::absolute(*arguments.last("output"), error).string()};
    for (const std::string_view flag : {"args", "denied", "append"})
      if (arguments.has(flag)) hook.arguments.push_back(fmt::format("--{}", flag));
    if (const auto at = arguments.last("serving-at")) hook.arguments.push_back(fmt::format("--serving-at={}", *at));
    if (const auto host = arguments.last("host")) hook.arguments.push_back(fmt::format("--host={}", *host));
    for (const std::string& each : session.env().environment)
      for (const std::string_view name : {"PATH=", "DOCKER_HOST=", "CONTAINERS_CONF=", "CONTAINERS_STORAGE_CONF="})
        if (each.starts_with(name)) hook.environment.push_back(each);
    const base::SourceFile* const config = session.open(path);
    if (config == nullptr) return kBadInput;
    const auto changed = container::add_hook(*config, hook, record::kBadBundle, session.diagnostics());
    if (!changed) return kBadInput;
    if (const auto written = base::write_file(path, *changed); !written) return session.fail(written.error());
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  return session.fail({base::ErrorCode::io, fmt::format("'{}': {}", words[0], base::errno_text(errno)), errno});
}

}  // namespace callgate::cli
