// The process around main_in(): streams, environment, clock, kernel.
// SPDX-License-Identifier: Apache-2.0
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "cli/env.h"

namespace {

// True once everything is written. A reader that has gone away (EPIPE) ends the process by SIGPIPE, as for any tool.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = write(fd, text.data(), text.size());
    if (done < 0 && errno != EINTR) return false;
    if (done > 0) text.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

std::uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

int main(int argc, char** argv) {
  bool lost = false;
  callgate::cli::Env env;
  env.out = [&lost](std::string_view text) { lost = !write_all(STDOUT_FILENO, text) || lost; };
  env.err = [](std::string_view text) { static_cast<void>(write_all(STDERR_FILENO, text)); };
  env.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  env.err_is_terminal = isatty(STDERR_FILENO) == 1;
  for (char** each = environ; *each != nullptr; ++each) env.environment.emplace_back(*each);
  env.clock_ns = monotonic_ns;
  env.kernel = &callgate::sandbox::real_kernel();
  env.tracing = &callgate::sandbox::real_tracing();
#ifdef CALLGATE_ELFUTILS
  env.unwinder = &callgate::why::elfutils();
#endif
  const int status = callgate::cli::main_in(env, std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
  if (lost && status == callgate::cli::kYes) {
    env.err("callgate: standard output could not be written\n");
    return callgate::cli::kCannot;
  }
  return status;
}
