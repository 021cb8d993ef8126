// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "lint/print.h"
#include "syntax/words.h"

namespace callgate::lint {

namespace {

void place(const base::Span& span, std::string_view name, base::JsonWriter& json) {
  json.member("file", span.file == nullptr ? std::string_view(name) : std::string_view(span.file->name()));
  if (span.file == nullptr) {
    json.key("line").null().key("column").null();
    return;
  }
  const base::Position at = span.file->position(span.begin), end = span.file->position(span.end);
  json.member("line", at.line).member("column", at.column_chars);
  json.member("end_line", end.line).member("end_column", end.column_chars);
}

void answer(const Answer& each, base::JsonWriter& json) {
  if (each.by_engine) json.member("engine", format::name(each.engine));
  json.member("arch", syntax::describe_arch(each.call.audit, each.call.nr)).member("nr", each.call.nr);
  json.key("args").begin_array();
  for (const std::uint64_t argument : each.call.args) json.value(argument);
  json.end_array().member("call", syntax::describe_call(each.call)).member("action", policy::to_string(each.action));
}

void edits(const Fix& fix, const base::SourceFile& file, base::JsonWriter& json) {
  json.begin_object().member("what", fix.what).key("edits").begin_array();
  for (const Edit& edit : fix.edits) {
    const base::Position at = file.position(edit.begin), end = file.position(edit.end);
    json.begin_object().member("line", at.line).member("column", at.column_chars);
    json.member("end_line", end.line).member("end_column", end.column_chars).member("text", edit.text).end_object();
  }
  json.end_array().end_object();
}

void finding(const Finding& each, std::string_view name, base::JsonWriter& json) {
  json.begin_object().member("rule", each.rule->id).member("level", lint::name(each.rule->level));
  place(each.span, name, json);
  json.member("message", each.message);
  if (!each.notes.empty()) {
    json.key("notes").begin_array();
    for (const base::Note& note : each.notes) {
      json.begin_object().member("message", note.message);
      if (note.span.file != nullptr) place(note.span, name, json);
      json.end_object();
    }
    json.end_array();
  }
  if (!each.help.empty()) json.member("help", each.help);
  json.key("witness");
  if (each.witness) {
    json.begin_object();
    answer(each.witness->answer, json);
    if (each.witness->beside) {
      json.key("beside").begin_object();
      answer(*each.witness->beside, json);
      json.end_object();
    }
    json.end_object();
  } else {
    json.null();
  }
  json.key("fix");
  if (each.fix && each.span.file != nullptr)
    edits(*each.fix, *each.span.file, json);
  else
    json.null();
  if (each.suppressed) json.member("reason", each.reason);
  json.end_object();
}

void findings(std::span<const Report> reports, bool suppressed, base::JsonWriter& json) {
  json.begin_array();
  for (const Report& report : reports)
    for (const Finding& each : report.findings)
      if (each.suppressed == suppressed) finding(each, report.name, json);
  json.end_array();
}

}  // namespace

void to_json(std::span<const Report> reports, base::JsonWriter& json) {
  findings(reports, false, json.key("findings"));
  findings(reports, true, json.key("suppressed"));
  json.key("profiles").begin_array();
  for (const Report& report : reports) {
    json.begin_object().member("file", report.name).key("summary").begin_array();
    for (const std::string& line : report.summary) json.value(line);
    json.end_array();
    if (report.score) {
      json.member("score", report.score->points).key("reasons").begin_array();
      for (const Reason& reason : report.score->reasons)
        json.begin_object().member("points", reason.points).member("text", reason.text).end_object();
      json.end_array();
    }
    json.end_object();
  }
  json.end_array();
}

void rules_json(base::JsonWriter& json) {
  json.key("rules").begin_array();
  for (const Rule& rule : rules())
    json.begin_object()
        .member("id", rule.id)
        .member("level", name(rule.level))
        .member("title", rule.title)
        .member("why", rule.why)
        .end_object();
  json.end_array();
}

}  // namespace callgate::lint
