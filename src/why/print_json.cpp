// SPDX-License-Identifier: Apache-2.0
#include "arch/calls.h"
#include "syntax/words.h"
#include "why/print.h"

namespace callgate::why {

namespace {

using base::JsonWriter;

void strings(JsonWriter& json, std::string_view name, const std::vector<std::string>& all) {
  json.key(name).begin_array();
  for (const std::string& each : all) json.value(each);
  json.end_array();
}

void arguments(JsonWriter& json, const Denial& denial) {
  json.key("args").begin_array();
  for (const decode::Argument& each : denial.decoded.arguments) {
    json.begin_object().member("name", each.name);
    if (each.known)
      json.member("value", each.value).member("text", each.text);
    else
      json.key("value").null();
    json.end_object();
  }
  json.end_array();
}

void backtrace(JsonWriter& json, const Denial& denial) {
  json.key("backtrace").begin_array();
  for (const Frame& each : denial.backtrace)
    json.begin_object()
        .member("address", each.address)
        .member("function", each.function)
        .member("offset", each.offset)
        .member("library", each.library)
        .member("source", each.source)
        .end_object();
  json.end_array();
}

void cause(JsonWriter& json, const Cause& each, const std::string& disagreement) {
  json.key("decided_by").begin_object().member("kind", name(each.kind));
  json.member("place", each.place()).member("when", each.when);
  if (each.span.file != nullptr) {
    const base::Position at = each.span.file->position(each.span.begin);
    json.member("file", each.span.file->name()).member("line", at.line).member("column", at.column_chars);
  }
  json.member("text", disagreement.empty() ? each.words() : disagreement).end_object();
}

void change(JsonWriter& json, const std::optional<Admission>& admission) {
  json.key("change");
  if (!admission) {
    json.null();
    return;
  }
  json.begin_object().member("what", admission->what).key("rule");
  if (admission->rule.empty())
    json.null();
  else
    json.raw(admission->rule);
  json.member("edits_profile", !admission->edits.empty());
  json.member("exact", !admission->edits.empty() && admission->exact);
  strings(json, "also", admission->also);
  json.member("why_not", admission->why_not).end_object();
}

void denial_json(JsonWriter& json, const Explained& each) {
  const Denial& denial = each.denial;
  json.begin_object().member("call", arch::name_of_call(denial.call.audit, denial.call.nr));
  json.member("nr", denial.call.nr).member("arch", syntax::describe_arch(denial.call.audit, denial.call.nr));
  json.member("text", text(denial));
  arguments(json, denial);
  json.key("action");
  if (denial.action)
    json.value(policy::to_string(*denial.action));
  else
    json.null();
  json.member("effect", denial.action ? effect(*denial.action) : std::string());
  json.member("process", denial.process).member("thread", denial.thread).member("program", denial.program);
  json.member("executable", denial.executable).member("count", denial.count).member("address", denial.address);
  backtrace(json, denial);
  json.member("place", denial.place).member("outcome", denial.outcome).member("next", denial.next);
  cause(json, each.cause, each.disagreement);
  json.key("meanings").begin_array();
  for (const Meaning& meaning : each.meanings)
    json.begin_object()
        .member("text", meaning.text)
        .member("source", meaning.source)
        .member("harmless", meaning.harmless)
        .end_object();
  json.end_array();
  change(json, each.admission);
  strings(json, "risks", each.risks);
  json.end_object();
}

}  // namespace

void to_json(const Report& report, JsonWriter& json) {
  json.member("source", report.source).member("profile", report.profile);
  if (report.exit_status) json.member("exit_status", *report.exit_status);
  if (report.signal) json.member("signal", *report.signal);
  json.key("denials").begin_array();
  for (const Explained& each : report.denials) denial_json(json, each);
  json.end_array().member("dropped", report.dropped);
  strings(json, "notes", report.notes);
  json.member("diff", report.diff);
}

}  // namespace callgate::why
