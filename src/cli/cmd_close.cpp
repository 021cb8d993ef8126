// callgate close
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "cli/close_inputs.h"
#include "cli/close_profile.h"
#include "cli/commands.h"
#include "cli/conversion.h"
#include "cli/diagnostic_ids.h"
#include "cli/input.h"
#include "cli/options.h"
#include "closure/close.h"
#include "closure/diagnostic_ids.h"
#include "closure/file.h"
#include "closure/need.h"
#include "closure/print.h"
#include "policy/algebra.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

using closure::Closure;

policy::Action action_named(std::string_view word) {
  if (word == "allow") return policy::kAllow;
  if (word == "log") return {policy::ActionKind::log, 0};
  if (word == "notify") return {policy::ActionKind::notify, 0};
  if (word == "trap") return {policy::ActionKind::trap, 0};
  if (word == "kill") return policy::kKillProcess;
  return policy::make_errno(1);
}

std::optional<closure::Phase> chosen_phase(const Session& session) {
  return closure::find_phase(session.arguments().last("phase").value_or("all"));
}

// --runtime, or the runtime that usually reads the format of --to.
std::vector<closure::Runtime> runtimes(const Session& session) {
  std::vector<std::string_view> names = session.arguments().all("runtime");
  if (names.empty()) {
    const auto to = session.arguments().last("to");
    if (to == "docker") names.emplace_back("runc");
    if (to == "podman") names.emplace_back("crun");
  }
  std::vector<closure::Runtime> out;
  for (const std::string_view name : names)
    if (name != "none") out.push_back({std::string(name), session.arguments().has("no-new-privileges")});
  return out;
}

std::optional<Closure> make_closure(Session& session) {
  const Arguments& given = session.arguments();
  const auto recording = read_recordings(session, given.operands, given.has("accept-incomplete"));
  if (!recording) return std::nullopt;
  closure::Options options;
  options.pinning = *closure::find_pinning(given.last("arguments").value_or("risky"));
  options.fallbacks = !given.has("no-fallbacks");
  options.runtimes = runtimes(session);
  Closure out = closure::close(*recording, options);
  if (const auto word = given.last("frontier")) out.on_frontier = action_named(*word);
  if (const auto word = given.last("outside")) out.outside = action_named(*word);
  const auto scanned = read_scans(session, given.all("scan"));
  if (!scanned) return std::nullopt;
  if (!scanned->empty()) closure::add_scan(out, *recording, *scanned, session.diagnostics());
  return out;
}

bool read_budget(Session& session, std::optional<std::size_t>& out) {
  const auto word = session.arguments().last("budget");
  if (!word) return true;
  const auto limit = base::parse_u64(*word);
  constexpr std::uint64_t kMostCalls = 100000;
  if (!limit || *limit > kMostCalls) {
    session.usage(kBadOptionValue, fmt::format("--budget: '{}' is no number of calls", base::printable(*word)));
    return false;
  }
  out = static_cast<std::size_t>(*limit);
  return true;
}

// What was asked for cannot be: a sentence; empty if it can.
std::string_view contradiction(const Arguments& given) {
  if (given.has("pair") && given.has("profile")) return "--pair and --profile are two ways to write profiles";
  if (given.has("pair") && given.has("phase")) return "--pair writes two phases";
  if ((given.has("profile") || given.has("phase")) && !given.has("to")) return "--profile and --phase go with --to";
  if (given.has("frontier") && !given.has("scan")) return "--frontier goes with --scan";
  if (given.last("output") == "-" && given.has("to") && !given.has("pair") &&
      given.last("profile").value_or("-") == "-")
    return "closure and profile cannot both go to standard output";
  return {};
}

int emit_profiles(Session& session, const Closure& closure) {
  const Arguments& given = session.arguments();
  if (!given.has("to") && !given.has("pair")) return kYes;
  Emission emission{target_format(session, "oci"), std::string(given.last("profile").value_or("-")),
                    chosen_phase(session), given.has("lossy")};
  if (emission.format == nullptr) return kUsage;
  if (!given.has("pair")) return write_profile(session, closure, emission);
  for (const closure::Phase phase : {closure::Phase::startup, closure::Phase::serving}) {
    emission.phase = phase;
    emission.path =
        fmt::format("{}-{}{}", *given.last("pair"), closure::name(*emission.phase), emission.format->extension);
    if (const int status = write_profile(session, closure, emission); status != kYes) return status;
  }
  return kYes;
}

