// SPDX-License-Identifier: Apache-2.0
#include "format/profile.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "format/builtin.h"
#include "format/diagnostic_ids.h"
#include "format/fields.h"
#include "format/read_spec.h"
#include "format/runtime.h"
#include "text/node.h"

namespace callgate::format {

namespace {

// A text that begins as JSON does is read as JSON, so that its errors are JSON's.
bool looks_like_json(std::string_view text) {
  const auto at = text.find_first_not_of(" \t\r\n");
  if (at == std::string_view::npos) return true;
  constexpr std::string_view kStarts = "{[\"\xef";
  return kStarts.find(text[at]) != std::string_view::npos || base::trim(text) == "null";
}

std::optional<text::Document> parse(const base::SourceFile& file, Reporter& report, base::Diagnostics& diagnostics) {
  if (looks_like_json(file.text())) return text::read_json(file, diagnostics);
  auto documents = text::read_yaml(file, diagnostics);
  if (!documents) return std::nullopt;
  if (documents->size() == 1) return std::move(documents->front());
  report.add(kNotAProfile, {&file, 0, 0},
             fmt::format("the file holds {} YAML documents; a profile is one", documents->size()));
  return std::nullopt;
}

// The object itself, or linux.seccomp of a config.json; nothing (`off` set) where a config.json has none.
text::Node seccomp_object(text::Node root, bool& off) {
  const text::Node linux = root.find("linux");
  if (!linux && !root.find("ociVersion")) return root;
  const text::Node seccomp = linux && linux.is_object() ? linux.find("seccomp") : text::Node();
  off = !seccomp || seccomp.is_null();
  return seccomp;
}

Profile unconfined(const ReadOptions& options) {
  Profile profile;
  profile.policy = policy::constant(policy::kAllow);
  profile.confined = false;
  profile.default_action = policy::kAllow;
  profile.architectures = {options.native};
  return profile;
}

void warn_off(base::Span span, std::string message, Reporter& report) {
  report.skipped(kSeccompOff, span, std::move(message), "set 'defaultAction'");
}

// The machine whose rules count: with --arch the first architecture given, unless the machine's own is among them.
arch::Arch effective_native(const ReadOptions& options) {
  const auto& list = options.architectures;
  if (list.empty() || std::find(list.begin(), list.end(), options.native) != list.end()) return options.native;
  return list.front();
}

// A config.json's object is wanted by some readers; the others take the file itself.
std::optional<Profile> read_root(text::Node root, const ReadOptions& options, Reporter& report) {
  Dialect reader = dialect(options.as);
  reader.runtime = options.runtime.value_or(reader.runtime);
  if (root.is_null() && reader.go) {
    warn_off(root.span(), "the profile is null: seccomp is off, every call is allowed", report);
    return unconfined(options);
  }
  if (!root.is_object()) {
    report.add(kNotAProfile, root.span(), "a profile is an object");
    return std::nullopt;
  }
  bool off = false;
  if (reader.config_json) {
    root = seccomp_object(root, off);
    if (off) {
      warn_off(root ? root.key_span() : base::Span(), "the configuration has no linux.seccomp: every call is allowed",
               report);
      return unconfined(options);
    }
    if (!expect_object(root, "seccomp", report)) return std::nullopt;
  }
  const arch::Arch native = effective_native(options);
  const Spec spec = read_spec(root, options, native, report);
  if (report.has_errors() && spec.off) return std::nullopt;
  if (spec.off) {
    warn_off(spec.span, "no default action and no calls: seccomp is off, every call is allowed", report);
    return report.has_errors() ? std::nullopt : std::optional(unconfined(options));
  }
  if (spec.default_action.text.empty()) {
    if (report.has_errors() && spec.default_span.file != nullptr) return std::nullopt;  // reported already
    report.add(kNoDefaultAction, spec.span,
               fmt::format("the profile has no 'defaultAction'; {} refuses it",
                           reader.runtime == Runtime::oci    ? "the specification"
                           : reader.runtime == Runtime::crun ? "crun"
                                                             : "runc"));
    return std::nullopt;
  }
  Profile profile;
  if (!make_policy(spec, options, native, report, profile)) return std::nullopt;
  return profile;
}

}  // namespace

std::optional<Profile> read_profile(const base::SourceFile& file, const ReadOptions& options,
                                    base::Diagnostics& diagnostics) {
  Reporter report(diagnostics, options.strict);
  const auto document = parse(file, report, diagnostics);
  if (!document || report.has_errors()) return std::nullopt;
  return read_root(document->root(), options, report);
}

std::optional<Profile> builtin_profile(std::string_view name, const ReadOptions& options,
                                       base::Diagnostics& diagnostics) {
  Reporter report(diagnostics, options.strict);
  const auto spec = builtin_spec(name, options, effective_native(options));
  if (!spec) return std::nullopt;
  Profile profile;
  if (!make_policy(*spec, options, effective_native(options), report, profile)) return std::nullopt;
  return profile;
}

}  // namespace callgate::format
