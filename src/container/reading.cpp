// Sources: moby/profiles seccomp_linux.go (LoadProfile, setupSeccomp); containers/common pkg/seccomp; runc
// libcontainer/seccomp/{config,seccomp_linux}.go, crun src/libcrun/seccomp.c for the runtimes' words.
// SPDX-License-Identifier: Apache-2.0
#include "container/reading.h"

#include <fmt/format.h>

#include "container/profile_decode.h"
#include "format/diagnostic_ids.h"
#include "manifest/go_json.h"

namespace callgate::container {

namespace {

using manifest::Step;

// The runtime's words for the first thing that it refuses; empty for what no message is known of.
std::string runtime_words(const base::Diagnostic& first, format::Runtime runtime) {
  const bool crun = runtime == format::Runtime::crun;
  std::string text(first.span.text());
  if (text.size() >= 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
  const auto either = [&](std::string_view runc_kind, std::string crun_words) {
    return crun ? std::move(crun_words) : fmt::format("string {} is not a valid {} for seccomp", text, runc_kind);
  };
  switch (first.number) {
    case format::kUnknownAction.number:
      return either("action", fmt::format("seccomp get action `{}`", text));
    case format::kUnknownOperator.number:
      return either("operator", fmt::format("seccomp get operator `{}`", text));
    case format::kUnknownArchitecture.number:
      return either("arch", fmt::format("seccomp unknown architecture `{}`", text));
    case format::kUnknownFlag.number:
      return crun ? fmt::format("unknown seccomp option `{}`", text)
                  : fmt::format("string {} is not a known flag for seccomp", text);
    case format::kNoDefaultAction.number:
      return crun ? "seccomp misses the default action" : "string  is not a valid action for seccomp";
    case format::kNotifyDefault.number:
      return "SCMP_ACT_NOTIFY cannot be used as default action";
    case format::kNotifyWrite.number:
      return "SCMP_ACT_NOTIFY cannot be used for the write syscall";
    case format::kErrnoNotTaken.number:
      return fmt::format("errno value specified for action `{}`", first.message.substr(0, first.message.find(' ')));
    case format::kEmptyName.number:
      return crun ? "invalid seccomp syscall ``" : "empty string is not a valid syscall";
    default:
      return first.message;
  }
}

const base::Diagnostic* first_error(const base::Diagnostics& diagnostics) {
  for (const base::Diagnostic& each : diagnostics.items())
    if (each.severity == base::Severity::error) return &each;
  return nullptr;
}

// The reader's complaint about the profile as a whole; empty if the runtime is the one to refuse it.
std::string reader_complaint(const base::Diagnostic& first, const ReaderWords& words) {
  const auto pair = [&](std::string_view a, std::string_view b) {
    return words.both_are
               ? fmt::format("both '{0}' and '{1}' are specified in the seccomp profile, use either '{0}' or '{1}'", a,
                             b)
               : fmt::format("'{0}' and '{1}' were specified in the seccomp profile, use either '{0}' or '{1}'", a, b);
  };
  if (first.number == format::kNameAndNames.number) return pair("name", "names");
  if (first.number == format::kArchitecturesAndArchMap.number) return pair("architectures", "archMap");
  if (first.number == format::kUnknownErrno.number) {
    std::string text(first.span.text());
    if (text.size() >= 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
    return fmt::format("unknown errno {}", text);
  }
  return {};
}

}  // namespace

void step(manifest::Container& container, Step::Kind kind, std::string text, base::Span place, manifest::Topic topic) {
  container.steps.push_back({kind, std::move(text), place, topic});
}

void refuse(manifest::Container& container, manifest::Party party, std::string message, base::Span place) {
  container.outcome = manifest::Outcome::refused;
  container.refused_by = party;
  if (container.choice.place.file == nullptr) container.choice.place = place;
  container.message = std::move(message);
}

std::optional<format::Runtime> known_runtime(std::string_view name_or_path) {
  const auto slash = name_or_path.rfind('/');
  if (slash != std::string_view::npos) name_or_path.remove_prefix(slash + 1);
  if (name_or_path.empty() || name_or_path == "runc" || name_or_path.starts_with("io.containerd.runc."))
    return format::Runtime::runc;
  if (name_or_path.starts_with("crun")) return format::Runtime::crun;
  if (name_or_path.starts_with("runc")) return format::Runtime::runc;
  return std::nullopt;
}

void choose_file(manifest::Container& container, const base::SourceFile& file, std::string path, base::Span place,
                 const ReaderWords& words, manifest::Party party, std::optional<format::Runtime> runtime,
                 manifest::Filters& filters) {
  container.choice = {manifest::ProfileKind::file, std::move(path), {}, place, nullptr};
  base::Diagnostics diagnostics;
  container.choice.filter = filters.of_file(file, words.engine, container.capabilities, diagnostics, runtime);
  if (container.choice.filter && !container.choice.filter->profile.confined) {
    container.choice.kind = manifest::ProfileKind::disabled;
    step(container, Step::Kind::hazard,
         "the profile has neither a default action nor rules, which turns seccomp off without a word", {&file, 0, 0});
    return;
  }
  if (container.choice.filter) return;
  if (const std::string wrong = decode_error(file, words.engine); !wrong.empty())
    return refuse(container, party, words.before_decoding + wrong, place);
  const base::Diagnostic* first = first_error(diagnostics);
  if (first == nullptr) return;
  step(container, Step::Kind::fact, first->message, first->span);
  const std::string complaint = reader_complaint(*first, words);
  if (!complaint.empty()) return refuse(container, party, words.before_content + complaint, place);
  // Texts that Go takes and callgate does not (bytes that are no UTF-8, great depth): no refusal is known of.
  if (first->number < 1000)
    return step(container, Step::Kind::hazard, "callgate does not read the profile, so what it says is not known",
                place);
  const format::Runtime maker = runtime.value_or(format::Runtime::runc);
  refuse(container, manifest::Party::runtime, runtime_words(*first, maker), place);
}

void choose_built_in(manifest::Container& container, std::string name, base::Span place, format::Engine engine,
                     std::optional<format::Runtime> runtime, manifest::Filters& filters) {
  container.choice = {manifest::ProfileKind::builtin, {}, std::move(name), place, nullptr};
  container.choice.filter = filters.built_in(container.choice.built_in, engine, container.capabilities, runtime);
}

void choose_unconfined(manifest::Container& container, base::Span place, manifest::Filters& filters) {
  container.choice = {manifest::ProfileKind::unconfined, {}, {}, place, filters.none()};
}

}  // namespace callgate::container
