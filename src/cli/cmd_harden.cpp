// callgate harden: from a program to the same program under the profile that it needs.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/text.h"
#include "cli/close_profile.h"
#include "cli/commands.h"
#include "cli/conversion.h"
#include "cli/diagnostic_ids.h"
#include "cli/harden_containers.h"
#include "cli/harden_loop.h"
#include "cli/options.h"
#include "cli/record_targets.h"
#include "cli/run_seals.h"
#include "resolve/emit.h"
#include "why/print.h"

namespace callgate::cli {

namespace {

bool read_count(Session& session, std::string_view option, std::uint64_t least, std::uint32_t& out) {
  const auto word = session.arguments().last(option);
  if (!word) return true;
  constexpr std::uint64_t kMost = 1000;
  const auto number = base::parse_u64(*word);
  if (number && *number >= least && *number <= kMost) {
    out = static_cast<std::uint32_t>(*number);
    return true;
  }
  session.usage(kBadOptionValue,
                fmt::format("--{}: '{}' is no number from {} to {}", option, base::printable(*word), least, kMost));
  return false;
}

bool read_quiet(Session& session, std::chrono::seconds& out) {
  const auto word = session.arguments().last("quiet-for");
  if (!word) return true;
  if (const auto seconds = harden::parse_time(*word)) {
    out = std::chrono::seconds(*seconds);
    return true;
  }
  session.usage(kBadOptionValue, fmt::format("--quiet-for: '{}' is no time", base::printable(*word)),
                "write 30s, 10m or 2h");
  return false;
}

bool read_settings(Session& session, HardenSettings& out) {
  const Arguments& given = session.arguments();
  const std::string_view arguments = given.last("arguments").value_or("risky");
  const std::string_view outside = given.last("outside").value_or("errno");
  const std::string_view frontier = given.last("frontier").value_or("allow");
  out.closing.pinning = *closure::find_pinning(arguments);
  out.outside = outside == "kill" ? policy::kKillProcess : policy::make_errno(1);
  out.on_frontier = frontier == "allow" ? policy::kAllow : out.outside;
  for (const std::string_view scan : given.all("scan")) out.scans.emplace_back(scan);
  out.accept_incomplete = given.has("accept-incomplete");
  out.format = format_named(given.last("to").value_or("oci"));
  out.words =
      fmt::format("arguments {}, outside {}, frontier {}, format {}", arguments, outside, frontier, out.format->name);
  for (const std::string& scan : out.scans) out.words += ", scan " + base::printable(scan);
  if (const auto where = given.last("phases")) {
    out.phases = recording::find_serving_at(*where);
    out.words += fmt::format(", phases {}", *where);
  }
  return true;
}

bool read_options(Session& session, HardenOptions& out) {
  const Arguments& given = session.arguments();
  out.method = method_of(given);
  if (given.has("phases"))
    out.method = record::Method::ebpf;  // it alone sees phases, and what is denied beside a tracer
  out.accept = given.has("accept");
  return read_count(session, "runs", given.has("recording") ? 0 : 1, out.runs) &&
         read_count(session, "trials", 1, out.trials) && read_count(session, "rounds", 1, out.rounds) &&
         read_quiet(session, out.quiet) && read_settings(session, out.settings);
}

// The line that runs the program under its profile from now on.
std::string run_line(const HardenDir& dir, const HardenOptions& options) {
  const std::string profile = dir.file("profile.json");
  std::string out = fmt::format("callgate run --as {} ", format::name(reader_of(*options.settings.format)));
  if (const auto where = options.settings.phases)
    out += fmt::format("--phase {} --phase {} --switch-at {} --", resolve::shell_word("startup=" + profile),
                       resolve::shell_word("serving=" + dir.file("serving.json")), recording::name(*where));
  else
    out += fmt::format("--profile {} --", resolve::shell_word(profile));
  for (const std::string& word : dir.state().command) out += " " + resolve::shell_word(word);
  return out;
}

void print_json(Session& session, const HardenDir& dir, const HardenLoop& loop, const HardenOptions& options,
                int status) {
  const harden::State& state = dir.state();
  base::JsonWriter json = session.begin_json();
  json.member("directory", dir.path()).member("stage", harden::name(state.stage)).member("status", status);
  json.member("runs", state.runs).member("trials", state.trials).member("quiet", state.quiet);
  json.member("enforced", state.enforced).key("calls").begin_object();
  for (std::size_t i = 0; i < closure::kPhaseCount; ++i)
    json.member(closure::name(static_cast<closure::Phase>(i)), loop.closure().core[i].size());
  json.end_object().key("phases");
  if (const auto where = options.settings.phases)
    json.begin_object().member("switch_at", recording::name(*where)).end_object();
  else
    json.null();
  harden::steps_to_json(state, json.key("steps"));
  json.key("denied");
  if (loop.report()) {
    json.begin_object();
    why::to_json(*loop.report(), json);
    json.end_object();
  } else {
    json.null();
  }
  json.key("run");
  if (state.stage == harden::Stage::hardened)
    json.value(run_line(dir, options));
  else
    json.null();
  session.print(json);
}

int refuse(Session& session, const sandbox::Refusal& refusal) {
  session.diagnostics().add(refusal.id, {}, refusal.message, refusal.help);
  return refusal.exit_status;
}

// What was asked for cannot be: a sentence; empty if it can.
std::string_view contradiction(const Arguments& given) {
  if (given.last("output").value_or("").empty()) return "'harden' needs -o DIR";
  const bool container = given.has("container"), compose = given.has("compose");
  if ((container ? 1 : 0) + (compose ? 1 : 0) + (given.operands.empty() ? 0 : 1) != 1)
    return "'harden' needs one of -- CMD, --container and --compose";
  if (!container && !compose) {
    for (const std::string_view each : {"wait", "host", "for", "file", "project-name", "runtime-root"})
      if (given.has(each)) return "--wait, --host, --for, --file, --project-name and --runtime-root are for containers";
    if (given.has("phases") && given.last("method") == "ptrace") return "--phases goes by eBPF alone";
    return {};
  }
  for (const std::string_view each : {"runs", "rounds", "recording", "method", "scan", "phases"})
    if (given.has(each)) return "--runs, --rounds, --recording, --method, --scan and --phases are for CMD";
  if (given.has("runtime-root") && !container) return "--runtime-root goes with --container";
  if ((given.has("file") || given.has("project-name")) && !compose)
    return "--file and --project-name go with --compose";
  return {};
}

int harden_command(Session& session) {
  const auto output = session.arguments().last("output");
  const bool containers = session.arguments().has("container") || session.arguments().has("compose");
  if (const std::string_view why = contradiction(session.arguments()); !why.empty())
    return session.usage(kBadOperands, std::string(why));
  HardenOptions options;
  if (!read_options(session, options)) return kUsage;
  if (containers) return harden_containers(session, options);
  sandbox::Plan plan;
  plan.argv = session.arguments().operands;
  plan.environment = session.env().environment;
  if (const auto missing = find_program(session, plan)) return refuse(session, *missing);
  harden::State fresh;
  std::error_code error;
  fresh.command = plan.argv;
  fresh.program = std::filesystem::canonical(plan.program, error).string();
  fresh.identity = harden::identity_of(plan.program);
  int status = kYes;
  auto dir = HardenDir::open(session, std::string(*output), fresh, status);
  if (!dir) return status;
  HardenLoop loop(session, *dir, options, plan);
  status = loop.run();
  if (session.json())
    print_json(session, *dir, loop, options, status);
  else if (status == kYes)
    session.env().err(fmt::format("callgate: hardened; from now on: {}\n", run_line(*dir, options)));
  return status;
}

constexpr std::array<Operand, 2> kOperands{{
    {"CMD", "the program, behind `--`; none with --container or --compose", false},
    {"ARG", "its arguments", false, true},
}};
constexpr auto kOptions =
    std::array<Option, 17>{{
        {"output", 'o', "DIR", "the directory of what is recorded, closed and reached; the same command goes on in it",
         ""},
        {"runs", 0, "N", "record so many runs (1 if not given)", ""},
        {"recording", 0, "FILE", "take recordings of `callgate record` in, too; with --runs 0 those alone", "", true},
        {"trials", 0, "N", "so many runs in log mode, one after the other, must show nothing new (1 if not given)", ""},
        {"rounds", 0, "N", "give up after so many runs in log mode (10 if not given)", ""},
        {"quiet-for", 0, "TIME",
         "end a run that does not end itself, recorded or in log mode, once nothing new came for so long: 30s, 10m, 2h",
         ""},
        {"accept", 0, "", "take what was denied under the profile into the closure, and go on", ""},
        {"restart", 0, "", "begin anew; what the directory holds is put into DIR/earlier-N", ""},
        {"to", 't', "FORMAT", "the format of the profiles (oci if not given)", "oci,docker,podman"},
        {"arguments", 0, "WHICH",
         "hold recorded arguments fast: those where other values reach other parts of the kernel (if not given), all "
         "that were recorded, or none",
         "risky,all,none"},
        {"outside", 0, "ACTION", "what calls get that are not needed (errno if not given)", "errno,kill"},
        {"phases", 0, "WHERE",
         "enforce two profiles, a stricter one where the program serves: after its first listen, or from its first "
         "accept or wait for clients on",
         "listen,accept"},
        {"scan", 0, "FILE", "what `callgate scan --format json` printed: the calls that the code can come to", "",
         true},
        {"frontier", 0, "ACTION",
         "what calls get that the code can come to and no run made (allow if not given; else as --outside says)",
         "allow,outside"},
        {"accept-incomplete", 0, "", "take recordings that say of themselves that calls may be missing", ""},
        {"container", 0, "NAME",
         "a container that others start, by name or id, from its start if it does not run yet: what is recorded of it "
         "counts by the profile that it is under",
         ""},
        {"compose", 0, "", "every service of a Compose project likewise, each in a directory of its own below DIR", ""},
    }} +
    kTargetOptions +
    std::array<Option, 1>{{
        {"for", 0, "SECONDS", "end the recording of containers after that time", ""},
    }} +
    kRecordingOptions + kFormat;
constexpr std::array<Example, 6> kExamples{{
    {"callgate harden -o hardened -- ls -l", "ls, under exactly what it needs."},
    {"callgate harden -o hardened --runs 3 --trials 2 -- ls -l", "Three recorded runs, two that show nothing new."},
    {"callgate harden -o hardened --accept -- ls -l", "Take in what was denied, and go on."},
    {"callgate harden -o hardened --restart --outside kill --arguments none -- ls -l",
     "Begin anew; what is not needed kills."},
    {"callgate harden -o web.d --phases listen --quiet-for 5m -- web", "A server, under less once it serves.", 127},
    {"callgate harden -o web.d --container web", "A container that others start: one step of it.", 125},
}};

}  // namespace

const Command kHardenCommand{
    "harden",
    "record a program, close, prove, try in log mode, enforce",
    "Brings a program under the profile that it needs, step by step, each told with its number on standard error: "
    "records CMD (--runs); closes what was recorded into a profile; proves the profile and its filter; runs CMD under "
    "the profile in log mode, where what it would refuse is let through and seen, takes in what is new and closes "
    "again, "
    "until nothing new comes; and then runs CMD under the profile.\n\n"
    "In log mode the recorder runs beside the filter (eBPF), or the program is followed and stops only at what would "
    "be "
    "refused (ptrace); nothing relies on logs. Under the profile it is followed likewise: a denied call is told at "
    "once, and ends in a report with the smallest change that admits it (denied.json), the profile with that change "
    "(proposed.json), and status 1. With --accept those calls are taken into the closure, which is tried again.\n\n"
    "DIR holds recordings.jsonl, closure.json, profile.json, trial.json and state.json. Whenever harden is stopped "
    "they "
    "are whole, and the same command goes on; a program whose file has changed, or another command, is refused without "
    "--restart.\n\n"
    "--container and --compose harden what others start, a step a call: the container is recorded (by eBPF), and the "
    "filter "
    "that it is under says what that counts for: neither of ours, one more recording; trial.json, a run in log mode; "
    "profile.json, a look at what is denied. How to go on is told.\n\n"
    "With --phases two profiles are enforced, the second, serving.json, from where the program serves; whether the "
    "recordings allow that is told without it, too.\n\n"
    "What a run needs it gets: programs that do not end themselves are ended by --quiet-for. A file on standard input "
    "is given to each run from where it stood.",
    kOperands,
    kOptions,
    kExamples,
    "0 the program ran under its profile and no call was denied; 1 one was, or something was still new after --rounds; "
    "128 + n if signal n interrupted it; 125 if callgate itself failed; 126 if CMD cannot be executed; 127 if it was "
    "not "
    "found",
    true,
    harden_command};

}  // namespace callgate::cli
