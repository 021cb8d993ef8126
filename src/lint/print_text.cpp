// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "lint/print.h"
#include "syntax/words.h"

namespace callgate::lint {

namespace {

std::string describe_answer(const Answer& answer) {
  return fmt::format("{}{}{} {} → {}", answer.by_engine ? format::name(answer.engine) : "",
                     answer.by_engine ? ": " : "", syntax::describe_arch(answer.call.audit, answer.call.nr),
                     syntax::describe_call(answer.call), policy::to_string(answer.action));
}

std::string_view colour_of(Level level) {
  switch (level) {
    case Level::error:
      return "\x1b[1;31m";
    case Level::warning:
      return "\x1b[1;35m";
    case Level::note:
      break;
  }
  return "\x1b[1;36m";
}

std::string place(const base::Span& span, std::string_view name) {
  if (span.file == nullptr) return std::string(name);
  const base::Position at = span.file->position(span.begin);
  return fmt::format("{}:{}:{}", span.file->name(), at.line, at.column_chars);
}

// The line with what is meant underlined; nothing where the line is too long to be read.
std::string excerpt(const base::Span& span) {
  constexpr std::size_t kLongest = 160;
  if (span.file == nullptr) return {};
  const std::string_view whole = span.file->line_at(span.begin);
  if (whole.empty() || whole.size() > kLongest) return {};
  std::string line(whole);
  std::replace(line.begin(), line.end(), '\t', ' ');
  const base::Position begin = span.file->position(span.begin), end = span.file->position(span.end);
  const std::size_t line_chars = begin.column_chars - 1 + base::printable(line, kLongest).size();
  const std::size_t last = begin.line == end.line ? end.column_chars : line_chars;
  const std::size_t width = last > begin.column_chars ? last - begin.column_chars : 1;
  return fmt::format(" {:>4} | {}\n      | {}^{}\n", begin.line, base::printable(line, kLongest),
                     std::string(begin.column_chars - 1, ' '), std::string(std::min(width, kLongest) - 1, '~'));
}

std::string finding_text(const Finding& each, std::string_view name, bool colour) {
  std::string out =
      fmt::format("{}: {}{}:{} {} [{}]\n", place(each.span, name), colour ? colour_of(each.rule->level) : "",
                  lint::name(each.rule->level), colour ? "\x1b[0m" : "", each.message, each.rule->id);
  out += excerpt(each.span);
  if (each.witness) {
    out += fmt::format("      = witness: {}\n", describe_answer(each.witness->answer));
    if (each.witness->beside) out += fmt::format("      = against: {}\n", describe_answer(*each.witness->beside));
  }
  for (const base::Note& note : each.notes)
    out += fmt::format("      = note: {}{}\n", note.message,
                       note.span.file == nullptr ? "" : fmt::format(" ({})", place(note.span, name)));
  if (!each.help.empty()) out += fmt::format("      = help: {}\n", each.help);
  if (each.fix) out += fmt::format("      = fix: {} (--fix)\n", each.fix->what);
  return out;
}

std::string counted(std::size_t n, std::string_view what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

std::string totals(const Report& report) {
  const std::size_t errors = report.count(Level::error);
  const std::size_t warnings = report.count(Level::warning) - errors;
  const std::size_t notes = report.count(Level::note) - errors - warnings;
  const auto suppressed = std::count_if(report.findings.begin(), report.findings.end(),
                                        [](const Finding& each) { return each.suppressed; });
  const auto fixable = std::count_if(report.findings.begin(), report.findings.end(),
                                     [](const Finding& each) { return !each.suppressed && each.fix.has_value(); });
  std::string out = fmt::format("{}: {}, {}, {}", report.name, counted(errors, "error"), counted(warnings, "warning"),
                                counted(notes, "note"));
  if (suppressed > 0) out += fmt::format("; {} suppressed", suppressed);
  if (fixable > 0) out += fmt::format("; {} can be mended by --fix", fixable);
  return out + "\n";
}

std::string score_text(const Score& score) {
  std::string out = fmt::format("exposure against Docker's default: {:+}\n", score.points);
  for (const Reason& reason : score.reasons) out += fmt::format("  {:>+5}  {}\n", reason.points, reason.text);
  return out;
}

}  // namespace

std::string describe(const Witness& witness) {
  std::string out = describe_answer(witness.answer);
  if (witness.beside) out += fmt::format("; {}", describe_answer(*witness.beside));
  return out;
}

std::string to_text(const Report& report, bool colour) {
  std::string out;
  for (std::size_t i = 0; i < report.summary.size(); ++i)
    out += fmt::format("{}{}\n", i == 0 ? "" : "  ", report.summary[i]);
  for (const Finding& each : report.findings)
    if (!each.suppressed) out += finding_text(each, report.name, colour);
  out += totals(report);
  if (report.score) out += score_text(*report.score);
  return out;
}

std::string rules_text() {
  std::string out;
  for (const Rule& rule : rules()) out += fmt::format("{:<22} {:<8} {}\n", rule.id, name(rule.level), rule.title);
  return out;
}

}  // namespace callgate::lint
