// Suppressions stand in the profile itself, where no engine looks: a member "x-callgate-ignore": ["RULE reason", …] of
// the profile (for all of it) or of a rule (for that rule), or a rule's comment "callgate:ignore RULE reason". In other
// tools' formats it is a comment of that form anywhere, and holds for all of the file; in manifests it holds for its
// own line, or for the next one where it has a line to itself. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "lint/subject.h"

namespace callgate::lint {

namespace {

constexpr std::string_view kMember = "x-callgate-ignore", kMark = "callgate:ignore";

struct Suppression {
  const Rule* rule;
  std::string reason;
  base::Span where;  // what it was written in
  base::Span scope;  // the rule; no file: the whole profile
  bool used = false;
};

class Suppressing {
 public:
  explicit Suppressing(const Subject& subject) : subject_(subject) {}
  void run();

 private:
  void read_member(text::Node object, base::Span scope);
  void read_comment(text::Node rule);
  void read_text(const base::SourceFile& file);
  void read(std::string_view text, base::Span where, base::Span scope);

  const Subject& subject_;
  std::vector<Suppression> all_;
};

// "RULE reason".
void Suppressing::read(std::string_view text, base::Span where, base::Span scope) {
  text = base::trim(text);
  const std::size_t end = std::min(text.find_first_of(" \t:"), text.size());
  const std::string_view id = text.substr(0, end);
  std::string_view reason = base::trim(text.substr(end));
  if (reason.starts_with(":")) reason = base::trim(reason.substr(1));
  const Rule* const rule = find_rule(id);
  if (rule == nullptr) {
    const auto near = closest_rule(id);
    subject_.add("bad-suppression", where, fmt::format("there is no rule '{}'", base::printable(id)),
                 near ? fmt::format("did you mean '{}'?", *near) : "callgate lint --rules lists them");
    return;
  }
  if (reason.empty()) {
    subject_.add("bad-suppression", where, fmt::format("'{}' is suppressed without a reason", id),
                 "write the reason behind the rule's id");
    return;
  }
  all_.push_back({rule, std::string(reason), where, scope});
}

void Suppressing::read_member(text::Node object, base::Span scope) {
  const text::Node member = object.find(kMember);
  if (!member) return;
  if (member.is_string()) return read(member.text(), member.span(), scope);
  bool good = member.is_array();
  if (good) {
    for (const text::Node each : member) {
      if (each.is_string())
        read(each.text(), each.span(), scope);
      else
        good = false;
    }
  }
  if (!good)
    subject_.add("bad-suppression", member.span(), fmt::format("'{}' takes a list of texts \"RULE reason\"", kMember));
}

void Suppressing::read_comment(text::Node rule) {
  const text::Node comment = find_field(rule, "comment");
  if (!comment || !comment.is_string()) return;
  for (std::string_view line : base::split(comment.text(), '\n'))
    if (const std::size_t at = line.find(kMark); at != std::string_view::npos)
      read(line.substr(at + kMark.size()), comment.span(), rule.span());
}

// The line that a comment at `at` is about; the comments below it are not.
base::Span line_of(const base::SourceFile& file, std::size_t begin, std::size_t at) {
  const std::string_view text = file.text();
  const std::size_t mark = std::min(text.find_first_of("#/", begin), at);
  const bool alone = base::trim(text.substr(begin, mark - begin)).empty();
  std::size_t end = std::min(text.find('\n', at), text.size());
  while (alone && end < text.size()) {
    begin = end + 1;
    end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = base::trim(text.substr(begin, end - begin));
    if (!line.empty() && !line.starts_with('#')) break;
  }
  return {&file, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
}

// "# callgate:ignore RULE reason" in a manifest or in another tool's format.
void Suppressing::read_text(const base::SourceFile& file) {
  const std::string_view text = file.text();
  for (std::size_t at = text.find(kMark); at != std::string_view::npos; at = text.find(kMark, at + 1)) {
    const std::size_t line = text.rfind('\n', at) + 1;
    const std::string_view before = text.substr(line, at - line);
    if (before.find('#') == std::string_view::npos && before.find("//") == std::string_view::npos) continue;
    const std::size_t end = std::min(text.find('\n', at), text.size());
    read(text.substr(at + kMark.size(), end - at - kMark.size()),
         {&file, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end)},
         subject_.by_line ? line_of(file, line, at) : base::Span{});
  }
}

void Suppressing::run() {
  if (subject_.text != nullptr) read_text(*subject_.text);
  if (subject_.root) read_member(subject_.root, {});
  for (const text::Node rule : subject_.rule_nodes()) {
    read_member(rule, rule.span());
    read_comment(rule);
  }
  for (Suppression& each : all_) {
    for (Finding& finding : *subject_.findings) {
      if (finding.rule != each.rule || finding.suppressed) continue;
      const bool within =
          each.scope.file == nullptr || (finding.span.file != nullptr && each.scope.begin <= finding.span.begin &&
                                         (subject_.by_line ? finding.span.begin : finding.span.end) <= each.scope.end);
      if (!within) continue;
      finding.suppressed = each.used = true;
      finding.reason = each.reason;
    }
  }
  for (const Suppression& each : all_)
    if (!each.used)
      subject_.add("unused-suppression", each.where, fmt::format("nothing here breaks the rule '{}'", each.rule->id),
                   "take it out");
}

}  // namespace

void apply_suppressions(const Subject& subject) {
  if (subject.text != nullptr || (subject.root && subject.root.is_object())) Suppressing(subject).run();
}

}  // namespace callgate::lint
