// SARIF 2.1.0 (OASIS): one run, the rules that occur, a result a finding; and GitHub's workflow commands.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "lint/print.h"

namespace callgate::lint {

namespace {

constexpr std::string_view kSchema = "https://json.schemastore.org/sarif-2.1.0.json";
constexpr std::string_view kHome = "https://github.com/callgate/callgate";

// A path as a relative URI reference.
std::string uri(std::string_view path) {
  constexpr std::string_view kPlain = "/-._~!$&'()*+,;=@";
  std::string out;
  for (const char c : path) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || kPlain.find(c) != std::string_view::npos)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

void region(const base::SourceFile& file, std::uint32_t begin, std::uint32_t end, base::JsonWriter& json) {
  const base::Position from = file.position(begin), to = file.position(end);
  json.begin_object().member("startLine", from.line).member("startColumn", from.column_chars);
  json.member("endLine", to.line).member("endColumn", to.column_chars).end_object();
}

void location(const base::Span& span, std::string_view name, base::JsonWriter& json) {
  json.begin_object().key("physicalLocation").begin_object().key("artifactLocation").begin_object();
  json.member("uri", uri(span.file == nullptr ? name : std::string_view(span.file->name()))).end_object();
  if (span.file != nullptr) region(*span.file, span.begin, span.end, json.key("region"));
  json.end_object();
}

std::string message(const Finding& each) {
  std::string out = each.message;
  if (each.witness) out += fmt::format(" (witness: {})", describe(*each.witness));
  if (!each.help.empty()) out += fmt::format("; {}", each.help);
  return out;
}

void text_object(std::string_view key, std::string_view text, base::JsonWriter& json) {
  json.key(key).begin_object().member("text", text).end_object();
}

void fixes(const Finding& each, base::JsonWriter& json) {
  const base::SourceFile& file = *each.span.file;
  json.key("fixes").begin_array().begin_object();
  text_object("description", each.fix->what, json);
  json.key("artifactChanges").begin_array().begin_object().key("artifactLocation").begin_object();
  json.member("uri", uri(file.name())).end_object().key("replacements").begin_array();
  for (const Edit& edit : each.fix->edits) {
    json.begin_object();
    region(file, edit.begin, edit.end, json.key("deletedRegion"));
    text_object("insertedContent", edit.text, json);
    json.end_object();
  }
  json.end_array().end_object().end_array().end_object().end_array();
}

void result(const Finding& each, std::string_view name, std::size_t index, base::JsonWriter& json) {
  json.begin_object().member("ruleId", each.rule->id).member("ruleIndex", index);
  json.member("level", lint::name(each.rule->level));
  text_object("message", message(each), json);
  location(each.span, name, json.key("locations").begin_array());
  json.end_object().end_array();
  std::size_t id = 0;
  json.key("relatedLocations").begin_array();
  for (const base::Note& note : each.notes) {
    if (note.span.file == nullptr) continue;
    location(note.span, name, json);
    json.member("id", ++id);
    text_object("message", note.message, json);
    json.end_object();
  }
  json.end_array();
  if (each.fix && each.span.file != nullptr) fixes(each, json);
  if (each.suppressed)
    json.key("suppressions")
        .begin_array()
        .begin_object()
        .member("kind", "inSource")
        .member("justification", each.reason)
        .end_object()
        .end_array();
  json.end_object();
}

std::vector<const Rule*> rules_of(std::span<const Report> reports) {
  std::vector<const Rule*> out;
  for (const Rule& rule : rules())
    for (const Report& report : reports)
      if (std::any_of(report.findings.begin(), report.findings.end(),
                      [&](const Finding& each) { return each.rule == &rule; })) {
        out.push_back(&rule);
        break;
      }
  return out;
}

void driver(const std::vector<const Rule*>& used, std::string_view version, base::JsonWriter& json) {
  json.key("tool").begin_object().key("driver").begin_object();
  json.member("name", "callgate").member("version", version).member("informationUri", kHome);
  json.key("rules").begin_array();
  for (const Rule* rule : used) {
    json.begin_object().member("id", rule->id);
    text_object("shortDescription", rule->title, json);
    text_object("fullDescription", rule->why, json);
    json.member("helpUri", fmt::format("{}/blob/main/docs/lint/{}.md", kHome, rule->id));
    json.key("defaultConfiguration").begin_object().member("level", name(rule->level)).end_object().end_object();
  }
  json.end_array().end_object().end_object();
}

// What a workflow command's message and, with `property`, one of its properties may not hold.
std::string escape(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    if (c == '%' || c == '\r' || c == '\n' || (property && (c == ',' || c == ':')))
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out;
}

}  // namespace

std::string to_sarif(std::span<const Report> reports, std::string_view version) {
  const auto used = rules_of(reports);
  base::JsonWriter json;
  json.begin_object().member("$schema", kSchema).member("version", "2.1.0").key("runs").begin_array().begin_object();
  driver(used, version, json);
  json.member("columnKind", "unicodeCodePoints").key("results").begin_array();
  for (const Report& report : reports)
    for (const Finding& each : report.findings) {
      const auto at = std::find(used.begin(), used.end(), each.rule);
      result(each, report.name, static_cast<std::size_t>(at - used.begin()), json);
    }
  json.end_array().end_object().end_array().end_object();
  return json.take();
}

std::string to_github(std::span<const Report> reports) {
  std::string out;
  for (const Report& report : reports) {
    for (const Finding& each : report.findings) {
      if (each.suppressed) continue;
      out += fmt::format("::{} ", each.rule->level == Level::note ? "notice" : name(each.rule->level));
      out += fmt::format("file={}", escape(each.span.file == nullptr ? report.name : each.span.file->name(), true));
      if (each.span.file != nullptr) {
        const base::Position at = each.span.file->position(each.span.begin),
                             end = each.span.file->position(each.span.end);
        out += fmt::format(",line={},endLine={}", at.line, end.line);
        if (at.line == end.line) out += fmt::format(",col={},endColumn={}", at.column_chars, end.column_chars);
      }
      out += fmt::format(",title={}::{}\n", escape(each.rule->id, true), escape(message(each), false));
    }
  }
  return out;
}

}  // namespace callgate::lint
