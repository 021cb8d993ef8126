// callgate record: which calls a program makes.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "arch/calls.h"
#include "base/io.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/options.h"
#include "cli/output_aside.h"
#include "cli/record_report.h"
#include "cli/session.h"
#include "record/diagnostic_ids.h"
#include "record/facts.h"
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

bool changes_filters(const Run& run) {
  for (const recording::Call& call : run.calls)
    if (arch::name_of_call(call.audit, call.nr) == "seccomp") return true;
  return false;
}

void tell_limits(Session& session, const record::Outcome& outcome) {
  const Run& run = outcome.run;
  base::Diagnostics& diagnostics = session.diagnostics();
  if (outcome.fell_back)
    diagnostics.add(record::kFellBack, {}, "recorded by ptrace, which is slow: " + outcome.fell_back->message);
  if (!run.finished && !run.attached) {
    diagnostics.add(record::kIncomplete, {}, "the recording was ended before the last task had");
  } else if (!run.complete) {
    diagnostics.add(record::kIncomplete, {}, "something was lost, so the recording is incomplete",
                    "record again and merge: --append");
  }
  const bool blind = std::ranges::find(run.blind, recording::Blind::denied) != run.blind.end();
  if (blind && (record::under_a_filter() || changes_filters(run)))
    diagnostics.add(record::kFiltered, {}, "a filter was in force, and calls that it refused are not seen",
                    "--denied records them");
  if (!run.uring.empty())
    diagnostics.add(
        record::kUring, {},
        fmt::format("{} kinds of operations went through io_uring, which no filter sees", run.uring.size()));
}

// A line when there is something new to say.
class ProgressLines {
 public:
  explicit ProgressLines(const Env& env) : env_(env) {}
  void operator()(const record::Progress& progress, bool program_ended) {
    if (program_ended && !told_end_) {
      env_.err(
          fmt::format("callgate: the program has ended; waiting for {} that it left behind (Ctrl-C ends the "
                      "recording)\n",
                      progress.alive == 1 ? "a task" : fmt::format("{} tasks", progress.alive)));
      told_end_ = true;
    } else if (progress.calls != calls_) {
      env_.err(fmt::format("callgate: {} calls so far, {} tasks\n", progress.calls, progress.tasks));
    }
    calls_ = progress.calls;
  }

 private:
  const Env& env_;
  std::size_t calls_ = 0;
  bool told_end_ = false;
};

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
  request.keep = {arguments.has("args"), arguments.has("denied")};
  const auto method = arguments.last("method").value_or("auto");
  request.method = method == "ebpf"     ? record::Method::ebpf
                   : method == "ptrace" ? record::Method::ptrace
                                        : record::Method::automatic;
  if (arguments.has("new-only")) {
    request.method = record::Method::ptrace;
    if (!read_known(session, std::string(*arguments.last("output")), request)) {
      status = sandbox::kExitOwnFailure;
      return std::nullopt;
    }
  }
  if (session.env().err_is_terminal) request.on_progress = ProgressLines(session.env());
  if (const auto missing = sandbox::find_program(request.plan.argv[0], session.env().variable("PATH"),
                                                 sandbox::probe_executable, request.plan.program)) {
    status = refuse(session, *missing);
    return std::nullopt;
  }
  return request;
}

std::optional<std::uint64_t> number_of(Session& session, std::string_view option, std::string_view text,
                                       std::uint64_t most) {
  const auto number = base::parse_u64(text);
  if (number && *number > 0 && *number <= most) return number;
  session.usage(kBadOptionValue,
                fmt::format("--{}: '{}' is no number from 1 to {}", option, base::printable(text), most));
  return std::nullopt;
}

std::optional<record::AttachRequest> make_attach_request(Session& session) {
  record::AttachRequest request;
  const Arguments& arguments = session.arguments();
  constexpr std::uint64_t kMostPid = 1U << 22, kDay = 86400;
  for (const std::string_view word : arguments.all("pid")) {
    const auto pid = number_of(session, "pid", word, kMostPid);
    if (!pid) return std::nullopt;
    request.processes.push_back(static_cast<pid_t>(*pid));
  }
  request.cgroup = arguments.last("cgroup").value_or("");
  if (const auto limit = arguments.last("for")) {
    const auto seconds = number_of(session, "for", *limit, kDay);
    if (!seconds) return std::nullopt;
    request.limit = std::chrono::seconds(*seconds);
  }
  request.keep = {arguments.has("args"), arguments.has("denied")};
  request.tool = CALLGATE_VERSION;
  if (session.env().err_is_terminal) request.on_progress = ProgressLines(session.env());
  return request;
}

