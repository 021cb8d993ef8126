// callgate hook
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/base64.h"
#include "base/io.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/input.h"
#include "cli/oci_filter.h"
#include "cli/options.h"
#include "oci/config.h"
#include "oci/diagnostic_ids.h"
#include "oci/runtime.h"
#include "sandbox/dump.h"

namespace callgate::cli {

namespace {

int precreate(Session& session) {
  const base::SourceFile* const file = session.open("-");
  if (file == nullptr) return kBadInput;
  int status = kYes;
  const auto delivery = deliver(session, *file, {}, status);
  if (!delivery) return status;
  session.print(delivery->config);
  return kYes;
}

std::optional<oci::State> state_from_input(Session& session) {
  const base::SourceFile* const file = session.open("-");
  if (file == nullptr) return std::nullopt;
  return oci::read_state(*file, session.diagnostics());
}

// The runtime has read its configuration and made no filter yet: it can still be stopped.
int create_runtime(Session& session) {
  const auto state = state_from_input(session);
  if (!state) return kBadInput;
  if (!state->filter) {
    const base::SourceFile* const file = session.open(state->bundle + "/config.json");
    const auto config = file == nullptr ? std::nullopt : oci::read_config(*file, session.diagnostics());
    if (!config) return kBadInput;
    if (!config->seccomp) return kYes;  // it is to run without a filter
    session.diagnostics().add(
        oci::kNotDelivered, config->seccomp.key_span(),
        fmt::format("container '{}' has a profile and no filter of callgate's", base::printable(state->id)),
        "`callgate hook precreate` has to run before: callgate hook --install DIR");
    return kBadInput;
  }
  const auto answer = oci::ask_version(fmt::format("/proc/{}/exe", getppid()));
  const auto why = answer ? oci::takes_no_filters(*answer) : std::optional(answer.error().message);
  if (!why) return kYes;
  session.diagnostics().add(
      oci::kNoReadyFilters, {},
      fmt::format("the runtime of container '{}' takes no ready filter: {}", base::printable(state->id), *why),
      "podman --runtime crun run …");
  return kCannot;
}

std::string status_of(pid_t pid) {
  return base::read_file(fmt::format("/proc/{}/status", pid)).value_or(std::string());
}

// A process that its parent has not waited for yet has filters still, but nobody may read them.
bool ended(const std::string& status) {
  return status.empty() || status.find("\nState:\tZ") != std::string::npos;
}

// Waits until it has a filter, or has ended. False if a runtime has not come to that in ten seconds.
bool await_filter(pid_t pid) {
  using namespace std::chrono_literals;
  for (int i = 0; i < 10'000; ++i) {
    const std::string status = status_of(pid);
    if (ended(status) || status.find("\nSeccomp:\t2") != std::string::npos) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

// Somebody else may look at the same time, and a process has one tracer: that passes.
base::Result<std::vector<bpf::Program>> filters_of(pid_t pid, const sandbox::Tracing& tracing) {
  using namespace std::chrono_literals;
  auto stack = sandbox::dump_filters(pid, tracing);
  for (int i = 0; i < 2'000 && !stack && stack.error().os_errno == EPERM && !ended(status_of(pid)); ++i) {
    std::this_thread::sleep_for(1ms);
    stack = sandbox::dump_filters(pid, tracing);
  }
  return stack;
}

// The program runs: whatever is not as it was meant ends it.
int poststart(Session& session) {
  const auto state = state_from_input(session);
  if (!state) return kBadInput;
  if (!state->filter) return kYes;
  const auto refuse = [&](std::string why) {
    kill(state->pid, SIGKILL);
    session.diagnostics().add(oci::kNotInForce, {},
                              fmt::format("container '{}' was killed: {}", base::printable(state->id), why));
    return kNo;
  };
  const auto bytes = base::from_base64(*state->filter);
  if (!bytes) return refuse("its annotation holds no filter");
  if (!await_filter(state->pid)) return refuse("it is under no filter");
  const auto stack = filters_of(state->pid, *session.env().tracing);
  if (ended(status_of(state->pid))) return kYes;
  if (!stack) return refuse(stack.error().message);
  // It may have taken more of them by itself, and we may be in a container ourselves.
  const bool there = std::any_of(stack->begin(), stack->end(),
                                 [&](const bpf::Program& program) { return bpf::to_bytes(program, false) == *bytes; });
  if (there) return kYes;
  return refuse(fmt::format("none of its {} filters is the one that it was given", stack->size()));
}

// Podman drops what this hook says; its own standard error reaches the user. Nothing depends on it: the status counts.
void tell_caller(const base::Diagnostics& found) {
  const base::UniqueFd out(
      open(fmt::format("/proc/{}/fd/2", getppid()).c_str(), O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  const std::string text = base::render_text(found, false);
  if (out && write(out.get(), text.data(), text.size()) < 0) return;
}

struct Stage {
  std::string_view name, file;
  int (*run)(Session&);
};
constexpr std::array<Stage, 3> kStages{{
    {"precreate", "callgate-1-precreate.json", precreate},
    {"createRuntime", "callgate-2-createRuntime.json", create_runtime},
    {"poststart", "callgate-3-poststart.json", poststart},
}};

std::string hook_file(const std::string& program, const Stage& stage, const std::vector<std::string>& options) {
  base::JsonWriter json;
  json.begin_object().member("version", "1.0.0").key("hook").begin_object().member("path", program);
  json.key("args").begin_array().value("callgate").value("hook").value(stage.name);
  if (stage.run == precreate) {
    for (const std::string& option : options) json.value(option);
    json.value("--tell-caller");
  }
  json.end_array().end_object();
  json.key("when").begin_object().member("always", true).end_object();
  json.key("stages").begin_array().value(stage.name).end_array().end_object();
  return json.take();
}

// The options that the hook is to be called with, files by their whole path.
std::vector<std::string> hook_options(const Arguments& given) {
  std::vector<std::string> out;
  for (const auto& [name, value] : given.options) {
    if (name == "install" || name == "verify" || name == "tell-caller" || name == "format") continue;
    out.push_back(fmt::format("--{}", name));
    if (value.empty()) continue;
    std::error_code error;
    const bool file = (name == "profile" || name == "filter") && std::filesystem::exists(value, error);
    out.push_back(file ? std::filesystem::absolute(value, error).string() : value);
  }
  return out;
}

// A profile that cannot be read, compiled or proved would stop every container of the machine.
bool profile_is_good(Session& session, int& status) {
  const Arguments& given = session.arguments();
  if (!given.has("profile") && !given.has("filter")) return true;
  const base::SourceFile& file = session.keep_text("config.json", R"({"ociVersion":"1.0.2"})");
  return deliver(session, file, {}, status).has_value();
}

int install(Session& session, const std::string& folder) {
  int status = kYes;
  if (!profile_is_good(session, status)) return status;
  std::error_code error;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", error).string();
  if (error) return session.fail({base::ErrorCode::io, "/proc/self/exe: " + error.message(), error.value()});
  const std::vector<std::string> options = hook_options(session.arguments());
  for (const Stage& stage : kStages) {
    if (stage.run == poststart && !session.arguments().has("verify")) continue;
    const std::string path = fmt::format("{}/{}", folder, stage.file);
    if (const auto written = base::write_file(path, hook_file(program, stage, options)); !written)
      return session.fail(written.error());
    if (!session.json()) session.print(path + "\n");
  }
  return kYes;
}

int hook_command(Session& session) {
  const Arguments& given = session.arguments();
  if (given.has("profile") && given.has("filter"))
    return session.usage(kBadOptionValue, "--filter is taken in place of a profile, but --profile is given too",
                         "give one of the two");
  if (const auto folder = given.last("install")) {
    if (!given.operands.empty())
      return session.usage(kBadOperands, "--install writes the hooks of all stages: it takes no STAGE");
    if (given.has("verify") && geteuid() != 0) return session.fail(verify_needs_root());
    return install(session, std::string(*folder));
  }
  if (given.has("verify")) return session.usage(kBadOptionValue, "--verify goes with --install DIR");
  if (given.operands.empty()) return session.usage(kBadOperands, "'hook' needs STAGE, or --install DIR");
  for (const Stage& stage : kStages) {
    if (stage.name != given.operands[0]) continue;
    const int status = stage.run(session);
    if (status != kYes && given.has("tell-caller")) tell_caller(session.diagnostics());
    return status;
  }
  std::vector<std::string_view> names;
  for (const Stage& stage : kStages) names.push_back(stage.name);
  const auto near = base::closest(given.operands[0], names);
  return session.usage(kBadOperands,
                       fmt::format("'{}' is no stage that callgate has a hook for: precreate, createRuntime, poststart",
                                   base::printable(given.operands[0])),
                       near ? fmt::format("did you mean '{}'?", *near) : std::string());
}

constexpr std::array<Operand, 1> kOperands{
    {{"STAGE", "precreate, createRuntime or poststart, as Podman and runtimes name them", false}}};
constexpr auto kOptions =
    std::array<Option, 5>{{
        {"profile", 'p', "PROFILE", "the profile of every container (each container's own if not given)", ""},
        {"filter", 0, "FILE", "this filter, as it is; in place of --profile", ""},
        {"install", 0, "DIR", "write the hooks for Podman's --hooks-dir, with the options given, and run none", ""},
        {"tell-caller", 0, "", "write errors to the caller's standard error, too: Podman drops those of its hooks", ""},
        {"verify", 0, "", "with --install, as root: look at what is in force in each container, too", ""},
    }} +
    kReading + kByteOrder + kFormat;
constexpr std::array<Example, 3> kExamples{{
    {"callgate hook precreate < config.json", "The configuration with the filter of its own profile put in."},
    {"callgate hook precreate -p profile.json < config.json", "With the filter of another profile."},
    {"callgate hook --install . -p profile.json", "The files that `podman --hooks-dir .` reads."},
}};

}  // namespace

extern const Command kHookCommand{
    "hook",
    "put containers of Podman and crun under a proved filter",
    "Called by Podman or by crun, which write to standard input what there is to know of a container.\n\n"
    "precreate: reads the container's configuration and writes it with a filter in it, in the annotation "
    "run.oci.seccomp_bpf_data, which crun loads in place of one that libseccomp would make. The filter is proved equal "
    "to the container's own profile as crun reads it, or to --profile. A container without a profile stays without, "
    "unless --profile is given. With --profile, a runtime that does not know the annotation finds a profile that "
    "allows nothing.\n\n"
    "createRuntime: refuses a container whose runtime takes no ready filter, or whose profile got none. poststart: "
    "reads the filters of the container's first process back from the kernel; if the one that it was given is not "
    "among them, the container is killed. It needs root.\n\n"
    "What fails, fails before a container is created: the status is not 0, and nothing is written to standard output.",
    kOperands,
    kOptions,
    kExamples,
    "",
    false,
    hook_command};

}  // namespace callgate::cli
