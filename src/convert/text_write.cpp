// SPDX-License-Identifier: Apache-2.0
#include "convert/text_write.h"

#include <fmt/format.h>

#include <algorithm>

#include "arch/prototype.h"
#include "base/text.h"
#include "convert/minijail.h"

namespace callgate::convert {

std::vector<NamedPart> named_parts(arch::Arch arch, std::string_view call, std::uint8_t arg, std::uint64_t value,
                                   const std::function<bool(std::string_view)>& known) {
  constexpr std::size_t kMostNames = 8;  // an all-ones mask is no list of flags
  const auto id = arch::find_name(call);
  const auto prototype = id ? arch::prototype(*id) : std::nullopt;
  if (!prototype || arg >= prototype->size() || (*prototype)[arg].set.empty()) return {};
  if (value == 0 && arch::is_flag_set((*prototype)[arg].set)) return {};
  const std::string text = arch::describe_value((*prototype)[arg].set, value);
  std::vector<NamedPart> parts;
  std::uint64_t said = 0;
  for (const std::string_view word : base::split(text, '|')) {
    // The table's own spelling outlives the text.
    std::string_view name;
    for (const arch::Constant& constant : arch::constants_in((*prototype)[arg].set))
      if (constant.name == word) name = constant.name;
    const auto here = name.empty() ? std::nullopt : minijail_constant(arch, name, false);
    if (!here || !known(name)) return {};
    parts.push_back({name, *here});
    said |= *here;
  }
  if (said != value || parts.size() > kMostNames) return {};
  return parts;
}

std::string number_text(std::uint64_t value) {
  return value < 10 ? fmt::format("{}", value) : fmt::format("{:#x}", value);
}

std::vector<Stretch> stretches(const policy::Decision& decision) {
  std::vector<Stretch> out;
  for (const policy::Clause& clause : decision.clauses) {
    if (out.empty() || out.back().action != clause.action) out.push_back({{}, clause.action});
    out.back().clauses.push_back(clause);
  }
  return out;
}

std::string one_line(std::string_view comment) {
  std::string out;
  for (const char c : comment) out += c == '\n' || c == '\r' ? ' ' : c;
  while (!out.empty() && (out.back() == '\\' || out.back() == ' ')) out.pop_back();
  return out;
}

std::string head_comments(const Comments& comments, std::string_view sign) {
  std::string out;
  for (const std::string& line : comments.file) {
    const std::string text = one_line(line);
    out += text.empty() ? fmt::format("{}\n", sign) : fmt::format("{} {}\n", sign, text);
  }
  if (!out.empty()) out += '\n';
  return out;
}

}  // namespace callgate::convert
