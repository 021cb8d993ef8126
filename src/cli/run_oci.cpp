// SPDX-License-Identifier: Apache-2.0
#include "cli/run_oci.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/io.h"
#include "base/text.h"
#include "cli/diagnostic_ids.h"
#include "cli/oci_filter.h"
#include "oci/diagnostic_ids.h"
#include "oci/runtime.h"
#include "sandbox/launch.h"

namespace callgate::cli {

namespace {

constexpr auto kGoesWith =
    std::to_array<std::string_view>({"oci", "runtime", "runtime-flag", "id", "verify", "profile", "filter", "as",
                                     "caps", "kernel", "arch", "native", "strict", "byte-order", "format"});

bool arguments_fit(Session& session) {
  const Arguments& given = session.arguments();
  if (!given.operands.empty()) {
    session.usage(
        kBadOperands,
        fmt::format("'{}' is one word too many: a bundle has its own command", base::printable(given.operands[0])),
        "process.args of config.json is what is run");
    return false;
  }
  if (given.last("oci")->empty()) {
    session.usage(kBadOptionValue, "--oci names no folder");
    return false;
  }
  for (const auto& [name, value] : given.options) {
    if (std::find(kGoesWith.begin(), kGoesWith.end(), name) != kGoesWith.end()) continue;
    session.usage(kBadOptionValue, fmt::format("--{} does not go with --oci", name),
                  "what a bundle's program is cut off from stands in its config.json");
    return false;
  }
  if (given.has("profile") && given.has("filter")) {
    session.usage(kBadOptionValue, "--filter is loaded in place of a profile, but --profile is given too",
                  "give one of the two");
    return false;
  }
  if (given.has("verify") && geteuid() != 0) {
    session.fail(verify_needs_root());
    return false;
  }
  return true;
}

// The configuration as a file without a name: whatever happens to us, nothing is left of it.
base::Result<base::UniqueFd> nameless_file(std::string_view text) {
  base::UniqueFd fd(memfd_create("config.json", MFD_ALLOW_SEALING));
  if (!fd) return base::fail(base::ErrorCode::io, fmt::format("memfd_create: {}", base::errno_text(errno)), errno);
  while (!text.empty()) {
    const ssize_t written = write(fd.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return base::fail(base::ErrorCode::io, base::errno_text(errno), errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return base::fail(base::ErrorCode::io, base::errno_text(errno), errno);
  return fd;
}

// The runtime's path; nothing (diagnosed, `status` set) if it is none that takes filters.
std::optional<std::string> find_runtime(Session& session, int& status) {
  const std::string name(session.arguments().last("runtime").value_or("crun"));
  std::string path;
  if (const auto missing =
          sandbox::find_program(name, session.env().variable("PATH"), sandbox::probe_executable, path)) {
    session.diagnostics().add(missing->id, {}, missing->message, missing->help);
    status = missing->exit_status;
    return std::nullopt;
  }
  const auto answer = oci::ask_version(path);
  const auto why = answer ? oci::takes_no_filters(*answer) : std::optional(answer.error().message);
  if (!why) return path;
  session.diagnostics().add(oci::kNoReadyFilters, {},
                            fmt::format("'{}' takes no ready filter: {}", base::printable(name), *why),
                            "a bundle runs under callgate's filter by crun, 0.18 or later: --runtime PATH");
  return std::nullopt;
}

std::vector<std::string> command_line(const Session& session, const std::string& runtime, int config) {
  const Arguments& given = session.arguments();
  std::vector<std::string> words{runtime};
  for (const std::string_view flag : given.all("runtime-flag")) words.push_back(fmt::format("--{}", flag));
  words.insert(words.end(), {"run", "--bundle", std::string(*given.last("oci")), "--config",
                             fmt::format("/proc/self/fd/{}", config)});
  const std::string id(given.last("id").value_or(""));
  words.push_back(id.empty() ? fmt::format("callgate-{}-{:x}", getpid(), session.env().clock_ns()) : id);
  return words;
}

int become(Session& session, std::vector<std::string> words) {
  std::vector<char*> argv, environment;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<std::string> variables = session.env().environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  print_diagnostics(session.env(), session.diagnostics(), session.json());
  session.diagnostics() = {};
  const int error = session.env().kernel->exec(words[0].c_str(), argv.data(), environment.data());
  session.fail({base::ErrorCode::io, fmt::format("{}: {}", words[0], base::errno_text(-error)), -error});
  return sandbox::kExitNotExecutable;
}

}  // namespace

int run_bundle(Session& session) {
  if (!arguments_fit(session)) return sandbox::kExitOwnFailure;
  const std::string bundle(*session.arguments().last("oci"));
  const base::SourceFile* const file = session.open(bundle + "/config.json");
  if (file == nullptr) return sandbox::kExitOwnFailure;
  std::string verifier;
  if (session.arguments().has("verify")) {
    std::error_code error;
    verifier = std::filesystem::read_symlink("/proc/self/exe", error).string();
    if (error) {
      session.fail({base::ErrorCode::io, "/proc/self/exe: " + error.message(), error.value()});
      return sandbox::kExitOwnFailure;
    }
  }
  int status = kYes;
  const auto delivery = deliver(session, *file, verifier, status);
  if (!delivery) return sandbox::kExitOwnFailure;
  if (!delivery->filter) {
    session.diagnostics().add(oci::kNoProfile, {file, 0, 0}, "the bundle has no linux.seccomp: it allows every call",
                              "give a profile with --profile, or run it by crun itself");
    return sandbox::kExitOwnFailure;
  }
  int refused = sandbox::kExitOwnFailure;
  const auto runtime = find_runtime(session, refused);
  if (!runtime) return refused;
  const auto config = nameless_file(delivery->config);
  if (!config) {
    session.fail(config.error());
    return sandbox::kExitOwnFailure;
  }
  return become(session, command_line(session, *runtime, config->get()));
}

}  // namespace callgate::cli
