// What is wrong with a user's file, and where: id, place, message, notes, what to do. Collected, never thrown, so one
// run reports many. Every id is listed in docs/diagnostics.md; ranges: CG01xx JSON, CG02xx YAML, CG03xx TOML, CG10xx
// profile content, CG11xx what an engine does silently, CG12xx and CG13xx conversion, CG20xx filter files and assembly,
// CG30xx compile, CG40xx prove, CG50xx sandbox, CG51xx preflight, CG52xx recordings, CG53xx phases, CG54xx closures,
// CG55xx harden, CG60xx command line, CG70xx lint, CG71xx profile tests, CG80xx containers, CG81xx Compose, CG82xx
// Kubernetes, CG83xx what is in force, CG84xx OCI bundles and hooks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/source.h"

namespace callgate::base {

enum class Severity { error, warning };

// A numbered kind of finding. Each folder lists its own in <folder>/diagnostic_ids.h.
struct DiagnosticId {
  int number = 0;  // 1004 is printed as CG1004
  Severity severity = Severity::error;
  std::string_view title;  // a few words for the documentation: "unknown call name"
};

struct Note {
  Span span;  // may be empty
  std::string message;
};

struct Diagnostic {
  int number = 0;
  Severity severity = Severity::error;
  Span span;
  std::string message;  // lower case, no full stop, with the offending text in single quotes
  std::vector<Note> notes;
  std::string help;  // what to do; may be empty
};

class Diagnostics {
 public:
  // Further findings beyond the cap are counted, not kept.
  static constexpr std::size_t kMaxKept = 50;

  // Returns the kept diagnostic so that notes and help can be added (a scratch one once the cap is reached).
  Diagnostic& add(const DiagnosticId& id, Span span, std::string message, std::string help = {});
  bool has_errors() const { return error_count_ > 0; }
  std::size_t error_count() const { return error_count_; }
  std::size_t warning_count() const { return warning_count_; }
  std::size_t dropped_count() const { return dropped_count_; }
  const std::vector<Diagnostic>& items() const { return items_; }
  // Makes every later finding with one of these numbers, or every warning, an error (--strict).
  void promote_warnings() { promote_ = true; }
  void append(const Diagnostics& other);

 private:
  std::vector<Diagnostic> items_;
  Diagnostic scratch_;
  std::size_t error_count_ = 0, warning_count_ = 0, dropped_count_ = 0;
  bool promote_ = false;
};

// "CG1004".
std::string diagnostic_code(int number);
// file:line:col: error: message [CG1004], the line, a caret, notes and help. Columns are counted in characters.
std::string render_text(const Diagnostic& d, bool colour);
std::string render_text(const Diagnostics& all, bool colour);
// One JSON object a diagnostic: {"id","severity","message","file","line","column","end_line","end_column","help",
// "notes":[{"message","file","line","column"}]}; all of them as an array.
std::string render_json(const Diagnostics& all);

}  // namespace callgate::base
