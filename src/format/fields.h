// Access to the members of a JSON or YAML object as an engine's decoder sees them: keys with or without regard to case,
// null as absent, the last of several counting, unknown ones reported.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "base/diagnostic.h"
#include "format/spec.h"
#include "text/node.h"

namespace callgate::format {

// The diagnostics of one reading, with the rule of --strict: what is skipped without a word becomes an error.
class Reporter {
 public:
  Reporter(base::Diagnostics& diagnostics, bool strict) : diagnostics_(&diagnostics), strict_(strict) {}
  base::Diagnostic& add(const base::DiagnosticId& id, base::Span span, std::string message, std::string help = {}) {
    return diagnostics_->add(id, span, std::move(message), std::move(help));
  }
  // For things that are skipped without a word.
  base::Diagnostic& skipped(base::DiagnosticId id, base::Span span, std::string message, std::string help = {}) {
    if (strict_) id.severity = base::Severity::error;
    return diagnostics_->add(id, span, std::move(message), std::move(help));
  }
  bool has_errors() const { return diagnostics_->error_count() > errors_before_; }

 private:
  base::Diagnostics* diagnostics_;
  bool strict_;
  std::size_t errors_before_ = diagnostics_->error_count();
};

// Whether Go's encoding/json takes `key` for the field `name`: without regard to case, where U+017F counts as s and
// U+212A as k (encoding/json/fold.go).
bool folds_to(std::string_view key, std::string_view name);

// Walks an object's members and names each by its index in `fields`.
class Fields {
 public:
  Fields(std::span<const std::string_view> fields, bool fold_case, Reporter& report)
      : fields_(fields), fold_case_(fold_case), report_(report) {}
  static constexpr int kUnknown = -1;
  // The field's index, or kUnknown; reports a field that came before in another spelling.
  int match(text::Node member);

 private:
  std::span<const std::string_view> fields_;
  bool fold_case_;
  Reporter& report_;
  std::uint32_t seen_ = 0;
  std::array<text::Node, 16> first_{};
};

// The value if it has the type; otherwise reported. `what` is the field's name.
bool expect_object(text::Node node, std::string_view what, Reporter& report);
bool expect_array(text::Node node, std::string_view what, Reporter& report);
std::optional<Word> expect_string(text::Node node, std::string_view what, Reporter& report);
std::optional<std::uint64_t> expect_unsigned(text::Node node, std::string_view what, std::uint64_t max,
                                             Reporter& report);
// All strings of a list; null elements are empty strings, as Go has them.
std::vector<Word> expect_strings(text::Node node, std::string_view what, Reporter& report);
// The same into a vector that is there already.
void read_strings(text::Node node, std::string_view what, Reporter& report, std::vector<Word>& words);

inline Word word(text::Node node) {
  return {node.text(), node.span()};
}

}  // namespace callgate::format
