// SPDX-License-Identifier: Apache-2.0
#include "cli/scan_print.h"

#include <fmt/format.h>

#include <algorithm>

#include "arch/calls.h"
#include "base/text.h"
#include "cli/explain.h"

namespace callgate::cli {

namespace {

std::string evidence(const scan::Call& call) {
  return call.assumed ? fmt::format("assumed: {}", scan::name(*call.assumed)) : "proved";
}

std::vector<std::string> names(const scan::Answer& answer, bool assumed) {
  std::vector<std::string> out;
  for (const scan::Call& call : answer.calls)
    if (call.assumed.has_value() == assumed) out.push_back(scanned_call_name(answer.arch, call.nr));
  std::sort(out.begin(), out.end());
  return out;
}

const scan::Call* find(const scan::Answer& answer, const AskedCall& asked) {
  const auto nr = asked.of(answer.arch);
  for (const scan::Call& call : answer.calls)
    if (nr && call.nr == *nr) return &call;
  return nullptr;
}

std::string asked_name(const scan::Answer& answer, const AskedCall& asked) {
  const auto nr = asked.of(answer.arch);
  return nr ? scanned_call_name(answer.arch, *nr) : asked.name;
}

// Of a program for another machine than this one.
std::string foreign(const scan::Answer& answer) {
  return answer.arch == arch::native() ? "" : fmt::format(" of {}", arch::info(answer.arch).name);
}

constexpr std::size_t kMaxNote = 300;

std::string after(const scan::Answer& answer) {
  return answer.after == scan::Point::start ? "" : fmt::format(" after {}", scan::name(answer.after));
}

}  // namespace

std::string scanned_call_name(arch::Arch arch, std::uint32_t nr) {
  const std::string_view name = arch::name_of(arch, nr);
  return name.empty() ? std::to_string(nr) : std::string(name);
}

std::optional<std::uint32_t> AskedCall::of(arch::Arch arch) const {
  return number ? number : arch::number(arch, name);
}

std::string scan_in_text(const scan::Answer& answer) {
  std::string out =
      fmt::format("{}: {}, {} calls{}{}\n", base::printable(answer.path), answer.closed() ? "closed" : "open",
                  answer.calls.size(), foreign(answer), after(answer));
  if (!answer.after_note.empty())
    out += fmt::format("  {}{}\n", answer.whole_life ? "of its whole life: " : "",
                       base::printable(answer.after_note, kMaxNote));
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

void scan_in_json(const scan::Answer& answer, base::JsonWriter& json,
                  const std::function<void(base::JsonWriter&)>& more) {
  json.begin_object().member("path", answer.path).member("build_id", answer.build_id);
  json.member("arch", arch::info(answer.arch).name).member("status", answer.closed() ? "closed" : "open");
  if (answer.after != scan::Point::start) {
    json.key("after").begin_object().member("point", scan::name(answer.after));
    json.member("whole_life", answer.whole_life).member("note", answer.after_note).end_object();
  }
  json.key("interpreter");
  if (answer.script_interpreter.empty())
    json.null();
  else
    json.value(answer.script_interpreter);
  json.key("libraries").begin_array();
  for (const std::string& each : answer.libraries) json.value(each);
  json.end_array().key("calls").begin_array();
  for (const scan::Call& call : answer.calls) {
    json.begin_object()
        .member("name", scanned_call_name(answer.arch, call.nr))
        .member("nr", call.nr)
        .member("evidence", evidence(call));
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
  json.end_array();
  if (more) more(json);
  json.end_object();
}

std::string scan_why_text(const scan::Answer& answer, const AskedCall& asked) {
  const scan::Call* const call = find(answer, asked);
  const std::string path = base::printable(answer.path);
  if (call == nullptr)
    return fmt::format("{}: {} is not reached{}{}\n", path, asked_name(answer, asked), after(answer),
                       answer.closed() ? "" : ", as far as the code is resolved");
  std::string out = fmt::format("{}: {}{} ({})\n", path, asked_name(answer, asked), after(answer), evidence(*call));
  for (const scan::Step& step : call->chain) out += fmt::format("  {} {}\n", base::printable(step.where), step.how);
  return out;
}

void scan_why_json(const scan::Answer& answer, const AskedCall& asked, base::JsonWriter& json) {
  const scan::Call* const call = find(answer, asked);
  json.begin_object().member("path", answer.path).member("status", answer.closed() ? "closed" : "open");
  json.member("name", asked_name(answer, asked)).member("reached", call != nullptr).key("chain").begin_array();
  if (call != nullptr)
    for (const scan::Step& step : call->chain)
      json.begin_object().member("where", step.where).member("how", step.how).end_object();
  json.end_array().end_object();
}

}  // namespace callgate::cli