// What was asked for cannot be: a sentence; empty if it can.
std::string_view contradiction(const Arguments& arguments) {
  const auto file = arguments.last("output");
  const bool append = arguments.has("append"), running = arguments.has("pid") || arguments.has("cgroup");
  if (append && (!file || *file == "-")) return "--append needs -o FILE";
  if (arguments.has("new-only") && (!append || arguments.has("args") || arguments.has("denied")))
    return "--new-only goes with --append, without --args and --denied";
  if (running == !arguments.operands.empty()) return "'record' needs either -- CMD, or --pid or --cgroup";
  if (running && (arguments.has("new-only") || arguments.last("method") == "ptrace"))
    return "what runs already is recorded by eBPF alone";
  if (!running && arguments.has("for")) return "--for goes with --pid or --cgroup";
  return {};
}

tl::expected<record::Outcome, int> run_recorder(Session& session) {
  tl::expected<record::Outcome, sandbox::Refusal> outcome;
  if (session.arguments().operands.empty()) {
    const auto request = make_attach_request(session);
    if (!request) return tl::unexpected(kUsage);
    outcome = record::attach(*request);
  } else {
    int status = kYes;
    const auto request = make_request(session, status);
    if (!request) return tl::unexpected(status);
    outcome = record::record(*request, *session.env().kernel);
  }
  if (!outcome) return tl::unexpected(refuse(session, outcome.error()));
  return *std::move(outcome);
}

int tell(Session& session, const Run& run, std::optional<std::string_view> file) {
  if (file) {
    const auto written = write_run(session, std::string(*file), session.arguments().has("append"), run);
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

int record_command(Session& session) {
  const Arguments& arguments = session.arguments();
  if (const std::string_view why = contradiction(arguments); !why.empty())
    return session.usage(kBadOperands, std::string(why));
  const auto file = arguments.last("output");
  if (file && *file != "-" && !can_write(session, std::string(*file))) return sandbox::kExitOwnFailure;
  std::optional<OutputAside> aside;
  if (!file || *file == "-" || session.json()) aside.emplace();
  const auto outcome = run_recorder(session);
  aside.reset();
  if (!outcome) return outcome.error();
  tell_limits(session, *outcome);
  return tell(session, outcome->run, file);
}

constexpr std::array<Operand, 2> kOperands{{
    {"CMD", "the program; none where --pid or --cgroup says what is recorded", false},
    {"ARG", "its arguments", false, true},
}};
constexpr auto kOptions =
    std::array<Option, 9>{{
        {"output", 'o', "FILE", "write the recording to FILE (JSON Lines); '-' is standard output", ""},
        {"append", 0, "", "add the run to FILE, which may hold others", ""},
        {"new-only", 0, "",
         "by ptrace, with --append: let calls that FILE holds pass unseen; fast, and tells what is new", ""},
        {"args", 0, "", "keep the values of arguments that have named constants, too", ""},
        {"denied", 0, "", "see calls that a filter refuses, too; a little slower", ""},
        {"pid", 0, "N", "record a running process and all that descends from it; may be repeated", "", true},
        {"cgroup", 0, "DIR", "record what runs in a cgroup (version 2), and whatever comes there", ""},
        {"for", 0, "SECONDS", "with --pid or --cgroup: end the recording after that time", ""},
        {"method", 0, "HOW", "how to record (ebpf where that can be had, else ptrace, if not given)",
         "auto,ebpf,ptrace"},
    }} +
    kFormat;
constexpr std::array<Example, 4> kExamples{{
    {"callgate record -- ls -l", "Which calls does ls make?"},
    {"callgate record -o ls.jsonl -- ls", "Keep the recording."},
    {"callgate record --pid $$ --for 1", "What does a running process do?"},
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
    "With --pid or --cgroup what runs already is recorded (by eBPF alone), as serving, until it ends, or Ctrl-C, or "
    "--for.\n\n"
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
