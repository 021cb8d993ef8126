// callgate preflight: what a profile would refuse a program, before it is deployed.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "arch/calls.h"
#include "base/text.h"
#include "bpf/simulate.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/output_aside.h"
#include "preflight/diagnostic_ids.h"
#include "preflight/trace.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

using preflight::Denial;
using preflight::Flight;

preflight::Verdict judge(const Subject& subject, const policy::Call& call, std::uint8_t known) {
  if (subject.is_policy) return preflight::judge(subject.profile.policy, call, known);
  return {subject.act(call), known == preflight::kAllArgs};
}

struct Outcome {
  std::string source;  // "ls -l", or the trace's name
  std::optional<sandbox::Ended> ended;
};

// A filter, or another tool's policy, is loaded by no container runtime unless it is said so.
const arch::RuntimeStartup* chosen_runtime(const Session& session, const Subject& subject, format::Engine engine) {
  std::string_view name = "none";
  using format::Engine;
  if (!subject.by_engine && !session.arguments().has("as")) engine = Engine::oci;
  if (engine == Engine::docker || engine == Engine::containerd || engine == Engine::runc) name = "runc";
  if (engine == Engine::podman || engine == Engine::crun) name = "crun";
  name = session.arguments().last("runtime").value_or(name);
  return arch::newest_runtime_startup(name, session.arguments().has("no-new-privileges"));
}

std::optional<Outcome> fly(Session& session, Flight& flight, int& status) {
  sandbox::Plan plan;
  const auto& words = session.arguments().operands;
  plan.argv.assign(words.begin() + 1, words.end());
  plan.environment = session.env().environment;
  const auto refuse = [&](const sandbox::Refusal& refusal) {
    session.diagnostics().add(refusal.id, {}, refusal.message, refusal.help);
    status = refusal.exit_status == sandbox::kExitOwnFailure ? kCannot : kBadInput;
    return std::nullopt;
  };
  if (const auto refusal =
          sandbox::find_program(plan.argv[0], session.env().variable("PATH"), sandbox::probe_executable, plan.program))
    return refuse(*refusal);
  std::uint64_t seconds = 0;
  if (const auto limit = session.arguments().last("for")) {
    const auto number = base::parse_u64(*limit);
    if (!number || *number == 0 || *number > 86400) {
      status =
          session.usage(kBadOptionValue, fmt::format("--for: '{}' is no number of seconds", base::printable(*limit)));
      return std::nullopt;
    }
    seconds = *number;
  }
  Outcome outcome;
  for (const std::string& word : plan.argv)
    outcome.source += (outcome.source.empty() ? "" : " ") + base::printable(word);
  const sandbox::SignalBlock signals;
  const OutputAside aside;
  const sandbox::Kernel kernel = sandbox::observing(*session.env().kernel);
  const auto launched = sandbox::launch(plan, signals, true, kernel);
  if (!launched) return refuse(sandbox::describe(launched.error(), plan.program));
  std::map<pid_t, pid_t> parents;
  const sandbox::Observer observer{[&](pid_t process, pid_t parent) { parents[process] = parent; },
                                   [&](pid_t process, const bpf::SeccompData& call) {
                                     preflight::Event event;
                                     event.process = static_cast<std::uint64_t>(process);
                                     event.call = {call.arch, call.nr, call.args};
                                     event.address = call.instruction_pointer;
                                     if (const auto parent = parents.find(process); parent != parents.end())
                                       event.parent = static_cast<std::uint64_t>(parent->second);
                                     flight.add(event);
                                   },
                                   [&](pid_t process, const std::string& comm, const sandbox::LoaderRange& loader) {
                                     flight.executed(static_cast<std::uint64_t>(process), comm, loader);
                                   }};
  outcome.ended = sandbox::observe(*launched, observer, std::chrono::seconds(seconds));
  if (const auto failure = sandbox::failure_of(*launched, *outcome.ended); failure.stage != sandbox::Stage::none)
    return refuse(sandbox::describe(failure, plan.program));
  return outcome;
}

std::optional<Outcome> replay(Session& session, Flight& flight, const std::string& path, preflight::KeptLines& kept,
                              int& status) {
  status = kBadInput;
  const base::SourceFile* const file = session.open(path);
  if (file == nullptr) return std::nullopt;
  const preflight::Sink sink{
      [&](const preflight::Event& event) { flight.add(event); },
      [&](std::uint64_t process, const std::string& program) { flight.executed(process, program, {}); }};
  if (preflight::looks_like_records(file->text()))
    preflight::read_records(*file, sink, kept, session.diagnostics());
  else
    preflight::read_strace(*file, sink, kept, session.diagnostics());
  if (session.diagnostics().has_errors()) return std::nullopt;
  if (flight.calls() == 0) {
    session.diagnostics().add(preflight::kNoCalls, {}, fmt::format("'{}' holds no call", base::printable(path)),
                              "strace -f -o FILE CMD");
    return std::nullopt;
  }
  return Outcome{path, std::nullopt};
}

