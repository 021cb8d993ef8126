// SPDX-License-Identifier: Apache-2.0
#include "oci/runtime.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/io.h"
#include "base/text.h"

namespace callgate::oci {

namespace {

constexpr std::size_t kMostBytes = 4096;
constexpr int kPatienceMs = 10'000;  // without a byte

// With our own environment, standard output and error into `fd`; the process, or minus errno.
pid_t start(const std::string& path, int fd) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, fd, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, fd, STDERR_FILENO);
  std::string name = path, option = "--version";
  const std::array<char*, 3> words{name.data(), option.data(), nullptr};
  pid_t pid = 0;
  const int error = posix_spawn(&pid, path.c_str(), &files, &attributes, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  return error == 0 ? pid : -error;
}

// False if it did not close its output in time.
bool drain(int fd, std::string& text) {
  std::array<char, kMostBytes> buffer{};
  for (;;) {
    pollfd one{fd, POLLIN, 0};
    const int ready = poll(&one, 1, kPatienceMs);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > kMostBytes) return false;
  }
}

}  // namespace

base::Result<std::string> ask_version(const std::string& path) {
  using base::ErrorCode;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return base::fail(ErrorCode::io, base::errno_text(errno), errno);
  const base::UniqueFd in(ends[0]);
  base::UniqueFd out(ends[1]);
  const pid_t pid = start(path, out.get());
  out.reset();
  if (pid < 0) return base::fail(ErrorCode::io, fmt::format("{}: {}", path, base::errno_text(-pid)), -pid);
  std::string text;
  const bool ended = drain(in.get(), text);
  if (!ended) kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) return base::fail(ErrorCode::io, fmt::format("{} --version has no end", path));
  if (status != 0) return base::fail(ErrorCode::io, fmt::format("{} --version fails", path));
  return text;
}

std::optional<std::string> takes_no_filters(std::string_view answer) {
  const std::string_view first = base::trim(base::split(answer, '\n')[0]);
  constexpr std::string_view kCrun = "crun version ";
  if (!first.starts_with(kCrun)) return fmt::format("it is '{}', not crun", base::printable(first));
  const auto parts = base::split(first.substr(kCrun.size()), '.');
  const auto major = base::parse_u64(parts[0]);
  // "0.19", and "1.18.0-rc1".
  const auto minor =
      parts.size() > 1 ? base::parse_u64(parts[1].substr(0, parts[1].find_first_not_of("0123456789"))) : std::nullopt;
  if (!major || (*major == 0 && (!minor || *minor < 18)))
    return fmt::format("it is '{}', and ready filters came with 0.18", base::printable(first));
  if (answer.find("+SECCOMP") == std::string_view::npos) return std::string("it was built without seccomp");
  return std::nullopt;
}

}  // namespace callgate::oci
