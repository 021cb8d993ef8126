// SPDX-License-Identifier: Apache-2.0
#include "base/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_write.h"
#include "base/text.h"

namespace callgate::base {

namespace {

constexpr std::uint32_t kMaxLineChars = 160;  // of a quoted source line

struct Style {
  std::string_view bold, red, magenta, cyan, off;
};
constexpr Style kPlain{"", "", "", "", ""};
constexpr Style kColour{"\033[1m", "\033[1;31m", "\033[1;35m", "\033[1;36m", "\033[0m"};

std::string_view severity_name(Severity severity) {
  return severity == Severity::error ? "error" : "warning";
}

std::string place(const Span& span) {
  if (span.file == nullptr) return {};
  const Position at = span.file->position(span.begin);
  return fmt::format("{}:{}:{}: ", span.file->name(), at.line, at.column_chars);
}

std::size_t count_chars(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

// The source line with tabs as spaces and control characters replaced, and carets under the span. A long line is cut
// to a window around the span.
void append_excerpt(std::string& out, const Span& span, const Style& style) {
  if (span.file == nullptr || span.file->text().empty()) return;
  const Position at = span.file->position(span.begin);
  std::string_view line = span.file->line_at(span.begin);
  const std::size_t start = at.column_bytes - 1;
  if (start > line.size()) return;
  std::size_t from = 0;
  if (line.size() > kMaxLineChars && start > kMaxLineChars / 2) {
    from = start - kMaxLineChars / 2;
    while (from > 0 && (static_cast<unsigned char>(line[from]) & 0xc0U) == 0x80U) --from;
  }
  std::string_view shown = line.substr(from);
  if (shown.size() > kMaxLineChars) {
    std::size_t cut = kMaxLineChars;
    while (cut > 0 && (static_cast<unsigned char>(shown[cut]) & 0xc0U) == 0x80U) --cut;
    shown = shown.substr(0, cut);
  }
  std::string clean(shown);
  for (char& c : clean)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  const std::size_t lead = count_chars(shown.substr(0, start - from));
  const std::size_t wanted =
      std::min<std::size_t>(span.end > span.begin ? span.end - span.begin : 1, line.size() - start);
  const std::size_t width = std::max<std::size_t>(1, count_chars(line.substr(start, wanted)));
  const std::size_t room = count_chars(clean) > lead ? count_chars(clean) - lead : 1;
  fmt::format_to(std::back_inserter(out), "{:5} | {}\n      | {}{}^{}{}\n", at.line, clean, std::string(lead, ' '),
                 style.red, std::string(std::min(width, room) - 1, '~'), style.off);
}

void member_place(JsonWriter& json, const Span& span) {
  if (span.file == nullptr) return;
  const Position first = span.file->position(span.begin), last = span.file->position(std::max(span.end, span.begin));
  json.member("file", span.file->name()).member("line", first.line).member("column", first.column_chars);
  json.member("end_line", last.line).member("end_column", last.column_chars);
}

}  // namespace

std::string diagnostic_code(int number) {
  return fmt::format("CG{:04}", number);
}

Diagnostic& Diagnostics::add(const DiagnosticId& id, Span span, std::string message, std::string help) {
  const Severity severity = promote_ ? Severity::error : id.severity;
  (severity == Severity::error ? error_count_ : warning_count_) += 1;
  Diagnostic d{id.number, severity, span, std::move(message), {}, std::move(help)};
  if (items_.size() < kMaxKept) return items_.emplace_back(std::move(d));
  // An error is never crowded out by warnings.
  if (severity == Severity::error) {
    const auto last_warning = std::find_if(items_.rbegin(), items_.rend(),
                                           [](const Diagnostic& kept) { return kept.severity == Severity::warning; });
    if (last_warning != items_.rend()) {
      ++dropped_count_;
      items_.erase(std::next(last_warning).base());
      return items_.emplace_back(std::move(d));
    }
  }
  ++dropped_count_;
  scratch_ = std::move(d);
  return scratch_;
}

void Diagnostics::append(const Diagnostics& other) {
  for (const Diagnostic& d : other.items_) {
    Diagnostic& copy = add({d.number, d.severity, {}}, d.span, d.message, d.help);
    copy.notes = d.notes;
  }
  dropped_count_ += other.dropped_count_;
  error_count_ += other.error_count_ - static_cast<std::size_t>(std::count_if(
                                           other.items_.begin(), other.items_.end(),
                                           [](const Diagnostic& d) { return d.severity == Severity::error; }));
  warning_count_ += other.warning_count_ - static_cast<std::size_t>(std::count_if(
                                               other.items_.begin(), other.items_.end(),
                                               [](const Diagnostic& d) { return d.severity == Severity::warning; }));
}

std::string render_text(const Diagnostic& d, bool colour) {
  const Style& style = colour ? kColour : kPlain;
  std::string out = fmt::format("{}{}{}{}{}:{} {}{} [{}]{}\n", style.bold, place(d.span),
                                d.severity == Severity::error ? style.red : style.magenta, severity_name(d.severity),
                                style.off, style.bold, d.message, style.off, diagnostic_code(d.number), "");
  append_excerpt(out, d.span, style);
  for (const Note& note : d.notes) {
    fmt::format_to(std::back_inserter(out), "{}{}note:{} {}\n", place(note.span), style.cyan, style.off, note.message);
    append_excerpt(out, note.span, style);
  }
  if (!d.help.empty()) fmt::format_to(std::back_inserter(out), "      = {}help:{} {}\n", style.bold, style.off, d.help);
  return out;
}

std::string render_text(const Diagnostics& all, bool colour) {
  std::string out;
  for (const Diagnostic& d : all.items()) out += render_text(d, colour);
  if (all.dropped_count() > 0)
    fmt::format_to(std::back_inserter(out), "… and {} more (the first {} are shown)\n", all.dropped_count(),
                   Diagnostics::kMaxKept);
  return out;
}

std::string render_json(const Diagnostics& all) {
  JsonWriter json;
  json.begin_array();
  for (const Diagnostic& d : all.items()) {
    json.begin_object().member("id", diagnostic_code(d.number)).member("severity", severity_name(d.severity));
    json.member("message", d.message);
    member_place(json, d.span);
    if (!d.help.empty()) json.member("help", d.help);
    json.key("notes").begin_array();
    for (const Note& note : d.notes) {
      json.begin_object().member("message", note.message);
      member_place(json, note.span);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
  return json.take();
}

}  // namespace callgate::base