std::string call_words(const Denial& denial) {
  const auto id = arch::find_name(arch::name_of_call(denial.call.audit, denial.call.nr));
  const auto prototype = id ? arch::prototype(*id) : std::nullopt;
  const std::size_t taken = prototype ? prototype->size() : 6;
  policy::Call call = denial.call;
  bool all = true;
  for (std::size_t i = 0; i < 6; ++i) {
    if (i >= taken) call.args[i] = 0;  // a register that the call does not take holds whatever was there
    all = all && (i >= taken || (denial.known >> i & 1U) != 0);
  }
  if (all) return syntax::describe_call(call);
  std::string out = syntax::describe_call({call.audit, call.nr, {}});
  out.resize(out.find('(') + 1);
  for (std::size_t i = 0; i < taken; ++i)
    if ((denial.known >> i & 1U) != 0)
      fmt::format_to(std::back_inserter(out), "{}={}, ",
                     prototype ? (*prototype)[i].name : fmt::format("argument {}", i),
                     syntax::describe_argument(prototype ? &(*prototype)[i] : nullptr, call.args[i]));
  return out + "…)";
}

std::string in_words(const Denial& denial) {
  std::string out =
      fmt::format("    {} → {}{}", call_words(denial),
                  denial.verdict.certain ? "" : "depends on arguments: ", policy::to_string(denial.verdict.action));
  if (denial.stage != preflight::Stage::runtime)
    fmt::format_to(std::back_inserter(out), "; call {}{}", denial.first + 1,
                   denial.count > 1 ? fmt::format(", {} times", denial.count) : "");
  return out + (denial.harmless ? "; it goes on without\n" : "\n");
}

// "the runtime's own start-up (runc)", "'ls', loading".
std::string heading(const Denial& denial) {
  if (denial.stage == preflight::Stage::runtime)
    return fmt::format("{}, before the program is executed", denial.program);
  const std::string who = denial.program.empty() ? "the program" : fmt::format("'{}'", base::printable(denial.program));
  constexpr std::array<std::string_view, 5> kWhat{"", "executing", "loading: dynamic loader and C library", "running",
                                                  "serving"};
  return fmt::format("{}, {}", who, kWhat[static_cast<std::size_t>(denial.stage)]);
}

std::string report_text(const Subject& subject, const Flight& flight, const Outcome& outcome,
                        const arch::RuntimeStartup* runtime) {
  std::string out = fmt::format("{} under {}: {} calls of {} {}", outcome.source, subject.name, flight.calls(),
                                flight.processes(), flight.processes() == 1 ? "process" : "processes");
  if (outcome.ended)
    out += outcome.ended->signal != 0 ? fmt::format(", ended by signal {}", outcome.ended->signal)
                                      : fmt::format(", exit status {}", outcome.ended->exit_status);
  if (runtime != nullptr)
    fmt::format_to(std::back_inserter(out), "; started by {} {}", runtime->runtime, runtime->version);
  out += '\n';
  std::string last;
  for (const Denial& denial : flight.denials()) {
    const std::string head = heading(denial);
    if (head != last) fmt::format_to(std::back_inserter(out), "  {}\n", head);
    last = head;
    out += in_words(denial);
  }
  const Denial* const first = flight.first();
  if (first == nullptr) return out + "nothing that it needs would be refused\n";
  if (!first->verdict.certain)
    return out + "whether anything would be refused depends on arguments that are not known\n";
  return out + fmt::format("first to be felt: {} ({})\n", call_words(*first), heading(*first));
}

void denial_json(base::JsonWriter& json, const Denial& denial) {
  json.begin_object().member("stage", preflight::name(denial.stage)).member("program", denial.program);
  json.member("arch", syntax::describe_arch(denial.call.audit, denial.call.nr));
  json.member("call", arch::name_of_call(denial.call.audit, denial.call.nr)).member("nr", denial.call.nr);
  json.key("args").begin_array();
  for (unsigned i = 0; i < 6; ++i) {
    if ((denial.known >> i & 1U) != 0)
      json.value(denial.call.args[i]);
    else
      json.null();
  }
  json.end_array().member("text", call_words(denial)).member("action", policy::to_string(denial.verdict.action));
  json.member("certain", denial.verdict.certain).member("harmless", denial.harmless);
  if (denial.stage != preflight::Stage::runtime) json.member("position", denial.first + 1);
  json.member("count", denial.count).end_object();
}

