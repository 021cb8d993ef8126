// Reads a SeccompProfile object of the Security Profiles Operator (v1, v1beta1 and the older v1alpha1) as its
// controller does: into a plain OCI profile, which the node's runtime then reads. Sources: the CRD's schema, and the
// operator's conversion to the OCI type (an errnoRet of 0 is none; there is no defaultErrnoRet).
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "convert/diagnostic_ids.h"
#include "convert/hash_comments.h"
#include "convert/spo.h"
#include "format/diagnostic_ids.h"
#include "format/engine.h"
#include "format/runtime.h"

namespace callgate::convert {

namespace {

using format::Engine;
using format::Fields;
using format::Reporter;

constexpr std::string_view kGroup = "security-profiles-operator.x-k8s.io/";
constexpr std::uint64_t kMaxInt32 = 0x7fffffff, kMaxInt64 = 0x7fffffffffffffff, kMaxU64 = ~std::uint64_t{0};

enum SpecField : int {
  kDefaultAction,
  kArchitectures,
  kFlags,
  kListenerPath,
  kListenerMetadata,
  kSyscalls,
  kBaseProfileName,
  kState,
  kDisabledField,
};
constexpr std::array<std::string_view, 9> kSpecFields{
    "defaultAction", "architectures",   "flags", "listenerPath", "listenerMetadata",
    "syscalls",      "baseProfileName", "state", "disabled"};
enum RuleField : int { kNames, kAction, kErrnoRet, kArgs };
constexpr std::array<std::string_view, 4> kRuleFields{"names", "action", "errnoRet", "args"};
enum ArgField : int { kIndex, kValue, kValueTwo, kOp };
constexpr std::array<std::string_view, 4> kArgFields{"index", "value", "valueTwo", "op"};

// The object's spec → what the runtime gets to see.
class CrdReader {
 public:
  CrdReader(Reporter& report, Reading& reading) : report_(report), reading_(reading) {}
  format::Spec read(text::Node spec);

 private:
  void dropped(text::Node member, std::string_view where);
  void field(int field, text::Node member);
  void listener(text::Node member);
  void rule(text::Node rule);
  void names(text::Node list, format::SpecRule& out);
  void argument(text::Node arg);
  std::uint64_t number(text::Node member, std::string_view what, std::uint64_t max);

