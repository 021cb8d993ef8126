// SPDX-License-Identifier: Apache-2.0
#include "recording/members.h"

#include <fmt/format.h>

#include <algorithm>

#include "arch/calls.h"
#include "base/text.h"
#include "recording/diagnostic_ids.h"

namespace callgate::recording {

Members::Members(text::Node line, base::Diagnostics& diagnostics) : Members(line, diagnostics, kBadLine) {}

bool Members::wrong(const text::Node& node, std::string message) const {
  base::Span span = node.span();
  // Of what goes over several lines the first is place enough.
  span.end = std::min(
      span.end, span.begin + static_cast<std::uint32_t>(std::min<std::size_t>(span.text().find('\n'), 0x7fffffff)));
  diagnostics_.add(id_, span, std::move(message));
  return false;
}

text::Node Members::need(std::string_view name) const {
  const text::Node found = line_.find(name);
  if (!found) wrong(line_, fmt::format("no '{}' here", name));
  return found;
}

bool Members::get(std::string_view name, std::string& out) const {
  const text::Node node = need(name);
  if (!node) return false;
  if (!node.is_string()) return wrong(node, fmt::format("'{}' is no text", name));
  out = node.text();
  return true;
}

bool Members::get(std::string_view name, bool& out) const {
  const text::Node node = need(name);
  if (!node) return false;
  const auto value = node.as_bool();
  if (!value) return wrong(node, fmt::format("'{}' is neither true nor false", name));
  out = *value;
  return true;
}

bool Members::get_signed(std::string_view name, std::int64_t& out, std::int64_t least, std::int64_t most) const {
  const text::Node node = need(name);
  if (!node) return false;
  const auto value = node.as_i64();
  if (!value || *value < least || *value > most)
    return wrong(node, fmt::format("'{}' is no whole number from {} to {}", name, least, most));
  out = *value;
  return true;
}

bool Members::get_unsigned(std::string_view name, std::uint64_t& out, std::uint64_t most) const {
  const text::Node node = need(name);
  if (!node) return false;
  const auto value = node.as_u64();
  if (!value || *value > most) return wrong(node, fmt::format("'{}' is no whole number from 0 to {}", name, most));
  out = *value;
  return true;
}

std::string Members::unknown_word(std::string_view name, const std::string& word) {
  return fmt::format("'{}' cannot be '{}'", name, base::printable(word));
}

std::string Members::too_many(std::string_view name, std::size_t most) {
  return fmt::format("'{}' is no list of at most {}", name, most);
}

bool Members::get(std::string_view name, std::array<bool, kPhaseCount>& phases) const {
  return each(name, kPhaseCount, [&](const text::Node& element) {
    const auto phase = element.is_string() ? find_phase(element.text()) : std::nullopt;
    if (!phase) return wrong(element, "no phase of that name");
    phases[static_cast<std::size_t>(*phase)] = true;
    return true;
  });
}

bool Members::get_call(arch::AuditArch& audit, arch::SyscallNr& nr, std::string_view name_member) const {
  arch::Arch which{};
  std::string name;
  if (!get_word("arch", arch::find, which) || !get("nr", nr) || !get(name_member, name)) return false;
  audit = arch::info(which).audit;
  if (arch::of_call(audit, nr) != which)
    return wrong(line_.find("nr"), fmt::format("{} is no number of {}", nr, arch::info(which).name));
  // The number is what counts, but a name of another number shows that one of them is wrong.
  const auto other = arch::number(which, name);
  if (other && *other != nr)
    return wrong(line_.find(name_member),
                 fmt::format("'{}' is number {} on {}, not {}", name, *other, arch::info(which).name, nr));
  return true;
}

bool Members::get_first(First& first) const {
  const text::Node node = need("first");
  if (!node) return false;
  if (!node.is_object()) return wrong(node, "'first' is no object");
  const Members members(node, diagnostics_);
  return members.get("ns", first.ns) && members.get("pid", first.pid) && members.get("tid", first.tid) &&
         members.get("comm", first.comm) && members.get("image", first.image) &&
         members.get_word("phase", find_phase, first.phase);
}

}  // namespace callgate::recording