void report_json(Session& session, const Subject& subject, const Flight& flight, const Outcome& outcome,
                 const arch::RuntimeStartup* runtime) {
  auto json = session.begin_json();
  json.member("profile", subject.name).member("source", outcome.source).member("calls", flight.calls());
  json.member("processes", flight.processes());
  if (outcome.ended) json.member("exit_status", outcome.ended->exit_status).member("signal", outcome.ended->signal);
  json.key("runtime");
  if (runtime != nullptr)
    json.begin_object().member("name", runtime->runtime).member("version", runtime->version).end_object();
  else
    json.null();
  json.key("denied").begin_array();
  for (const Denial& denial : flight.denials()) denial_json(json, denial);
  json.end_array().key("first");
  if (flight.first() != nullptr)
    denial_json(json, *flight.first());
  else
    json.null();
  session.print(json);
}

int preflight_command(Session& session) {
  const std::size_t words = session.arguments().operands.size();
  const auto trace = session.arguments().last("trace");
  if (trace && words > 1) return session.usage(kBadOperands, "with --trace no CMD is given");
  if (!trace && words < 2) return session.usage(kBadOperands, "'preflight' needs -- CMD, or --trace FILE");
  const auto options = read_options(session);
  if (!options) return kUsage;
  int status = kYes;
  const auto subject = load(session, session.arguments().operands[0], *options, status);
  if (!subject) return status;
  Flight flight([&](const policy::Call& call, std::uint8_t known) { return judge(*subject, call, known); });
  const arch::RuntimeStartup* const runtime = chosen_runtime(session, *subject, options->as);
  if (runtime != nullptr) flight.add_runtime(*runtime);
  preflight::KeptLines kept;
  const auto outcome =
      trace ? replay(session, flight, std::string(*trace), kept, status) : fly(session, flight, status);
  if (!outcome) {
    print_diagnostics(session.env(), session.diagnostics(), session.json());
    session.diagnostics() = {};  // their lines end with this function
    return status;
  }
  if (session.json())
    report_json(session, *subject, flight, *outcome, runtime);
  else
    session.print(report_text(*subject, flight, *outcome, runtime));
  print_diagnostics(session.env(), session.diagnostics(), session.json());
  session.diagnostics() = {};
  return flight.first() == nullptr ? kYes : kNo;
}

constexpr std::array<Operand, 3> kOperands{{
    {"PROFILE", kProfileHelp},
    {"CMD", "the program, behind `--`; it runs once, without the profile", false},
    {"ARG", "its arguments", false, true},
}};
constexpr auto kOptions =
    std::array<Option, 4>{{
        {"trace", 't', "FILE", "read the calls from strace's output or from JSON Lines, not from a run of CMD", ""},
        {"runtime", 0, "NAME", "whose own calls before the program count, too (that of --as if not given)",
         "runc,crun,none"},
        {"no-new-privileges", 0, "", "the container has noNewPrivileges: the runtime loads the filter last of all", ""},
        {"for", 0, "SECONDS", "end CMD after that time; its report comes when it and its children have ended", ""},
    }} +
    kReading + kByteOrder + kFormat;
constexpr std::array<Example, 3> kExamples{{
    {"callgate preflight docker-default -- ls", "Would Docker's default refuse ls anything?"},
    {"callgate preflight restrictive --as crun -- ls", "Why no dynamically linked program starts under that profile.",
     1},
    {"callgate preflight basic-fixed --trace strace.log", "The same for a recording: strace -f -o strace.log CMD."},
}};

}  // namespace

const Command kPreflightCommand{
    "preflight",
    "tell what a profile would refuse a program, before it is deployed",
    "Runs CMD once, traced and without the profile, or reads a recording, and holds each call of the program, its "
    "threads "
    "and its children against PROFILE. Prints what would be refused and at which point of a program's life: in the "
    "container runtime's own start-up, in the dynamic loader, while running, or while serving (after the first listen "
    "or "
    "accept). CMD's own output goes to standard error.\n\n"
    "The runtime's calls come from tables that were measured; those and the C library's that a start was seen to go on "
    "without do not count. Of a recording's call some arguments may not be known; where the answer rests on them, that "
    "is "
    "said. A recording of JSON Lines has an object a line: {\"arch\", \"call\", \"args\", \"pid\"}.",
    kOperands,
    kOptions,
    kExamples,
    "0 nothing that counts would be refused; 1 something would be, or may be",
    false,
    preflight_command};

}  // namespace callgate::cli
