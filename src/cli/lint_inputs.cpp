// SPDX-License-Identifier: Apache-2.0
#include "cli/lint_inputs.h"

#include <algorithm>
#include <array>

#include "cli/input.h"
#include "convert/formats.h"
#include "format/profile.h"
#include "format/shipped.h"
#include "resolve/kind.h"
#include "resolve/resolve.h"
#include "text/node.h"

namespace callgate::cli {

namespace {

// The Security Profiles Operator's profiles, and nothing else.
bool only_profiles(const base::SourceFile& file) {
  base::Diagnostics ignored;
  const auto documents = text::read_yaml(file, ignored);
  if (!documents) return false;
  return std::ranges::all_of(*documents, [](const text::Document& each) {
    if (!each.root() || !each.root().is_object()) return true;
    const text::Node kind = each.root().find("kind");
    return kind && kind.is_string() && kind.text() == "SeccompProfile";
  });
}

bool makes_containers(const base::SourceFile& file, container::World& world) {
  manifest::Answer answer;
  base::Diagnostics diagnostics;
  container::resolve_script(file, world, answer, diagnostics);
  return !answer.containers.empty() || diagnostics.has_errors();
}

// Helm's templates are no YAML until they are rendered.
bool is_template(const base::SourceFile& file) {
  base::Diagnostics ignored;
  return file.text().find("{{") != std::string_view::npos && !text::read_yaml(file, ignored);
}

bool speaks_of_seccomp(std::string_view text) {
  constexpr std::array<std::string_view, 4> kWords{"SCMP_ACT_", "defaultAction", "seccomp", "syscalls"};
  return std::ranges::any_of(kWords, [&](std::string_view each) { return text.find(each) != std::string_view::npos; });
}

}  // namespace

LintInput lint_input(Session& session, const std::string& name, container::World& world) {
  if (is_process(name) || format::find_builtin(name) != nullptr || format::find_shipped(name) != nullptr)
    return LintInput::profile;
  if (resolve::is_project(name, world)) return LintInput::manifest;
  const base::SourceFile* const file = session.open(file_of(name));
  if (file == nullptr) return LintInput::unreadable;
  if (looks_like_filter(*file)) return LintInput::profile;
  base::Diagnostics ignored;
  const resolve::InputKind kind = resolve::classify(*file, ignored).kind;
  const bool sniffed = !convert::candidates(file->text()).empty();
  bool manifest = false;
  switch (kind) {
    case resolve::InputKind::profile:
      return LintInput::profile;
    case resolve::InputKind::malformed:
      return sniffed || speaks_of_seccomp(file->text()) ? LintInput::profile : LintInput::unknown;
    case resolve::InputKind::kubernetes:
      manifest = !sniffed || !only_profiles(*file);
      break;
    case resolve::InputKind::script:
      manifest = !sniffed && makes_containers(*file, world);
      if (!sniffed && !manifest) return LintInput::unknown;
      break;
    case resolve::InputKind::compose:
    case resolve::InputKind::inspect:
    case resolve::InputKind::daemon_json:
    case resolve::InputKind::mixed:
      manifest = true;
      break;
  }
  if (!manifest) return LintInput::profile;
  world.files.provide(name, std::string(file->text()));
  return is_template(*file) ? LintInput::a_template : LintInput::manifest;
}

}  // namespace callgate::cli
