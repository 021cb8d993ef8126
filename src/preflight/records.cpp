// The reader of JSON Lines.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "arch/calls.h"
#include "base/text.h"
#include "preflight/diagnostic_ids.h"
#include "preflight/trace.h"
#include "syntax/words.h"
#include "text/node.h"

namespace callgate::preflight {

namespace {

constexpr std::string_view kForm = R"(a record is {"arch": "x86_64", "call": "openat", "args": [3, null, "O_RDONLY"]})";

bool wrong(const text::Node& node, base::Diagnostics& diagnostics, std::string message) {
  diagnostics.add(kBadRecord, node.span(), std::move(message), std::string(kForm));
  return false;
}

bool read_argument(const text::Node& node, std::size_t place, Event& event, base::Diagnostics& diagnostics) {
  std::optional<std::uint64_t> value;
  if (node.is_null()) return true;
  if (node.is_number()) {
    value = node.as_u64();
    if (const auto negative = node.as_i64(); !value && negative) value = static_cast<std::uint64_t>(*negative);
  } else if (node.is_string()) {
    value = arch::parse_value(node.text());
  }
  if (!value) return wrong(node, diagnostics, fmt::format("'{}' is no argument", base::printable(node.span().text())));
  event.call.args[place] = *value;
  event.known = static_cast<std::uint8_t>(event.known | 1U << place);
  return true;
}

bool read_call(const text::Node& record, Event& event, base::Diagnostics& diagnostics) {
  arch::Arch which = arch::Arch::x86_64;
  if (const auto node = record.find("arch")) {
    const auto found = node.is_string() ? arch::find(node.text()) : std::nullopt;
    if (!found) return wrong(node, diagnostics, fmt::format("no architecture {}", base::printable(node.span().text())));
    which = *found;
  }
  const auto call = record.find("call");
  if (!call) return wrong(record, diagnostics, "a record without 'call'");
  const auto nr = syntax::find_call(which, call.is_string() || call.is_number() ? call.text() : std::string_view());
  if (!nr)
    return wrong(call, diagnostics,
                 fmt::format("{} has no call '{}'", arch::info(which).name, base::printable(call.text())));
  event.call = {arch::info(which).audit, *nr, {}};
  return true;
}

bool read_record(const text::Node& record, Event& event, base::Diagnostics& diagnostics) {
  if (!record.is_object()) return wrong(record, diagnostics, "this is no object");
  if (!read_call(record, event, diagnostics)) return false;
  event.known = 0;
  if (const auto args = record.find("args")) {
    if (!args.is_array() || args.size() > event.call.args.size())
      return wrong(args, diagnostics, "'args' is no list of up to six arguments");
    std::size_t place = 0;
    for (const text::Node each : args)
      if (!read_argument(each, place++, event, diagnostics)) return false;
  }
  if (const auto pid = record.find("pid")) {
    if (!pid.as_u64()) return wrong(pid, diagnostics, "'pid' is no number");
    event.process = *pid.as_u64();
  }
  return true;
}

}  // namespace

bool looks_like_records(std::string_view text) {
  return base::trim(text.substr(0, 4096)).starts_with('{');
}

void read_records(const base::SourceFile& file, const Sink& sink, KeptLines& kept, base::Diagnostics& diagnostics) {
  std::uint32_t number = 0;
  for (const std::string_view line : base::split(file.text(), '\n')) {
    ++number;
    if (base::trim(line).empty()) continue;
    base::SourceFile& source = kept.emplace_back(file.name(), std::string(line), number);
    const std::size_t before = diagnostics.items().size();
    Event event;
    const auto document = text::read_json(source, diagnostics);
    if (document && read_record(document->root(), event, diagnostics)) {
      sink.call(event);
      if (arch::name_of_call(event.call.audit, event.call.nr) == "execve") sink.executed(event.process, {});
    }
    if (diagnostics.items().size() == before) kept.pop_back();
    if (diagnostics.error_count() >= base::Diagnostics::kMaxKept) return;
  }
}

}  // namespace callgate::preflight
