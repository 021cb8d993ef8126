// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "arch/prototype.h"
#include "base/text.h"
#include "syntax/words.h"
#include "why/print.h"

namespace callgate::why {

namespace {

using Out = std::back_insert_iterator<std::string>;

void row(Out out, std::string_view name, std::string_view text) {
  if (!text.empty()) fmt::format_to(out, "     {:<10} {}\n", name, text);
}

std::string who(const Denial& denial) {
  std::string out = denial.program.empty() ? std::string() : base::printable(denial.program);
  if (!denial.executable.empty())
    out += fmt::format("{}{}", out.empty() ? "" : ", ", base::printable(denial.executable, 200));
  if (denial.process != 0) out += fmt::format("{}process {}", out.empty() ? "" : ", ", denial.process);
  if (denial.thread != 0 && denial.thread != denial.process) out += fmt::format(", thread {}", denial.thread);
  return out;
}

std::string answer(const Denial& denial) {
  if (!denial.action) return {};
  return fmt::format(" → {}: {}", policy::to_string(*denial.action), effect(*denial.action));
}

void backtrace(Out out, const Denial& denial) {
  if (denial.backtrace.empty() && denial.address != 0) row(out, "at", fmt::format("{:#x}", denial.address));
  std::string_view name = "at";
  for (const Frame& frame : denial.backtrace) {
    fmt::format_to(out, "     {:<10} {}\n", name, describe(frame));
    name = "";
  }
}

void change(Out out, const Explained& each) {
  if (!each.admission) return;
  const Admission& admission = *each.admission;
  if (!admission.rule.empty()) {
    row(out, "to admit", admission.what);
    row(out, "", admission.rule);
  }
  if (!admission.edits.empty() && admission.exact) row(out, "", "proved: this call and nothing else");
  for (const std::string& also : admission.also) row(out, "", "but " + also);
  row(out, admission.rule.empty() ? "to admit" : "", admission.why_not);
}

void in_words(Out out, std::size_t number, const Explained& each) {
  const Denial& denial = each.denial;
  fmt::format_to(out, "{:>3}. {}{}\n", number, text(denial), answer(denial));
  if (syntax::describe_arch(denial.call.audit, denial.call.nr) != arch::info(arch::native()).name)
    row(out, "from", syntax::describe_arch(denial.call.audit, denial.call.nr));
  row(out, "by", who(denial));
  if (denial.count > 1) row(out, "times", fmt::format("{}", denial.count));
  backtrace(out, denial);
  row(out, "seen", denial.place);
  row(out, "result", denial.outcome);
  row(out, "then", denial.next);
  if (each.cause.kind != CauseKind::unknown) row(out, "decided by", each.cause.words());
  row(out, "decided by", each.disagreement);
  for (const Meaning& meaning : each.meanings) row(out, "means", meaning.text);
  change(out, each);
  if (each.risks.empty() && each.admission && !each.admission->rule.empty())
    row(out, "risk", "none of those that callgate knows");
  for (const std::string& risk : each.risks) row(out, "risk", risk);
}

std::string heading(const Report& report) {
  std::string out = report.source;
  if (!report.profile.empty()) out += " under " + report.profile;
  out += report.denials.empty() ? ": nothing was denied"
                                : fmt::format(": {} {} denied", report.denials.size(),
                                              report.denials.size() == 1 ? "call" : "kinds of calls");
  if (report.signal && *report.signal != 0)
    out += fmt::format("; ended by {}", arch::signal_name(*report.signal));
  else if (report.exit_status)
    out += fmt::format("; exit status {}", *report.exit_status);
  return out + "\n";
}

}  // namespace

std::string to_text(const Report& report) {
  std::string out = heading(report);
  std::size_t number = 0;
  for (const Explained& each : report.denials) in_words(std::back_inserter(out), ++number, each);
  if (report.dropped != 0) out += fmt::format("and {} more that were not kept\n", report.dropped);
  for (const std::string& note : report.notes) out += note + "\n";
  if (report.diff.empty()) return out;
  // Engines keep profiles as one line, which shows nothing.
  constexpr std::size_t kMostLine = 500;
  const auto lines = base::split(report.diff, '\n');
  if (std::any_of(lines.begin(), lines.end(), [](std::string_view line) { return line.size() > kMostLine; }))
    return out + "the profile stands in one line; with --profile FILE, the change of that file is shown\n";
  return out + "as one change of the profile:\n" + report.diff;
}

}  // namespace callgate::why