int tell_budget(Session& session, const Closure& closure) {
  if (!closure.budget) return kYes;
  int status = kYes;
  for (std::size_t i = 0; i < closure::kPhaseCount; ++i) {
    const std::size_t size = closure.core[i].size();
    if (size <= *closure.budget) continue;
    session.diagnostics().add(closure::kOverBudget, {},
                              fmt::format("{} has {} calls in its core; the budget is {}",
                                          closure::name(static_cast<closure::Phase>(i)), size, *closure.budget));
    status = kNo;
  }
  return status;
}

// Nothing goes to standard output beside what was asked to go there.
int print_closure(Session& session, const Closure& closure) {
  const Arguments& given = session.arguments();
  const std::string json = closure::to_json(closure);
  const bool profile_out = given.has("to") && !given.has("pair") && given.last("profile").value_or("-") == "-";
  const auto file = given.last("output");
  if (file && !session.emit(json)) return kBadInput;
  if (profile_out || file == "-") return kYes;
  if (const auto form = given.last("capabilities")) {
    const auto text = closure::capabilities_text(closure, *closure::find_capability_form(*form));
    if (!text) {
      session.diagnostics().add(closure::kMixedRuns, {}, "which capabilities are needed is not known",
                                "record by eBPF (as root, Linux 6.13 or later)");
      return kNo;
    }
    session.print(text->ends_with('\n') ? *text : *text + '\n');
    return kYes;
  }
  session.print(session.json() ? json : closure::to_text(closure));
  return kYes;
}

// The call that the profile refuses and the closure needs, if there is one; `tier` says what it is part of.
int report_check(Session& session, const Closure& closure, const Subject& subject, const policy::Policy& granted) {
  const auto lack = closure::first_lack(closure, chosen_phase(session), granted);
  const std::string_view tier = lack && !lack->entry ? "frontier" : "core";
  const auto witness = lack ? std::optional(lack->call) : std::nullopt;
  if (lack) {
    base::Diagnostic& made = session.diagnostics().add(
        closure::kNeedRefused, {},
        fmt::format("{} {}: needed, '{}' answers {}", syntax::describe_arch(witness->audit, witness->nr),
                    syntax::describe_call(*witness), base::printable(subject.name),
                    policy::to_string(policy::evaluate(granted, *witness))),
        "callgate diff tells all the differences");
    made.notes.push_back({{}, closure::reason(*lack)});
  }
  if (session.json()) {
    auto json = session.begin_json();
    json.member("holds", !witness).key("witness");
    if (!witness) {
      json.null();
    } else {
      json.begin_object().member("tier", tier).member("arch", syntax::describe_arch(witness->audit, witness->nr));
      json.member("nr", witness->nr).member("call", syntax::describe_call(*witness)).key("args").begin_array();
      for (const std::uint64_t argument : witness->args) json.value(argument);
      json.end_array();
      json.member("answer", policy::to_string(policy::evaluate(granted, *witness))).end_object();
    }
    session.print(json);
  } else if (!witness) {
    session.print(fmt::format("'{}' grants all that is needed\n", base::printable(subject.name)));
  }
  return witness ? kNo : kYes;
}

int check(Session& session) {
  const Arguments& given = session.arguments();
  if (given.operands.size() != 2) return session.usage(kBadOperands, "--check needs a closure and a profile");
  const auto options = read_options(session);
  if (!options) return kUsage;
  const base::SourceFile* const file = session.open(given.operands[0]);
  if (file == nullptr) return kBadInput;
  const auto closure = closure::read(*file, session.diagnostics());
  if (!closure) return kBadInput;
  int status = kYes;
  const auto subject = load(session, given.operands[1], *options, status);
  if (!subject) return status;
  const auto granted = subject->as_policy();
  if (!granted) return session.fail(granted.error());
  return report_check(session, *closure, *subject, *granted);
}

