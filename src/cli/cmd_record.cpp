// callgate record: which calls a program makes.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/io.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/options.h"
#include "cli/output_aside.h"
#include "cli/record_oci.h"
#include "cli/record_report.h"
#include "cli/record_talk.h"
#include "cli/record_targets.h"
#include "cli/session.h"
#include "record/record.h"
#include "recording/file.h"

namespace callgate::cli {

namespace {

using recording::Run;

int refuse(Session& session, const sandbox::Refusal& refusal) {
  session.diagnostics().add(refusal.id, {}, refusal.message, refusal.help);
  return refusal.exit_status;
}

// What cannot be written is better said before a long run than after it.
bool can_write(Session& session, const std::string& path) {
  std::error_code error;
  if (session.arguments().has("compose") && std::filesystem::is_directory(path, error) &&
      access(path.c_str(), W_OK) == 0)
    return true;
  if (session.arguments().has("compose")) {
    session.diagnostics().add(kFile, {}, fmt::format("'{}' is no directory to write to", base::printable(path)),
                              "--compose writes a file for each service: name a directory that exists");
    return false;
  }
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const bool there = std::filesystem::exists(path, error);
  const std::string asked = there ? path : folder.empty() ? "." : folder.string();
  if (access(asked.c_str(), W_OK) == 0 && !std::filesystem::is_directory(path, error)) return true;
  const int why = std::filesystem::is_directory(path, error) ? EISDIR : errno;
  session.diagnostics().add(kFile, {}, fmt::format("'{}': {}", base::printable(path), base::errno_text(why)));
  return false;
}

base::Result<void> write_run(Session& session, const std::string& path, bool append, const Run& run) {
  if (append && path != "-") return recording::append(path, run);
  if (path != "-") return base::write_file(path, recording::to_lines(run));
  session.print(recording::to_lines(run));
  return {};
}

// Fills in the calls that the file holds. False (diagnosed) if it is no recording.
bool read_known(Session& session, const std::string& path, record::Request& request) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return true;
  const base::SourceFile* const file = session.open(path);
  if (file == nullptr) return false;
  auto kept = std::make_shared<recording::KeptLines>();
  session.keep_alive(kept);
  const recording::Recording recording = recording::read(*file, *kept, session.diagnostics());
  if (session.diagnostics().has_errors()) return false;
  for (const recording::Call& call : recording::merge_calls(recording)) request.known.emplace_back(call.audit, call.nr);
  return true;
}

std::optional<record::Request> make_request(Session& session, int& status) {
  record::Request request;
  const Arguments& arguments = session.arguments();
  request.plan.argv = arguments.operands;
  request.plan.environment = session.env().environment;
  request.tool = CALLGATE_VERSION;
  request.keep = keep_of(arguments);
  request.method = method_of(arguments);
  if (arguments.has("new-only")) {
    request.method = record::Method::ptrace;
    if (!read_known(session, std::string(*arguments.last("output")), request)) {
      status = sandbox::kExitOwnFailure;
      return std::nullopt;
    }
  }
  request.on_pulse = pulse_lines(session, {});
  if (const auto missing = sandbox::find_program(request.plan.argv[0], session.env().variable("PATH"),
                                                 sandbox::probe_executable, request.plan.program)) {
    status = refuse(session, *missing);
    return std::nullopt;
  }
  return request;
}

// What was asked for cannot be: a sentence; empty if it can.
std::string_view contradiction(const Arguments& arguments) {
  const auto file = arguments.last("output");
  const bool append = arguments.has("append"), running = names_target(arguments);
  if (append && (!file || *file == "-")) return "--append needs -o FILE";
  if (arguments.has("new-only") && (!append || arguments.has("args") || arguments.has("denied")))
    return "--new-only goes with --append, without --args and --denied";
  if (arguments.has("oci-hook") || arguments.has("oci-runtime")) {
    if (!file || *file == "-") return "--oci-hook and --oci-runtime need -o FILE";
    const bool runtime = arguments.has("oci-runtime");
    return running || runtime == arguments.operands.empty() || runtime == arguments.has("oci-hook")
               ? "--oci-hook goes alone, and --oci-runtime with the runtime's words behind --"
               : std::string_view();
  }
  if (running == !arguments.operands.empty())
    return "'record' needs either -- CMD, or --pid, --cgroup, --unit, --container or --compose";
  if (running && (arguments.has("new-only") || arguments.last("method") == "ptrace"))
    return "what runs already is recorded by eBPF alone";
  if (!running && arguments.has("for")) return "--for goes with --pid, --cgroup, --unit, --container or --compose";
  const bool container = arguments.has("container"), compose = arguments.has("compose");
  const int kinds = (arguments.has("pid") || arguments.has("cgroup") ? 1 : 0) + (arguments.has("unit") ? 1 : 0) +
                    (container ? 1 : 0) + (compose ? 1 : 0);
  if (kinds > 1) return "--pid and --cgroup, --unit, --container and --compose exclude one another";
  if ((arguments.has("wait") || arguments.has("host")) && !container && !compose)
    return "--wait and --host go with --container or --compose";
  if (arguments.has("runtime-root") && !container) return "--runtime-root goes with --container";
  if ((arguments.has("file") || arguments.has("project-name")) && !compose)
    return "--file and --project-name go with --compose";
  return {};
}

int tell(Session& session, const Run& run, const std::optional<std::string>& file) {
  if (file) {
    const auto written = write_run(session, *file, session.arguments().has("append"), run);
    if (!written) {
      session.fail(written.error());
      return sandbox::kExitOwnFailure;
    }
  }
  if (session.json() && (!file || *file != "-")) {
    auto json = session.begin_json();
    to_json(run, json);
    session.print(json);
  } else if (!file) {
    session.print(report_of(run));
  } else {
    session.env().err(fmt::format("callgate: {}{}; {}\n", run.known != 0 ? "beyond what was known: " : "",
                                  summary_of(run), outcome_of(run)));
  }
  return run.exit_status;
}

int record_started(Session& session, const std::optional<std::string>& file) {
  int status = kYes;
  const auto request = make_request(session, status);
  if (!request) return status;
  std::optional<OutputAside> aside;
  if (!file || *file == "-" || session.json()) aside.emplace();
  const auto outcome = record::record(*request, *session.env().kernel);
  aside.reset();
  if (!outcome) return refuse(session, outcome.error());
  tell_limits(session, *outcome);
  return tell(session, outcome->run, file);
}

// With --compose, -o names a directory that gets a file for each service.
std::optional<std::string> file_of(const std::optional<std::string>& output, const record::Outcome& outcome) {
  if (!output || *output == "-" || !outcome.run.container) return output;
  std::error_code error;
  if (!std::filesystem::is_directory(*output, error)) return output;
  return (std::filesystem::path(*output) / (outcome.run.container->service + ".jsonl")).string();
}

int record_running(Session& session, const std::optional<std::string>& output) {
  int status = kYes;
  const auto requests = attach_requests(session, status);
  if (!requests) return status;
  const auto outcomes = record::attach(*requests);
  if (!outcomes) return refuse(session, outcomes.error());
  for (const auto& outcome : *outcomes) {
    if (!outcome) {
      status = refuse(session, outcome.error());
      continue;
    }
    tell_limits(session, *outcome);
    const int told = tell(session, outcome->run, file_of(output, *outcome));
    status = outcome->never_began ? sandbox::kExitOwnFailure : std::max(status, told);
  }
  return status;
}

int record_command(Session& session) {
  const Arguments& arguments = session.arguments();
  if (const std::string_view why = contradiction(arguments); !why.empty())
    return session.usage(kBadOperands, std::string(why));
  if (arguments.has("oci-hook")) return record_from_hook(session);
  if (arguments.has("oci-runtime")) return record_as_runtime(session);
  std::optional<std::string> file;
  if (const auto given = arguments.last("output")) file.emplace(*given);
  if (file && *file != "-" && !can_write(session, *file)) return sandbox::kExitOwnFailure;
  if (arguments.has("append"))
    if (const auto sound = recording::can_append(*file); !sound) {
      session.fail(sound.error());
      return sandbox::kExitOwnFailure;
    }
  return names_target(arguments) ? record_running(session, file) : record_started(session, file);
}

constexpr std::array<Operand, 2> kOperands{{
    {"CMD", "the program; none where an option says what is recorded", false},
    {"ARG", "its arguments", false, true},
}};
constexpr auto kOptions =
    std::array<Option, 11>{{
        {"output", 'o', "FILE", "write the recording to FILE (JSON Lines); '-' is standard output", ""},
        {"append", 0, "", "add the run to FILE, which may hold others", ""},
        {"new-only", 0, "",
         "by ptrace, with --append: let calls that FILE holds pass unseen; fast, and tells what is new", ""},
        {"args", 0, "", "keep the values of arguments that have named constants, too", ""},
        {"denied", 0, "", "see calls that a filter refuses, too; a little slower", ""},
        {"serving-at", 0, "POINT",
         "where serving begins: after the first listen or accept (if not given), or with the first accept or wait for "
         "clients",
         "listen,accept"},
        {"pid", 0, "N", "record a running process and all that descends from it; may be repeated", "", true},
        {"cgroup", 0, "DIR", "record what runs in a cgroup (version 2), and whatever comes there", ""},
        {"unit", 0, "NAME", "record what runs in a systemd unit (its cgroup of version 2)", ""},
        {"container", 0, "NAME",
         "record a container by name or id, from its start if it does not run yet: of Docker, Podman, containerd, "
         "runc, "
         "crun",
         ""},
        {"compose", 0, "", "record every service of a Compose project, each apart; -o is a directory then", ""},
    }} +
    kTargetOptions +
    std::array<Option, 3>{{
        {"oci-hook", 0, "",
         "as a createRuntime hook: record the container whose state is on standard input; %i in -o's FILE is its id",
         ""},
        {"oci-runtime", 0, "PROGRAM", "as an engine's runtime: add that hook, and hand on to PROGRAM (runc, crun)", ""},
        {"for", 0, "SECONDS", "for what is not started here: end the recording after that time", ""},
    }} +
    kRecordingOptions + kFormat;
constexpr std::array<Example, 5> kExamples{{
    {"callgate record -- ls -l", "Which calls does ls make?"},
    {"callgate record -o ls.jsonl -- ls", "Keep the recording."},
    {"callgate record --pid $$ --for 1", "What does a running process do?"},
    {"callgate record -o web.jsonl --container web", "A container, from its start if it does not run yet.", 125},
    {"callgate record --append --args -o ls.jsonl -- ls /", "One more run, with arguments."},
}};

}  // namespace

