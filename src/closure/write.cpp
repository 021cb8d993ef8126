// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "closure/facts.h"
#include "closure/file.h"
#include "recording/recording.h"
#include "syntax/words.h"

namespace callgate::closure {

namespace {

void write_call(base::JsonWriter& json, arch::AuditArch audit, arch::SyscallNr nr) {
  const auto known = arch::of_call(audit, nr);
  json.member("call", recording::call_name(audit, nr));
  json.member("arch", known ? arch::info(*known).name : std::string_view("unknown")).member("nr", nr);
}

void write_strings(base::JsonWriter& json, std::string_view name, const std::vector<std::string>& words) {
  json.key(name).begin_array();
  for (const std::string& word : words) json.value(word);
  json.end_array();
}

void write_pin(base::JsonWriter& json, const Entry& entry, const Pin& pin) {
  const auto argument = syntax::argument(entry.audit, entry.nr, pin.place);
  const std::string_view set = argument ? argument->set : std::string_view();
  json.begin_object().member("arg", pin.place);
  if (argument) json.member("name", argument->name);
  if (~pin.mask != 0) json.member("mask", pin.mask);
  if (pin.allowed) {
    json.member("bits", *pin.allowed).member("text", arch::describe_value(set, *pin.allowed));
  } else {
    std::string words;
    json.key("values").begin_array();
    for (const std::uint64_t value : pin.values) {
      json.value(value);
      words += (words.empty() ? "" : ", ") + arch::describe_value(set, value);
    }
    json.end_array().member("text", words);
  }
  json.end_object();
}

void write_entry(base::JsonWriter& json, const Entry& entry) {
  json.begin_object();
  write_call(json, entry.audit, entry.nr);
  json.member("count", entry.evidence.count).member("origin", name(entry.origin));
  json.key("args").begin_array();
  for (const Pin& pin : entry.pins) write_pin(json, entry, pin);
  json.end_array().key("evidence").begin_object();
  if (entry.origin == Origin::observed) {
    json.member("runs", entry.evidence.runs);
    write_strings(json, "programs", entry.evidence.programs);
    json.member("thread", entry.evidence.thread).member("ns", entry.evidence.first_ns);
    if (entry.evidence.refused) json.member("refused", true);
    if (entry.evidence.vsyscall) json.member("vsyscall", true);
  } else {
    json.member("why", entry.why);
  }
  json.end_object();
  if (const std::string_view what = purpose(arch::name_of_call(entry.audit, entry.nr)); !what.empty())
    json.member("purpose", what);
  json.end_object();
}

void write_source(base::JsonWriter& json, const Source& source) {
  json.begin_object().member("id", source.id).member("started", source.started).member("kernel", source.kernel);
  json.member("arch", arch::info(source.arch).name);
  write_strings(json, "command", source.command);
  json.member("arguments", source.with_arguments).member("complete", source.incomplete.empty());
  if (source.known != 0) json.member("known", source.known);
  json.end_object();
}

void write_budget(base::JsonWriter& json, const Closure& closure) {
  if (!closure.budget) return;
  bool holds = true;
  for (const auto& core : closure.core) holds = holds && core.size() <= *closure.budget;
  json.key("budget").begin_object().member("limit", *closure.budget).member("holds", holds).key("over").begin_array();
  for (std::size_t i = 0; i < kPhaseCount; ++i)
    for (const Entry* const entry : over_budget(closure.core[i], *closure.budget)) {
      json.begin_object().member("phase", name(static_cast<Phase>(i)));
      write_call(json, entry->audit, entry->nr);
      json.member("for", reason(*entry)).end_object();
    }
  json.end_array().end_object();
}

void write_capabilities(base::JsonWriter& json, const Closure& closure) {
  json.key("capabilities");
  if (!closure.capabilities) {
    json.null();
    return;
  }
  json.begin_array();
  for (const Capability& each : *closure.capabilities) {
    json.begin_object().member("capability", each.name).member("keep", each.caution.empty());
    write_strings(json, "calls", each.calls);
    if (!each.caution.empty()) json.member("caution", each.caution);
    json.end_object();
  }
  json.end_array();
}

void write_tiers(base::JsonWriter& json, const Closure& closure) {
  json.member("scanned", closure.scanned);
  json.key("frontier").begin_object().member("action", policy::to_string(closure.on_frontier));
  json.key("calls").begin_array();
  for (const Reachable& each : closure.frontier) {
    json.begin_object();
    write_call(json, each.audit, each.nr);
    json.member("evidence", each.evidence).end_object();
  }
  json.end_array().end_object();
  json.key("outside").begin_object().member("action", policy::to_string(closure.outside)).end_object();
}

}  // namespace

std::string to_json(const Closure& closure) {
  base::JsonWriter json;
  json.begin_object().member("closure", kVersion).member("schema_version", 1).key("recordings").begin_array();
  for (const Source& source : closure.sources) write_source(json, source);
  json.end_array().key("phases").begin_object();
  for (std::size_t i = 0; i < kPhaseCount; ++i) {
    json.key(name(static_cast<Phase>(i))).begin_object().member("size", closure.core[i].size()).key("core");
    json.begin_array();
    for (const Entry& entry : closure.core[i]) write_entry(json, entry);
    json.end_array().end_object();
  }
  json.end_object();
  write_tiers(json, closure);
  write_capabilities(json, closure);
  write_budget(json, closure);
  json.key("incomplete").begin_array();
  for (const Source& source : closure.sources)
    if (!source.incomplete.empty())
      json.begin_object().member("run", source.id).member("why", source.incomplete).end_object();
  json.end_array();
  write_strings(json, "notes", closure.notes);
  json.end_object();
  return json.take();
}

}  // namespace callgate::closure