int close_command(Session& session) {
  const Arguments& given = session.arguments();
  if (given.has("check")) return check(session);
  if (const std::string_view why = contradiction(given); !why.empty())
    return session.usage(kBadOperands, std::string(why));
  std::optional<std::size_t> budget;
  if (!read_budget(session, budget)) return kUsage;
  if (given.has("to") && target_format(session, "oci") == nullptr) return kUsage;
  auto closure = make_closure(session);
  if (!closure) return kBadInput;
  closure->budget = budget;
  if (const int status = print_closure(session, *closure); status != kYes) return status;
  if (const int status = emit_profiles(session, *closure); status != kYes) return status;
  return tell_budget(session, *closure);
}

constexpr std::array<Operand, 1> kOperands{
    {{"RECORDING", "files that `callgate record` wrote; with --check a closure, and then the profile", true, true}}};
constexpr auto kOptions =
    std::array<Option, 17>{{
        {"output", 'o', "FILE", "write the closure to FILE; '-' is standard output", ""},
        {"to", 't', "FORMAT", "write a profile that grants it, in a format of `callgate convert`", ""},
        {"profile", 0, "FILE", "with --to: where the profile goes (standard output if not given)", ""},
        {"phase", 0, "PHASE", "with --to or --check: of which phase (all if not given; a program starts under startup)",
         "all,startup,serving,shutdown"},
        {"pair", 0, "NAME", "write two profiles, NAME-startup and NAME-serving, for `run --phase`", ""},
        {"lossy", 0, "", "write a profile even if the format cannot say exactly what is granted", ""},
        {"scan", 0, "FILE", "what `callgate scan --format json` printed: the calls that the code can come to", "",
         true},
        {"frontier", 0, "ACTION", "what calls get that the code can come to and no run made (allow if not given)",
         "allow,log,errno,notify"},
        {"outside", 0, "ACTION", "what all other calls get (errno if not given)", "errno,kill,trap,log,notify"},
        {"arguments", 0, "WHICH",
         "hold recorded arguments fast: those where other values reach other parts of the kernel (if not given), all "
         "that were recorded, or none",
         "risky,all,none"},
        {"runtime", 0, "NAME",
         "add what this container runtime calls under the filter (runc with --to docker, crun with --to podman)",
         "runc,crun,none", true},
        {"no-new-privileges", 0, "", "the runtime sets it, so it loads the filter later and needs fewer calls", ""},
        {"no-fallbacks", 0, "", "leave out what callers of newer calls fall back on", ""},
        {"budget", 0, "N", "tell which calls of a phase go beyond N; the exit status says whether any do", ""},
        {"capabilities", 0, "FORM", "print the capabilities that are needed as options or members",
         "docker,compose,kubernetes"},
        {"accept-incomplete", 0, "", "take recordings that say of themselves that calls may be missing", ""},
        {"check", 0, "", "hold a profile against a closure: does it grant all that is needed?", ""},
    }} +
    kReading + kFormat;
constexpr std::array<Example, 5> kExamples{{
    {"callgate close web.jsonl -o closure.json", "What was needed, and why; kept for other commands."},
    {"callgate close web.jsonl --to docker --profile web.json", "A profile for docker run, proved to grant all of it."},
    {"callgate close web.jsonl --pair web", "Two profiles for `callgate run --phase`."},
    {"callgate close web.jsonl --budget 10", "Do ten calls suffice in each phase?", 1},
    {"callgate close --check closure.json docker-default", "Does Docker's default grant what is needed?"},
}};

}  // namespace

const Command kCloseCommand{
    "close",
    "turn recordings into what a program needs, and into a profile",
    "Merges recordings into a closure: for each phase of the program's life the calls that were made, by whom and how "
    "often, with the arguments that were seen where other values would reach other parts of the kernel; what the "
    "kernel, a container runtime or a C library calls beside them, with the reason; and the Linux capabilities that "
    "were used. Nothing that was seen is ever left out.\n\n"
    "With --scan the calls that the code can come to and no run made are the frontier; all others are outside.\n\n"
    "A profile is written only once it has been read again as its own tool reads it and proved to grant what the "
    "closure needs and nothing else. Other commands take the closure for a profile, too: `callgate lint --closure`, "
    "`callgate diff`; closure.json#serving is one phase of it.\n\n"
    "Recordings that may lack calls are refused without --accept-incomplete.",
    kOperands,
    kOptions,
    kExamples,
    "0 done, or all is granted; 1 over the budget, not all is granted, or the format cannot say it",
    false,
    close_command};

}  // namespace callgate::cli
