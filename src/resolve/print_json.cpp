// SPDX-License-Identifier: Apache-2.0
#include "lint/lint.h"
#include "resolve/print.h"

namespace callgate::resolve {

namespace {

using manifest::Outcome;
using manifest::Step;

std::string_view name(Step::Kind kind) {
  switch (kind) {
    case Step::Kind::fact:
      break;
    case Step::Kind::ignored:
      return "ignored";
    case Step::Kind::hazard:
      return "hazard";
  }
  return "fact";
}

void place_members(const base::Span& span, base::JsonWriter& json) {
  if (span.file == nullptr) {
    json.key("file").null().key("line").null();
    return;
  }
  const base::Position at = span.file->position(span.begin);
  json.member("file", span.file->name()).member("line", at.line).member("column", at.column_chars);
}

template <class List>
void list_member(std::string_view key, const List& list, base::JsonWriter& json) {
  json.key(key).begin_array();
  for (const auto& each : list) json.value(std::string_view(each));
  json.end_array();
}

// Both kinds of subjects have an outcome, who refused and in what words.
template <class Subject>
void outcome_members(const Subject& subject, base::JsonWriter& json) {
  const bool refused = subject.outcome == Outcome::refused;
  json.member("outcome", refused ? "refused" : "runs");
  if (!refused) return;
  json.member("refused_by", manifest::name(subject.refused_by)).member("message", subject.message);
}

void source_member(const base::Span& span, base::JsonWriter& json) {
  json.key("source").begin_object();
  place_members(span, json);
  json.end_object();
}

void steps_member(const std::vector<Step>& steps, base::JsonWriter& json) {
  json.key("steps").begin_array();
  for (const Step& step : steps) {
    json.begin_object().member("kind", name(step.kind)).member("text", step.text);
    place_members(step.place, json);
    json.end_object();
  }
  json.end_array();
}

void summary_member(const Summary& summary, base::JsonWriter& json) {
  json.key("summary").begin_object();
  json.member("text", summary.text).member("arch", summary.arch).member("confined", summary.confined);
  json.member("calls", summary.calls).member("allowed", summary.allowed);
  json.member("more_than_docker_default", summary.more).member("fewer_than_docker_default", summary.fewer);
  json.key("new_risks").begin_array();
  for (const NewRisk& each : summary.risks) {
    json.begin_object().member("rule", each.rule).member("level", lint::name(each.level));
    json.member("title", each.title);
    list_member("calls", each.calls, json);
    json.end_object();
  }
  json.end_array().end_object();
}

void profile_member(const manifest::Choice& choice, base::JsonWriter& json) {
  json.key("profile").begin_object().member("kind", manifest::name(choice.kind));
  if (choice.path.empty())
    json.key("path").null();
  else
    json.member("path", choice.path);
  if (!choice.built_in.empty()) json.member("name", choice.built_in);
  if (choice.place.file != nullptr) {
    json.key("chosen_at").begin_object();
    place_members(choice.place, json);
    json.end_object();
  }
  json.end_object();
}

void container_object(const manifest::Container& each, Summaries& summaries, base::JsonWriter& json) {
  json.begin_object().member("name", each.name);
  if (!each.owner.empty()) json.member("owner", each.owner);
  if (!each.role.empty()) json.member("role", each.role);
  source_member(each.source, json);
  json.member("engine", each.engine);
  if (!each.runtime.empty()) json.member("runtime", each.runtime);
  outcome_members(each, json);
  // What is refused before a profile was chosen has none.
  if (each.outcome == Outcome::runs || !each.choice.path.empty())
    profile_member(each.choice, json);
  else
    json.key("profile").null();
  json.member("privileged", each.privileged).member("no_new_privileges", each.no_new_privileges);
  list_member("capabilities", each.capabilities, json);
  list_member("security_opt", each.security_opt, json);
  steps_member(each.steps, json);
  if (const Summary* const summary = each.outcome == Outcome::runs ? summaries.of(each) : nullptr)
    summary_member(*summary, json);
  else
    json.key("summary").null();
  json.end_object();
}

void object_object(const manifest::Object& each, base::JsonWriter& json) {
  json.begin_object().member("kind", each.kind).member("name", each.name);
  source_member(each.source, json);
  outcome_members(each, json);
  list_member("warnings", each.warnings, json);
  steps_member(each.steps, json);
  json.end_object();
}

}  // namespace

void to_json(const manifest::Answer& answer, Summaries& summaries, base::JsonWriter& json) {
  json.key("containers").begin_array();
  for (const manifest::Container& each : answer.containers) container_object(each, summaries, json);
  json.end_array().key("objects").begin_array();
  for (const manifest::Object& each : answer.objects) object_object(each, json);
  json.end_array();
}

}  // namespace callgate::resolve
