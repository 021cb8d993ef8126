// callgate scan
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arch/calls.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/explain.h"
#include "cli/options.h"
#include "scan/files.h"
#include "scan/scan.h"

namespace callgate::cli {

namespace {

std::string call_name(std::uint32_t nr) {
  const std::string_view name = arch::name_of(arch::Arch::x86_64, nr);
  return name.empty() ? std::to_string(nr) : std::string(name);
}

std::string evidence(const scan::Call& call) {
  return call.assumed ? fmt::format("assumed: {}", scan::name(*call.assumed)) : "proved";
}

std::vector<std::string> names(const scan::Answer& answer, bool assumed) {
  std::vector<std::string> out;
  for (const scan::Call& call : answer.calls)
    if (call.assumed.has_value() == assumed) out.push_back(call_name(call.nr));
  std::sort(out.begin(), out.end());
  return out;
}

std::string in_text(const scan::Answer& answer) {
  std::string out = fmt::format("{}: {}, {} calls\n", base::printable(answer.path), answer.closed() ? "closed" : "open",
                                answer.calls.size());
  if (!answer.script_interpreter.empty())
    out += fmt::format("  a script of {}\n", base::printable(answer.script_interpreter));
  out += columns(names(answer, false), 2);
  if (const auto more = names(answer, true); !more.empty()) out += "  by what is assumed:\n" + columns(more, 4);
  for (const scan::Assumption a : answer.assumed)
    out += fmt::format("  assumed: {}: {}\n", scan::name(a), scan::explain(a));
  for (const scan::Unresolved& u : answer.unresolved)
    out +=
        fmt::format("  unresolved: {}: {}: {}\n", scan::name(u.kind), base::printable(u.where), base::printable(u.why));
  return out;
}

void in_json(const scan::Answer& answer, base::JsonWriter& json) {
  json.begin_object().member("path", answer.path).member("build_id", answer.build_id);
  json.member("status", answer.closed() ? "closed" : "open");
  json.key("interpreter");
  if (answer.script_interpreter.empty())
    json.null();
  else
    json.value(answer.script_interpreter);
  json.key("libraries").begin_array();
  for (const std::string& each : answer.libraries) json.value(each);
  json.end_array().key("calls").begin_array();
  for (const scan::Call& call : answer.calls) {
    json.begin_object().member("name", call_name(call.nr)).member("nr", call.nr).member("evidence", evidence(call));
    json.key("args").begin_array();
    for (const scan::Argument& a : call.arguments) {
      json.begin_object().member("index", std::uint64_t{a.index}).key("values").begin_array();
      for (const std::uint32_t v : a.values) json.value(std::uint64_t{v});
      json.end_array().end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().key("assumed").begin_array();
  for (const scan::Assumption a : answer.assumed) json.value(scan::name(a));
  json.end_array().key("unresolved").begin_array();
  for (const scan::Unresolved& u : answer.unresolved)
    json.begin_object().member("kind", scan::name(u.kind)).member("where", u.where).member("why", u.why).end_object();
  json.end_array().end_object();
}

const scan::Call* find(const scan::Answer& answer, std::uint32_t nr) {
  for (const scan::Call& call : answer.calls)
    if (call.nr == nr) return &call;
  return nullptr;
}

std::string why_text(const scan::Answer& answer, std::uint32_t nr) {
  const scan::Call* const call = find(answer, nr);
  const std::string path = base::printable(answer.path);
  if (call == nullptr)
    return fmt::format("{}: {} is not reached{}\n", path, call_name(nr),
                       answer.closed() ? "" : ", as far as the code is resolved");
  std::string out = fmt::format("{}: {} ({})\n", path, call_name(nr), evidence(*call));
  for (const scan::Step& step : call->chain) out += fmt::format("  {} {}\n", base::printable(step.where), step.how);
  return out;
}

void why_json(const scan::Answer& answer, std::uint32_t nr, base::JsonWriter& json) {
  const scan::Call* const call = find(answer, nr);
  json.begin_object().member("path", answer.path).member("status", answer.closed() ? "closed" : "open");
  json.member("name", call_name(nr)).member("reached", call != nullptr).key("chain").begin_array();
  if (call != nullptr)
    for (const scan::Step& step : call->chain)
      json.begin_object().member("where", step.where).member("how", step.how).end_object();
  json.end_array().end_object();
}

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

// The call that --why asks about; `status` is set where it is none.
std::optional<std::uint32_t> asked(Session& session, int& status) {
  const auto word = session.arguments().last("why");
  if (!word) return std::nullopt;
  if (const auto nr = arch::number(arch::Arch::x86_64, *word)) return nr;
  if (const auto nr = base::parse_u64(*word); nr && *nr <= 0xffffffff) return static_cast<std::uint32_t>(*nr);
  status = session.usage(kNoSuchCall, fmt::format("x86_64 has no call '{}'", base::printable(*word)));
  return std::nullopt;
}

int scan_command(Session& session) {
  const Arguments& given = session.arguments();
  auto options = options_of(session);
  if (!options) return kUsage;
  int status = kYes;
  const auto why = asked(session, status);
  if (status != kYes) return status;
  options->chains = why.has_value();
  options->arguments = session.json() && !why;
  scan::Library library(scan::reader(std::string(given.last("root").value_or("/"))));
  auto json = session.begin_json();
  json.key("programs").begin_array();
  for (const std::string& path : given.operands) {
    auto answer = scan::scan(library, path, *options);
    if (!answer) {
      status = std::max(status, session.fail(std::move(answer.error()).within(base::printable(path))));
      continue;
    }
    if (!answer->closed()) status = std::max(status, kNo);
    if (session.json()) {
      if (why)
        why_json(*answer, *why, json);
      else
        in_json(*answer, json);
    } else {
      session.print(why ? why_text(*answer, *why) : in_text(*answer));
    }
  }
  json.end_array();
  if (session.json()) session.print(json);
  return status;
}

constexpr std::array<Operand, 1> kOperands{
    {{"ELF", "a program, or a script: then its interpreter counts", true, true}}};
constexpr auto kOptions =
    std::array<Option, 3>{{
        {"why", 'w', "CALL", "how control gets from where the program begins to this call", ""},
        {"assume", 0, "NAME", "take this for granted; may be repeated",
         "no-missing,no-dlopen,no-dlsym,nss-config,no-gconv,no-script,data-chunks,plain-locks,own-numbers", true},
        {"root", 0, "DIR", "the directory that is the program's root (/ if not given)", ""},
    }} +
    kFormat;
constexpr std::array<Example, 3> kExamples{{
    {"callgate scan /bin/true", "What it can do, and what could not be decided.", 1},
    {"callgate scan /bin/true --assume no-gconv --format json", "The same, with one thing taken for granted.", 1},
    {"callgate scan /bin/true --why openat", "The way from the program's beginning to a call.", 1},
}};

}  // namespace

extern const Command kScanCommand{
    "scan",
    "find the calls that a program's code can make",
    "Reads x86-64 programs with all libraries that the dynamic loader would give them, follows every way through their "
    "code from where the kernel enters, and lists the system calls that it can come to: over the whole life of the "
    "program, its loader's start included. Nothing is executed. A call that is not listed is never made by a program "
    "that is 'closed'.\n\n"
    "What cannot be decided from the code (a library that is opened by a name from outside, a missing library) is "
    "listed as unresolved, and the program is 'open'. --assume takes a kind of them for granted, by name; a call that "
    "rests on an assumption says so.\n\n"
    "Not seen: code that the program makes itself while it runs (a just-in-time compiler), programs that it executes, "
    "and what LD_PRELOAD and LD_LIBRARY_PATH bring in.",
    kOperands,
    kOptions,
    kExamples,
    "0 if all programs are closed, 1 if one is open.",
    false,
    scan_command};

}  // namespace callgate::cli
