// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "base/text.h"
#include "resolve/print.h"

namespace callgate::resolve {

namespace {

using manifest::Container;
using manifest::Object;
using manifest::Outcome;
using manifest::ProfileKind;
using manifest::Step;

constexpr std::size_t kLongestName = 300;   // of a profile or container
constexpr std::size_t kLongestText = 2000;  // of a message

std::string shown(std::string_view text, std::size_t limit = kLongestName) {
  return base::printable(text, limit);
}

std::string place(const base::Span& span) {
  if (span.file == nullptr) return {};
  const base::Position at = span.file->position(span.begin);
  return fmt::format("{}:{}:{}: ", span.file->name(), at.line, at.column_chars);
}

enum class Tone { plain, good, bad, hazard, faint };

std::string painted(std::string text, Tone tone, bool colour) {
  if (!colour || tone == Tone::plain) return text;
  constexpr std::string_view kCodes[] = {"", "\x1b[1;32m", "\x1b[1;31m", "\x1b[1;35m", "\x1b[2m"};
  return fmt::format("{}{}\x1b[0m", kCodes[static_cast<std::size_t>(tone)], text);
}

std::string profile_words(const manifest::Choice& choice) {
  switch (choice.kind) {
    case ProfileKind::unconfined:
      return "without a filter (unconfined)";
    case ProfileKind::builtin:
      return fmt::format("under the engine's own profile ({})", choice.built_in);
    case ProfileKind::runtime_default:
      return fmt::format("under the runtime's default profile ({})", choice.built_in);
    case ProfileKind::file:
      return fmt::format("under {}", shown(choice.path));
    case ProfileKind::disabled:
      return fmt::format("without a filter: {} turns seccomp off", shown(choice.path));
  }
  return {};
}

template <class Subject>
std::string refusal_words(const Subject& subject) {
  const std::string_view by = manifest::name(subject.refused_by);
  return fmt::format("refused{}{}: {}", by.empty() ? "" : " by ", by, shown(subject.message, kLongestText));
}

bool unsafe(const Container& each) {
  return each.choice.kind == ProfileKind::unconfined || each.choice.kind == ProfileKind::disabled;
}

// A line below a subject: a step, a warning, the summary.
struct Line {
  std::string place, text;
  Tone tone = Tone::plain;
};

Line step_line(const Step& step) {
  const std::string text = shown(step.text, kLongestText);
  switch (step.kind) {
    case Step::Kind::fact:
      break;
    case Step::Kind::ignored:
      return {place(step.place), "ignored: " + text, Tone::hazard};
    case Step::Kind::hazard:
      return {place(step.place), "beware: " + text, Tone::hazard};
  }
  return {place(step.place), text, Tone::plain};
}

std::vector<Line> lines_of(const Container& each, Summaries& summaries) {
  std::vector<Line> out;
  for (const Step& step : each.steps) out.push_back(step_line(step));
  if (each.outcome == Outcome::refused) return out;
  if (const Summary* const summary = summaries.of(each))
    out.push_back({"", summary->text, Tone::faint});
  else
    out.push_back({"",
                   each.choice.built_in.empty() ? "what the profile allows is not known: its file is not at hand"
                                                : "what the profile allows is not known: callgate has no copy of it",
                   Tone::hazard});
  return out;
}

std::vector<Line> lines_of(const Object& each) {
  std::vector<Line> out;
  for (const std::string& warning : each.warnings)
    out.push_back({"", "warning: " + shown(warning, kLongestText), Tone::hazard});
  for (const Step& step : each.steps) out.push_back(step_line(step));
  return out;
}

struct Heading {
  std::string owner, name, verdict;
  Tone tone = Tone::good;
};

Heading heading(const Container& each) {
  Heading out{shown(each.owner), shown(each.name), {}, Tone::good};
  if (!each.role.empty() && each.role != "container") out.name = fmt::format("{} {}", each.role, out.name);
  if (each.outcome == Outcome::refused) {
    out.verdict = refusal_words(each);
    out.tone = Tone::bad;
    return out;
  }
  const std::string with = each.runtime.empty() ? each.engine : fmt::format("{}, {}", each.engine, shown(each.runtime));
  out.verdict = fmt::format("runs {} [{}]", profile_words(each.choice), with);
  out.tone = unsafe(each) ? Tone::hazard : Tone::good;
  return out;
}

Heading heading(const Object& each) {
  const bool refused = each.outcome == Outcome::refused;
  return {"", each.name.empty() ? shown(each.kind) : fmt::format("{}/{}", shown(each.kind), shown(each.name)),
          refused ? refusal_words(each) : "accepted", refused ? Tone::bad : Tone::good};
}

std::string list_entry(const base::Span& source, const Heading& head, const std::vector<Line>& lines, bool colour) {
  std::string name = head.owner.empty() || head.owner == head.name ? head.name
                     : head.name.empty()                           ? head.owner
                                                                   : fmt::format("{}: {}", head.owner, head.name);
  if (!name.empty()) name += ": ";
  std::string out = fmt::format("{}{}{}\n", place(source), name, painted(head.verdict, head.tone, colour));
  for (const Line& line : lines)
    fmt::format_to(std::back_inserter(out), "  {}{}\n", line.place, painted(line.text, line.tone, colour));
  return out;
}

// What stands in front of the lines of one level: `last` is whether another follows on that level.
std::string_view branch(bool last) {
  return last ? "└─ " : "├─ ";
}
std::string_view trunk(bool last) {
  return last ? "   " : "│  ";
}

std::string tree_entry(std::string_view indent, bool last, const Heading& head, const std::vector<Line>& lines,
                       bool colour) {
  std::string out = fmt::format("{}{}{}{}{}\n", indent, branch(last), head.name, head.name.empty() ? "" : ": ",
                                painted(head.verdict, head.tone, colour));
  for (std::size_t i = 0; i < lines.size(); ++i)
    fmt::format_to(std::back_inserter(out), "{}{}{}{}{}\n", indent, trunk(last), branch(i + 1 == lines.size()),
                   painted(lines[i].place, Tone::faint, colour), painted(lines[i].text, lines[i].tone, colour));
  return out;
}

std::string file_name(const base::Span& source) {
  return source.file == nullptr ? std::string("command line") : source.file->name();
}

struct Entry {
  std::string file;
  Heading head;
  std::vector<Line> lines;
};

// Entries [first, end) are below one file; those of one owner below that.
std::string file_tree(const std::vector<Entry>& entries, std::size_t first, std::size_t end, bool colour) {
  std::string out = entries[first].file + "\n";
  for (std::size_t i = first; i < end;) {
    const std::string& owner = entries[i].head.owner;
    std::size_t next = i + 1;
    if (!owner.empty())
      while (next < end && entries[next].head.owner == owner) ++next;
    const bool last = next == end;
    if (!owner.empty()) fmt::format_to(std::back_inserter(out), "{}{}\n", branch(last), owner);
    const std::string_view indent = owner.empty() ? "" : trunk(last);
    for (; i < next; ++i)
      out += tree_entry(indent, owner.empty() ? last : i + 1 == next, entries[i].head, entries[i].lines, colour);
  }
  return out;
}

}  // namespace

std::string to_text(const manifest::Answer& answer, Summaries& summaries, Shape shape, bool colour) {
  std::string out;
  if (shape == Shape::list) {
    for (const Container& each : answer.containers)
      out += list_entry(each.source, heading(each), lines_of(each, summaries), colour);
    for (const Object& each : answer.objects) out += list_entry(each.source, heading(each), lines_of(each), colour);
    return out;
  }
  std::vector<Entry> entries;
  for (const Container& each : answer.containers)
    entries.push_back({file_name(each.source), heading(each), lines_of(each, summaries)});
  for (const Object& each : answer.objects) entries.push_back({file_name(each.source), heading(each), lines_of(each)});
  for (std::size_t first = 0; first < entries.size();) {
    std::size_t end = first + 1;
    while (end < entries.size() && entries[end].file == entries[first].file) ++end;
    out += file_tree(entries, first, end, colour);
    first = end;
  }
  return out;
}

}  // namespace callgate::resolve
