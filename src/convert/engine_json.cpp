// The JSON profiles: OCI's, Docker's and containers/common's. They differ in who reads them, and so in what a text
// means; what is written uses none of Docker's own fields (archMap, includes), so that every reader understands it.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "arch/prototype.h"
#include "base/json_write.h"
#include "convert/diagnostic_ids.h"
#include "convert/engine_rules.h"
#include "format/engine.h"
#include "format/fields.h"
#include "text/node.h"

namespace callgate::convert {

namespace {

using format::Engine;
using policy::Action;
using policy::ActionKind;

bool has_data(Action action) {
  return action.kind == ActionKind::errno_ || action.kind == ActionKind::trace;
}

// containers/common writes errors by name and keeps the number for older readers.
void put_errno(Action action, bool names, std::string_view number_key, std::string_view name_key,
               base::JsonWriter& json) {
  if (!has_data(action)) return;
  json.member(number_key, action.data);
  const std::string_view name = arch::errno_name(action.data);
  if (names && action.kind == ActionKind::errno_ && !name.empty()) json.member(name_key, name);
}

void put_condition(const policy::Condition& condition, base::JsonWriter& json) {
  const bool masked = condition.op == policy::Op::masked_eq;
  json.begin_object().member("index", static_cast<unsigned>(condition.arg));
  json.member("value", masked ? condition.mask : condition.value);
  if (masked) json.member("valueTwo", condition.value);
  json.member("op", operator_word(condition.op)).end_object();
}

void put_rule(const EngineRule& rule, Engine engine, base::JsonWriter& json) {
  json.begin_object().key("names").begin_array();
  for (const std::string_view name : rule.names) json.value(name);
  json.end_array().member("action", action_word(rule.action.kind));
  put_errno(rule.action, format::dialect(engine).errno_names, "errnoRet", "errno", json);
  if (!rule.conditions.empty()) {
    json.key("args").begin_array();
    for (const policy::Condition& condition : rule.conditions) put_condition(condition, json);
    json.end_array();
  }
  if (!rule.comment.empty() && format::dialect(engine).extended) json.member("comment", rule.comment);
  json.end_object();
}

std::string render(const EngineRules& rules, const Reading& reading, Engine engine) {
  base::JsonWriter json;
  json.begin_object().member("defaultAction", action_word(rules.fallback.kind));
  put_errno(rules.fallback, format::dialect(engine).errno_names, "defaultErrnoRet", "defaultErrno", json);
  json.key("architectures").begin_array();
  for (const arch::Arch each : rules.architectures) json.value(arch::info(each).oci);
  json.end_array();
  if (const auto flags = stated_flags(reading, engine)) {
    json.key("flags").begin_array();
    for (const std::string& flag : *flags) json.value(flag);
    json.end_array();
  }
  if (!reading.profile.listener_path.empty()) json.member("listenerPath", reading.profile.listener_path);
  if (!reading.profile.listener_metadata.empty() && !reading.profile.listener_path.empty())
    json.member("listenerMetadata", reading.profile.listener_metadata);
  json.key("syscalls").begin_array();
  for (const EngineRule& rule : rules.rules) put_rule(rule, engine, json);
  json.end_array().end_object();
  return json.take();
}

// What the engines' reader makes of a profile file; comments and conditions on the container are looked up beside.
text::Node member(text::Node object, std::string_view name) {
  for (const text::Node each : object)
    if (format::folds_to(each.key(), name)) return each;
  return {};
}

void gather(text::Node rule, Reading& reading) {
  for (const std::string_view gate : {"includes", "excludes"})
    if (const text::Node node = member(rule, gate); node && node.is_object() && node.size() > 0)
      reading.resolved = true;
  const text::Node comment = member(rule, "comment");
  if (!comment || !comment.is_string() || comment.text().empty()) return;
  if (const text::Node names = member(rule, "names"); names && names.is_array())
    for (const text::Node name : names)
      if (name.is_string()) reading.comments.add(name.text(), comment.text());
  if (const text::Node name = member(rule, "name"); name && name.is_string())
    reading.comments.add(name.text(), comment.text());
}

void gather_beside(const base::SourceFile& file, Reading& reading) {
  base::Diagnostics known;  // the reader has reported them
  const auto at = file.text().find_first_not_of(" \t\r\n");
  if (at == std::string_view::npos || file.text()[at] != '{') return;
  const auto document = text::read_json(file, known);
  if (!document || !document->root().is_object()) return;
  text::Node root = document->root();
  if (const text::Node linux = root.find("linux"); linux && linux.is_object() && linux.find("seccomp"))
    root = linux.find("seccomp");
  if (!root.is_object()) return;
  const text::Node rules = member(root, "syscalls");
  if (!rules || !rules.is_array()) return;
  for (const text::Node rule : rules)
    if (rule.is_object()) gather(rule, reading);
}

std::optional<Reading> read(const base::SourceFile& file, const ReadContext& context, base::Diagnostics& diagnostics) {
  if (!context.select.empty()) {
    diagnostics.add(kSeveralProfiles, {&file, 0, 0}, "a JSON profile has no parts with names",
                    "leave out what stands behind '#'");
    return std::nullopt;
  }
  auto profile = format::read_profile(file, context.options, diagnostics);
  if (!profile) return std::nullopt;
  Reading reading;
  reading.profile = std::move(*profile);
  reading.by_engine = reading.profile.confined;
  gather_beside(file, reading);
  return reading;
}

base::Result<Written> write_for(const Source& source, const WriteOptions& options, Engine engine) {
  format::ReadOptions reading;
  reading.as = engine;
  reading.native = options.native;
  const auto read_back = [&](const std::string& text) -> std::optional<policy::Policy> {
    const base::SourceFile file("<written>", text);
    base::Diagnostics findings;
    auto profile = format::read_profile(file, reading, findings);
    return profile ? std::optional(std::move(profile->policy)) : std::nullopt;
  };
  Written written;
  // The one way to say "no filter at all" to readers in Go.
  const bool everything = source.outline.archs.empty() && source.outline.tokens.empty() &&
                          source.outline.other_is_constant && source.outline.other == policy::kAllow;
  if (everything && format::dialect(engine).go) {
    written.text = "{}\n";
    return written;
  }
  EngineSyntax syntax;
  syntax.has_arch = [&](arch::Arch each) {
    return format::find_architecture(format::dialect(engine).runtime, arch::info(each).oci).has_value();
  };
  auto candidates = engine_rules(source.outline, engine, syntax);
  if (everything) candidates.front().fallback = policy::kAllow;
  CALLGATE_TRY(written.text,
               best_text(
                   source.policy(), candidates,
                   [&](const EngineRules& rules) { return render(rules, source.reading, engine); }, read_back));
  return written;
}

std::string_view why_of(int loss) {
  switch (loss) {
    case kLostArchitecture.number:
      return "the engine does not know the architecture, or not in one filter with the others";
    case kLostOther.number:
      return "the engine kills every thread on architectures that a profile does not list";
    case kLostX32.number:
      return "rules name calls, and hold for x86_64 and x32 alike; without x32 in the list all its numbers are killed";
    case kLostUnnamed.number:
      return "rules name calls; numbers without a name get the default action";
    case kLostBeyond.number:
      return "runc answers ENOSYS above the last named call, other engines the default action; a profile cannot choose";
    case kLostArguments.number:
      return "a rule holds on every listed architecture, with one condition for each argument; the strictest answer is "
             "given instead";
    case kLostData.number:
      return "a rule holds on every listed architecture; libseccomp takes error numbers up to 4094, and no data for "
             "TRAP";
    case kLostAction.number:
      return "a rule holds on every listed architecture; where they differ, the strictest action is taken (--arch "
             "converts "
             "for one alone)";
    case kLostFlags.number:
      return "the engine ignores the flag";
    case kLostComments.number:
      return "plain OCI profiles have no comments";
    default:
      return {};
  }
}

base::Result<Written> write_oci(const Source& source, const WriteOptions& options) {
  return write_for(source, options, options.engine);
}
base::Result<Written> write_docker(const Source& source, const WriteOptions& options) {
  return write_for(source, options, Engine::docker);
}
base::Result<Written> write_podman(const Source& source, const WriteOptions& options) {
  return write_for(source, options, Engine::podman);
}

}  // namespace

constinit const Format kOci{"oci", "OCI runtime profile", ".json", false, nullptr, read, write_oci, why_of, {}};
constinit const Format kDocker{"docker", "Docker profile", ".json", false,         nullptr,
                               read,     write_docker,     why_of,  Engine::docker};
constinit const Format kPodman{
    "podman",      "containers/common profile (Podman, CRI-O)", ".json", false, nullptr, read, write_podman, why_of,
    Engine::podman};

}  // namespace callgate::convert