const Command kRecordCommand{
    "record",
    "tell which calls a program makes",
    "Runs CMD and records the calls of it and all that it starts, by phase: while starting up, and serving, from the "
    "first listen or accept of a process on. Recorded are the first time of each call, how often, and by which "
    "program; the Linux capabilities that the kernel asked for; operations of io_uring. Without -o a report goes to "
    "standard output and CMD's own output to standard error.\n\n"
    "As root (or with CAP_BPF and CAP_PERFMON) programs in the kernel record into tables, and nothing can be lost "
    "without being counted: a recording says whether it is complete. Otherwise each call is stopped by ptrace, which "
    "is "
    "slow; set-user-id programs get no rights then.\n\n"
    "With --pid, --cgroup or --unit what runs already is recorded (by eBPF alone), as serving, until it ends, or "
    "Ctrl-C, or --for. With --container or --compose a container is, from its start if it was created but does not run "
    "yet (or does not exist yet: --wait); what its runtime calls before it executes the container's program is kept "
    "apart.\n\n"
    "The recording ends when the last task has, with daemons that CMD leaves behind; once CMD itself has ended, Ctrl-C "
    "ends it. A recording is evidence that calls are made, not that others are not: append runs until nothing new "
    "comes.",
    kOperands,
    kOptions,
    kExamples,
    "that of CMD; 128 + n if signal n ended it; 125 if callgate itself failed; 126 if CMD cannot be executed; 127 if "
    "it "
    "was not found",
    true,
    record_command};

}  // namespace callgate::cli
