// callgate record: which calls a program makes.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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
  if (!run.finished) {
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

int record_command(Session& session) {
  const Arguments& arguments = session.arguments();
  const auto file = arguments.last("output");
  const bool append = arguments.has("append");
  if (append && (!file || *file == "-")) return session.usage(kBadOperands, "--append needs -o FILE");
  if (arguments.has("new-only") && (!append || arguments.has("args") || arguments.has("denied")))
    return session.usage(kBadOperands, "--new-only goes with --append, without --args and --denied");
  if (file && *file != "-" && !can_write(session, std::string(*file))) return sandbox::kExitOwnFailure;
  int status = kYes;
  const auto request = make_request(session, status);
  if (!request) return status;
  std::optional<OutputAside> aside;
  const bool to_output = !file || *file == "-" || session.json();
  if (to_output) aside.emplace();
  const auto outcome = record::record(*request, *session.env().kernel);
  aside.reset();
  if (!outcome) return refuse(session, outcome.error());
  const Run& run = outcome->run;
  tell_limits(session, *outcome);
  if (file) {
    if (const auto written = write_run(session, std::string(*file), append, run); !written) {
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
                                  summary_of(run), run.complete ? "complete" : "INCOMPLETE"));
  }
  return run.exit_status;
}

constexpr std::array<Operand, 2> kOperands{{
    {"CMD", "the program"},
    {"ARG", "its arguments", false, true},
}};
constexpr auto kOptions =
    std::array<Option, 6>{{
        {"output", 'o', "FILE", "write the recording to FILE (JSON Lines); '-' is standard output", ""},
        {"append", 0, "", "add the run to FILE, which may hold others", ""},
        {"new-only", 0, "",
         "by ptrace, with --append: let calls that FILE holds pass unseen; fast, and tells what is new", ""},
        {"args", 0, "", "keep the values of arguments that have named constants, too", ""},
        {"denied", 0, "", "see calls that a filter refuses, too; a little slower", ""},
        {"method", 0, "HOW", "how to record (ebpf where that can be had, else ptrace, if not given)",
         "auto,ebpf,ptrace"},
    }} +
    kFormat;
constexpr std::array<Example, 3> kExamples{{
    {"callgate record -- ls -l", "Which calls does ls make?"},
    {"callgate record -o ls.jsonl -- ls", "Keep the recording."},
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
