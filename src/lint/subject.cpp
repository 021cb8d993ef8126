// SPDX-License-Identifier: Apache-2.0
#include "lint/subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "arch/calls.h"
#include "format/fields.h"
#include "policy/policy.h"

namespace callgate::lint {

namespace {

bool in_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// The first place outside of comments where the word stands.
base::Span word_in(const base::SourceFile& file, std::string_view word) {
  const std::string_view text = file.text();
  if (word.empty()) return {};
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at > 0 && in_word(text[at - 1])) || (end < text.size() && in_word(text[end]))) continue;
    const std::size_t line = text.rfind('\n', at) + 1;  // 0 where there is none
    const std::string_view before = text.substr(line, at - line);
    if (before.find('#') != std::string_view::npos || before.find("//") != std::string_view::npos) continue;
    return {&file, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end)};
  }
  return {};
}

}  // namespace

Finding& Subject::add(std::string_view rule, base::Span span, std::string message, std::string help) const {
  Finding& made = findings->emplace_back();
  made.rule = find_rule(rule);
  made.span = span;
  made.message = std::move(message);
  made.help = std::move(help);
  return made;
}

Answer Subject::answer(const policy::Call& call) const {
  return {main.engine(), call, policy::evaluate(policy(), call), by_engine};
}

base::Span Subject::place_of(const policy::Call& call) const {
  for (const format::RuleOrigin& origin : profile().origins) {
    if (origin.audit != call.audit || origin.nr != call.nr) continue;
    const auto& conditions = origin.clause.conditions;
    if (std::all_of(conditions.begin(), conditions.end(), [&](const policy::Condition& c) {
          return policy::holds(c, origin.low_word ? call.args[c.arg] & 0xffffffff : call.args[c.arg]);
        }))
      return origin.span;
  }
  if (text != nullptr)
    if (const auto arch = arch::of_call(call.audit, call.nr))
      if (const base::Span span = word_in(*text, arch::name_of(*arch, call.nr)); span.file != nullptr) return span;
  return profile().default_span;
}

text::Node find_field(text::Node object, std::string_view name) {
  text::Node found;
  if (!object || !object.is_object()) return found;
  for (const text::Node member : object)
    if (format::folds_to(member.key(), name)) found = member;
  return found;
}

std::vector<text::Node> Subject::rule_nodes() const {
  std::vector<text::Node> out;
  const text::Node list = find_field(root, "syscalls");
  if (!list || !list.is_array()) return out;
  for (const text::Node each : list)
    if (each.is_object()) out.push_back(each);
  return out;
}

text::Node node_at(const std::vector<text::Node>& nodes, base::Span span) {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [&](const text::Node& n) { return n.span().begin == span.begin; });
  return found == nodes.end() ? text::Node() : *found;
}

std::string join(const std::vector<std::string>& words, std::size_t most) {
  std::string out;
  const std::size_t shown = words.size() > most ? most : words.size();
  for (std::size_t i = 0; i < shown; ++i) {
    const bool last = i + 1 == words.size();
    out += fmt::format("{}{}", i == 0 ? "" : last ? " and " : ", ", words[i]);
  }
  if (shown < words.size()) out += fmt::format(" and {} more", words.size() - shown);
  return out;
}

std::string engine_names(const Reading& reading) {
  std::vector<std::string> names;
  for (const format::Engine each : reading.engines) names.emplace_back(format::name(each));
  return join(names);
}

}  // namespace callgate::lint
