// callgate scan
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arch/calls.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/options.h"
#include "cli/scan_fleet.h"
#include "cli/scan_graph.h"
#include "cli/scan_print.h"
#include "cli/scan_source.h"
#include "scan/process.h"
#include "scan/scan.h"

namespace callgate::cli {

namespace {

std::optional<scan::Options> options_of(Session& session) {
  scan::Options out;
  for (const std::string_view word : session.arguments().all("assume")) {
    const auto found = scan::find_assumption(word);
    if (!found) {
      std::string known;
      for (const scan::Assumption a : scan::assumptions())
        known += fmt::format("{}{}", known.empty() ? "" : ", ", scan::name(a));
      session.usage(kBadOptionValue, fmt::format("--assume: '{}' is no assumption", base::printable(word)), known);
      return std::nullopt;
    }
    out.assume.push_back(*found);
  }
  return out;
}

bool point_of(Session& session, scan::Options& options, int& status) {
  const auto word = session.arguments().last("after");
  if (!word) return true;
  if (word->starts_with("pid:")) {
    const auto pid = base::parse_u64(word->substr(4));
    if (!pid || *pid == 0 || *pid > 0x7fffffff) {
      status = session.usage(kBadOptionValue, fmt::format("--after: '{}' is no process", base::printable(*word)));
      return false;
    }
    auto process = scan::read_process(static_cast<std::int64_t>(*pid));
    if (!process) {
      status = session.fail(std::move(process.error()).within(fmt::format("--after {}", *word)));
      return false;
    }
    options.after = scan::Point::pid;
    options.process = std::make_shared<const scan::Process>(std::move(*process));
    return true;
  }
  const auto point = scan::find_point(*word);
  if (point && (*point == scan::Point::main || *point == scan::Point::listen)) {
    options.after = *point;
    return true;
  }
  status = session.usage(kBadOptionValue, fmt::format("--after: '{}' is no point", base::printable(*word)),
                         "main, listen, pid:N");
  return false;
}

// The call that --why asks about; `status` is set where it is none.
std::optional<AskedCall> asked(Session& session, int& status) {
  const auto word = session.arguments().last("why");
  if (!word) return std::nullopt;
  std::string machines;
  for (const scan::Machine& each : scan::machines()) {
    if (each.number_of(*word)) return AskedCall{std::string(*word), std::nullopt};
    machines += fmt::format("{}{}", machines.empty() ? "" : ", ", arch::info(each.arch).name);
  }
  if (const auto nr = base::parse_u64(*word); nr && *nr <= 0xffffffff)
    return AskedCall{std::string(*word), static_cast<std::uint32_t>(*nr)};
  status = session.usage(kNoSuchCall, fmt::format("no call '{}' on {}", base::printable(*word), machines));
  return std::nullopt;
}

int scan_command(Session& session) {
  const Arguments& given = session.arguments();
  auto options = options_of(session);
  if (!options) return kUsage;
  int status = kYes;
  if (!point_of(session, *options, status)) return status;
  const auto why = asked(session, status);
  if (status != kYes) return status;
  options->arguments = (session.json() || given.has("output")) && !why;
  const auto means = scan_means(session, status);
  if (!means) return status;
  const auto source = scan_source(session, status);
  if (!source) return status;
  if (options->process && (source->all || source->programs.size() != 1))
    return session.usage(kBadOperands, "scan: --after pid:N is for one program, the one that the process runs");
  if (source->all) {
    if (why || given.has("graph") || !given.operands.empty())
      return session.usage(kBadOperands,
                           "scan: --why, --graph, and programs by name, are not for all programs of a tree");
    return scan_tree(session, *source->tree, source->name, std::move(*options), *means);
  }
  if (given.has("output")) return session.usage(kBadOperands, "scan: --output is for all programs of a tree");
  const bool graph = given.has("graph");
  if (graph && session.json()) return session.usage(kBadOperands, "scan: --graph is no JSON; --why has chains as JSON");
  options->chains = why.has_value() || graph;
  scan::Library library([&](const std::string& path) { return source->tree->read(path); }, means->cache.get(),
                        means->jobs);
  auto json = session.begin_json();
  json.key("programs").begin_array();
  scan::scan_in_order(library, source->programs, *options, [&](std::size_t i, base::Result<scan::Answer> answer) {
    if (!answer) {
      status = std::max(status, session.fail(std::move(answer.error()).within(base::printable(source->programs[i]))));
      return true;
    }
    if (!answer->closed()) status = std::max(status, kNo);
    if (graph) {
      session.print(scan_graph(*answer, why ? std::optional(why->of(answer->arch).value_or(~0U)) : std::nullopt));
    } else if (session.json()) {
      if (why)
        scan_why_json(*answer, *why, json);
      else
        scan_in_json(*answer, json);
    } else {
      session.print(why ? scan_why_text(*answer, *why) : scan_in_text(*answer));
    }
    return true;
  });
  json.end_array();
  if (session.json()) session.print(json);
  return status;
}

constexpr std::array<Operand, 1> kOperands{
    {{"ELF", "a program, or a script: then its interpreter counts", false, true}}};
constexpr auto kOptions =
    std::array<Option, 14>{{
        {"why", 'w', "CALL", "how control gets from where the program begins to this call", ""},
        {"graph", 0, "", "the ways to all calls, or to that of --why, as a graph (dot)", ""},
        {"assume", 0, "NAME", "take this for granted; may be repeated",
         "no-missing,no-dlopen,no-dlsym,nss-config,no-gconv,gconv-config,no-pam,pam-config,dlopen-notes,no-script,data-"
         "chunks,"
         "plain-locks,direct-point,own-numbers",
         true},
        {"after", 0, "POINT",
         "only what can be called after main has begun, listen has returned (main, listen), or from now on in a "
         "process (pid:N)",
         ""},
        {"root", 0, "DIR", "the directory that is the program's root (/ if not given); alone: all programs below it",
         ""},
        {"image", 0, "FILE",
         "look into an image that docker save, podman save or skopeo has written; without ELF: what it executes", ""},
        {"tag", 0, "NAME", "which of the images in FILE, by its tag or the beginning of its id", ""},
        {"all", 0, "", "all programs of the root, or of the image", ""},
        {"package", 0, "NAME", "the programs of this package, as the root's dpkg or apk has it installed", ""},
        {"output", 'o', "FILE",
         "for all programs: write each, as soon as it is scanned, as a line of JSON; a run that was ended goes on", ""},
        {"jobs", 'j', "N", "use so many threads (as many as there are processors, if not given)", ""},
        {"cache", 0, "DIR", "keep what is found here ($XDG_CACHE_HOME/callgate or ~/.cache/callgate, if not given)",
         ""},
        {"no-cache", 0, "", "find everything anew, and keep nothing", ""},
        {"progress", 0, "", "tell how it goes, where standard error is no terminal, too", ""},
    }} +
    kFormat;
constexpr std::array<Example, 4> kExamples{{
    {"callgate scan /bin/true", "What it can do, and what could not be decided.", 1},
    {"callgate scan /bin/true --assume no-gconv --format json", "The same, with one thing taken for granted.", 1},
    {"callgate scan /bin/true --why openat", "The way from the program's beginning to a call.", 1},
    {"callgate scan --root . --format json", "All programs below a directory.", 0},
}};

}  // namespace

extern const Command kScanCommand{
    "scan",
    "find the calls that a program's code can make",
    "Reads x86-64 and aarch64 programs with all libraries that the dynamic loader would give them, follows every way "
    "through their "
    "code from where the kernel enters, and lists the system calls that it can come to: over the whole life of the "
    "program, its loader's start included. Nothing is executed. A call that is not listed is never made by a program "
    "that is 'closed'.\n\n"
    "What cannot be decided from the code (a library that is opened by a name from outside, a missing library) is "
    "listed as unresolved, and the program is 'open'. --assume takes a kind of them for granted, by name; a call that "
    "rests on an assumption says so.\n\n"
    "With --root alone, all programs below that directory are scanned, and summed up by package: files that somebody "
    "may "
    "execute, with links resolved inside of it and nowhere else. Devices, pipes, what cannot be read and programs of "
    "other machines are named and left out.\n\n"
    "With --image the same is done for an image in a file (docker save, OCI layout; layers plain or compressed by "
    "gzip, "
    "zstd, xz or bzip2): for the program that it is configured to execute, for programs by name, or for --all. Nothing "
    "is unpacked.\n\n"
    "With --after, only what can still be called counts: after main has begun, or after listen has returned for the "
    "first "
    "time in a process, or from where a process (pid:N) of the program stands. Whatever may be called through a "
    "pointer counts as before.\n\n"
    "Not seen: code that the program makes itself while it runs (a just-in-time compiler), programs that it executes, "
    "and what LD_PRELOAD and LD_LIBRARY_PATH bring in.",
    kOperands,
    kOptions,
    kExamples,
    "0 if all programs are closed, 1 if one is open.",
    false,
    scan_command};

}  // namespace callgate::cli
