// Conversions between the public interface and the library.
// SPDX-License-Identifier: Apache-2.0
#include "api/convert.h"

#include <memory>
#include <utility>

namespace callgate::api {

static_assert(to_public(arch::Arch::x86_64) == Architecture::x86_64);
static_assert(to_public(arch::Arch::aarch64) == Architecture::aarch64);
static_assert(to_public(arch::Arch::ppc64le) == Architecture::ppc64le);
static_assert(to_public(arch::Arch::m68k) == Architecture::m68k);
static_assert(to_public(arch::Arch::sheb) == Architecture::sheb);
static_assert(static_cast<std::size_t>(Architecture::sheb) + 1 == arch::kArchCount);
static_assert(to_public(policy::Action{policy::ActionKind::kill_process, 0}).kind == ActionKind::kill_process);
static_assert(to_public(policy::Action{policy::ActionKind::errno_, 0}).kind == ActionKind::errno_);
static_assert(to_public(policy::Action{policy::ActionKind::notify, 0}).kind == ActionKind::notify);
static_assert(to_public(policy::Action{policy::ActionKind::allow, 0}).kind == ActionKind::allow);
static_assert(static_cast<int>(base::ErrorCode::internal) == static_cast<int>(ErrorCode::internal));
static_assert(static_cast<int>(base::ErrorCode::limit) == static_cast<int>(ErrorCode::limit));

namespace {

Place place_of(const base::Span& span) {
  Place place;
  if (span.file == nullptr) return place;
  const base::Position begin = span.file->position(span.begin);
  const base::Position end = span.file->position(span.end);
  place.file = span.file->name();
  place.line = begin.line;
  place.column = begin.column_chars;
  place.end_line = end.line;
  place.end_column = end.column_chars;
  return place;
}

}  // namespace

Error to_public(base::Error error) {
  return {static_cast<ErrorCode>(error.code), std::move(error.message), error.os_errno};
}

Policy make_policy(policy::Policy policy) {
  return Policy(std::make_shared<const Policy::Data>(Policy::Data{std::move(policy)}));
}

std::vector<Diagnostic> to_public(const base::Diagnostics& diagnostics) {
  std::vector<Diagnostic> out;
  out.reserve(diagnostics.items().size());
  for (const base::Diagnostic& item : diagnostics.items()) {
    Diagnostic& made = out.emplace_back();
    made.is_error = item.severity == base::Severity::error;
    made.code = base::diagnostic_code(item.number);
    made.message = item.message;
    made.place = place_of(item.span);
    for (const base::Note& note : item.notes) made.notes.push_back({place_of(note.span), note.message});
    made.help = item.help;
    made.rendered = base::render_text(item, false);
  }
  return out;
}

}  // namespace callgate::api