  Reporter& report_;
  Reading& reading_;
  format::Spec spec_;
  std::vector<std::string> rule_names_;  // of the rule at hand
};

void CrdReader::dropped(text::Node member, std::string_view where) {
  std::string help = "kubectl refuses the object unless it is told not to validate";
  if (member.key() == "defaultErrnoRet") help = "a call that no rule names gets EPERM";
  report_.skipped(
      kFieldDropped, member.key_span(),
      fmt::format("the CRD has no field '{}' in {}; the API server drops it", base::printable(member.key()), where),
      std::move(help));
}

// Values are signed in the CRD.
std::uint64_t CrdReader::number(text::Node member, std::string_view what, std::uint64_t max) {
  const auto value = format::expect_unsigned(member, what, kMaxU64, report_);
  if (!value) return 0;
  if (*value > max)
    report_.add(kBadValue, member.span(),
                fmt::format("'{}' is {}; the CRD takes {} at most, its numbers are signed", what, *value, max));
  return *value;
}

void CrdReader::listener(text::Node member) {
  const auto path = format::expect_string(member, "listenerPath", report_);
  if (!path) return;
  spec_.listener_path = path->text;
  if (!is_operator_socket(path->text))
    report_.add(kBadListener, path->span,
                fmt::format("the operator refuses the path '{}'", base::printable(path->text)),
                "it takes a name directly below /var/run/security-profiles-operator/");
}

void CrdReader::field(int field, text::Node member) {
  switch (field) {
    case kDefaultAction:
      spec_.default_span = {member.span().file, member.key_span().begin, member.span().end};
      if (const auto text = format::expect_string(member, "defaultAction", report_)) spec_.default_action = *text;
      break;
    case kArchitectures:
      spec_.architectures = format::expect_strings(member, "architectures", report_);
      break;
    case kFlags:
      spec_.flags_given = member.size() > 0;
      spec_.flags = format::expect_strings(member, "flags", report_);
      break;
    case kListenerPath:
      listener(member);
      break;
    case kListenerMetadata:
      if (const auto text = format::expect_string(member, "listenerMetadata", report_))
        spec_.listener_metadata = text->text;
      spec_.metadata_span = member.span();
      break;
    case kSyscalls:
      if (!format::expect_array(member, "syscalls", report_)) break;
      spec_.has_calls = member.size() > 0;
      for (const text::Node each : member)
        if (format::expect_object(each, "syscalls", report_)) rule(each);
      break;
    case kBaseProfileName:
      report_.add(kBaseProfile, member.span(),
                  fmt::format("the profile stands on '{}', which is another object", base::printable(member.text())),
                  "the operator adds its rules; `callgate merge --union` does the same");
      break;
    default:
      if (member.text() == "Disabled" || member.text() == "true")
        report_.add(kDisabled, member.span(), "the profile is disabled: the operator does not install it");
      break;
  }
}

void CrdReader::names(text::Node list, format::SpecRule& out) {
  if (!format::expect_array(list, "names", report_)) return;
  for (const text::Node node : list) {
    const auto text = format::expect_string(node, "names", report_);
    if (!text) continue;
    out.names_given = true;
    rule_names_.emplace_back(text->text);
    for (const std::string& comment : {comment_above(node.span()), comment_beside(node.span())})
      if (!comment.empty()) reading_.comments.add(rule_names_.back(), comment);
    const auto id = arch::find_name(text->text);
    if (!id) {
      std::string help;
      if (const auto close = arch::suggest_name(text->text)) help = fmt::format("did you mean '{}'? ", *close);
      report_.skipped(format::kUnknownCall, text->span, fmt::format("unknown call '{}'", base::printable(text->text)),
                      help + "the runtimes skip unknown names without a word");
      continue;
    }
    if (text->text == "write") out.names_write = true;
    spec_.names.push_back({*id, static_cast<std::uint32_t>(spec_.rules.size()), text->span});
  }
}

void CrdReader::argument(text::Node arg) {
  format::SpecArgument out;
  out.span = arg.span();
  bool has_index = false;
  Fields fields(kArgFields, false, report_);
  for (const text::Node member : arg) {
    const int which = fields.match(member);
    if (which == Fields::kUnknown) {
      dropped(member, "a condition");
    } else if (which == kIndex) {
      has_index = true;
      out.index = number(member, "index", kMaxInt32);
      out.index_span = member.span();
    } else if (which == kValue) {
      out.value = number(member, "value", kMaxInt64);
    } else if (which == kValueTwo) {
      out.value_two = number(member, "valueTwo", kMaxInt64);
    } else if (const auto text = format::expect_string(member, "op", report_)) {
      out.op = text->text;
      out.op_span = text->span;
    }
  }
  if (!has_index) report_.add(format::kMissingField, arg.span(), "the condition has no 'index'");
  spec_.arguments.push_back(out);
}

void CrdReader::rule(text::Node rule) {
  format::SpecRule out;
  out.span = rule.span();
  out.names.begin = static_cast<std::uint32_t>(spec_.names.size());
  out.arguments.begin = static_cast<std::uint32_t>(spec_.arguments.size());
  rule_names_.clear();
  Fields fields(kRuleFields, false, report_);
  for (const text::Node member : rule) {
    const int which = fields.match(member);
    if (which == Fields::kUnknown) {
      dropped(member, "a rule");
    } else if (which == kNames) {
      names(member, out);
    } else if (which == kAction) {
      if (const auto text = format::expect_string(member, "action", report_)) out.action = *text;
    } else if (which == kErrnoRet) {
      const std::uint64_t value = number(member, "errnoRet", kMaxInt32);
      if (value != 0)
        out.errno_ret = {value, member.span()};
      else
        report_.skipped(kErrnoZero, member.span(), "an errnoRet of 0 is the same as none: the call gets EPERM");
    } else if (format::expect_array(member, "args", report_)) {
      for (const text::Node arg : member)
        if (format::expect_object(arg, "args", report_)) argument(arg);
    }
  }
  out.names.end = static_cast<std::uint32_t>(spec_.names.size());
  out.arguments.end = static_cast<std::uint32_t>(spec_.arguments.size());
  if (out.action.text.empty() && out.action.span.file == nullptr)
    report_.add(format::kMissingField, rule.span(), "the rule has no 'action'");
  if (!out.names_given) report_.add(format::kMissingField, rule.span(), "the rule has no 'names'");
  // Above the rule, or within it above or behind one of its fields.
  std::vector<std::string> comments{comment_above(rule.span())};
  for (const text::Node member : rule) {
    if (member.key_span() != (*rule.begin()).key_span()) comments.push_back(comment_above(member.key_span()));
    if (!member.is_array() && !member.is_object()) comments.push_back(comment_beside(member.span()));
  }
  for (const std::string& comment : comments)
    for (const std::string& name : rule_names_)
      if (!comment.empty()) reading_.comments.add(name, comment);
  spec_.rules.push_back(out);
}

format::Spec CrdReader::read(text::Node spec) {
  spec_.span = spec.span();
  Fields fields(kSpecFields, false, report_);
  for (const text::Node member : spec) {
    const int which = fields.match(member);
    if (which == Fields::kUnknown)
      dropped(member, "spec");
    else if (!member.is_null())
      field(which, member);
  }
  if (spec_.default_action.text.empty())
    report_.add(format::kMissingField, spec.span(), "'spec' has no 'defaultAction'");
  return std::move(spec_);
}

bool is_profile(text::Node root) {
  if (!root || !root.is_object()) return false;
  const text::Node kind = root.find("kind"), version = root.find("apiVersion");
  return kind && version && kind.is_string() && version.is_string() && kind.text() == "SeccompProfile" &&
         version.text().starts_with(kGroup);
}

std::string_view name_of(text::Node root) {
  const text::Node metadata = root.find("metadata");
  const text::Node name = metadata && metadata.is_object() ? metadata.find("name") : text::Node();
  return name && name.is_string() ? name.text() : std::string_view();
}

std::vector<text::Document> documents_of(const base::SourceFile& file, base::Diagnostics& diagnostics) {
  std::vector<text::Document> out;
  const auto at = file.text().find_first_not_of(" \t\r\n");
  if (at != std::string_view::npos && file.text()[at] == '{') {
    if (auto document = text::read_json(file, diagnostics)) out.push_back(std::move(*document));
  } else if (auto documents = text::read_yaml(file, diagnostics)) {
    out = std::move(*documents);
  }
  return out;
}

// The one that is meant; nothing if there are several or none (diagnosed).
text::Node choose(const std::vector<text::Document>& documents, std::string_view select, const base::SourceFile& file,
                  base::Diagnostics& diagnostics) {
  std::vector<text::Node> found;
  std::string names;
  for (const text::Document& document : documents) {
    const text::Node root = document.root();
    if (root && root.is_object() && root.find("defaultAction"))
      diagnostics.add(kMixedFormats, root.span(), "an OCI profile in a file of Kubernetes objects");
    if (!is_profile(document.root())) continue;
    const std::string_view name = name_of(document.root());
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", base::printable(name));
    if (select.empty() || select == name) found.push_back(document.root());
  }
  if (found.size() == 1) return found.front();
  if (diagnostics.has_errors()) return {};
  if (found.empty()) {
    diagnostics.add(
        kSeveralProfiles, {&file, 0, 0},
        names.empty() ? std::string("the file has no SeccompProfile object")
                      : fmt::format("the file has no SeccompProfile '{}'; it has {}", base::printable(select), names));
    return {};
  }
  auto& d = diagnostics.add(kSeveralProfiles, found[1].span(),
                            fmt::format("the file holds {} profiles: {}", found.size(), names),
                            "say which one is meant: FILE#NAME");
  d.notes.push_back({found[0].span(), "the first"});
  return {};
}

// Go's readers all make a runc profile of it; Podman's and CRI-O's crun has its own ways.
Engine runtime_of(Engine as) {
  switch (as) {
    case Engine::podman:
    case Engine::crun:
      return Engine::crun;
    case Engine::oci:
      return Engine::oci;
    default:
      return Engine::runc;
  }
}

}  // namespace

bool sniff_spo(std::string_view text) {
  if (text.find(kGroup) == std::string_view::npos || text.find("SeccompProfile") == std::string_view::npos)
    return false;
  const base::SourceFile copy("", std::string(text));
  base::Diagnostics ignored;
  const auto documents = documents_of(copy, ignored);
  return std::any_of(documents.begin(), documents.end(), [](const auto& each) { return is_profile(each.root()); });
}

std::optional<Reading> read_spo(const base::SourceFile& file, const ReadContext& context,
                                base::Diagnostics& diagnostics) {
  Reporter report(diagnostics, context.options.strict);
  const auto documents = documents_of(file, diagnostics);
  if (report.has_errors()) return std::nullopt;
  const text::Node root = choose(documents, context.select, file, diagnostics);
  if (!root) return std::nullopt;
  const text::Node body = root.find("spec");
  if (!body || !body.is_object()) {
    report.add(format::kMissingField, root.span(), "the object has no 'spec'");
    return std::nullopt;
  }
  Reading reading;
  reading.by_engine = true;
  reading.comments.file = head_comments(file.text());
  const format::Spec spec = CrdReader(report, reading).read(body);
  if (report.has_errors()) return std::nullopt;
  format::ReadOptions options = context.options;
  options.as = runtime_of(options.as);
  const auto& given = options.architectures;
  const bool own = given.empty() || std::find(given.begin(), given.end(), options.native) != given.end();
  if (!make_policy(spec, options, own ? options.native : given.front(), report, reading.profile)) return std::nullopt;
  return reading;
}

bool is_operator_socket(std::string_view path) {
  constexpr std::string_view kFolder = "/var/run/security-profiles-operator/";
  if (!path.starts_with(kFolder) || path.size() == kFolder.size()) return false;
  path.remove_prefix(kFolder.size());
  return std::all_of(path.begin(), path.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

}  // namespace callgate::convert
