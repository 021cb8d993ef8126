// Source: POSIX.1-2017, Shell Command Language; bash(1) for arrays, $'…', ~ in arguments and here-strings.
// SPDX-License-Identifier: Apache-2.0
#include "container/shell_lexer.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace callgate::container {

namespace {

// Deeper nesting of quotes and substitutions is not followed.
constexpr int kMaxDepth = 40;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}
bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool ends_word(char c) {
  constexpr std::string_view kEnds(" \t\r\n;&|<>()", 11);
  return kEnds.find(c) != std::string_view::npos;
}

// The length of "NAME=" or "NAME+=" at the text's start; 0 if there is none.
std::size_t assignment_length(std::string_view text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) != 0) return 0;
  std::size_t i = 0;
  while (i < text.size() && is_name(text[i])) ++i;
  if (i == 0) return 0;
  if (i + 1 < text.size() && text[i] == '+' && text[i + 1] == '=') return i + 2;
  return i < text.size() && text[i] == '=' ? i + 1 : 0;
}

}  // namespace

base::Span ShellLexer::place(std::size_t begin, std::size_t end) const {
  const std::uint32_t from = source_.at(begin);
  return {source_.file, from, end > begin ? std::max(from, source_.at(end - 1) + 1) : from};
}

void ShellLexer::finish(std::vector<ShellWord>& words) {
  if (!words.empty()) command_(words);
  words.clear();
}

void ShellLexer::skip_comment() {
  while (!done() && peek() != '\n') ++at_;
}

// A byte that parts commands. True if the list ends with it.
bool ShellLexer::separator(char c, char stop, std::vector<ShellWord>& words) {
  ++at_;
  finish(words);
  if (c == '\n') here_documents();
  return c == stop && stop != '\0';
}

void ShellLexer::list(char stop) {
  std::vector<ShellWord> words;
  const auto assigning = [&] {
    return std::all_of(words.begin(), words.end(), [](const ShellWord& each) { return !each.assigned.empty(); }) ||
           (words.front().fields.size() == 1 &&
            (words.front().fields[0].text == "export" || words.front().fields[0].text == "local" ||
             words.front().fields[0].text == "readonly" || words.front().fields[0].text == "declare"));
  };
  while (!done()) {
    const char c = peek();
    if (is_blank(c) || (c == '\\' && peek(1) == '\n')) {
      at_ += c == '\\' ? 2 : 1;
    } else if (c == '#') {
      skip_comment();
    } else if (c == '<' || c == '>' || (c == '&' && peek(1) == '>')) {
      redirection(words);
    } else if (c == '\n' || c == ';' || c == '&' || c == '|' || c == '(' || c == ')' || (c == '`' && stop == '`')) {
      if (separator(c, stop, words)) return;
    } else {
      words.push_back(word(words.empty() || assigning()));
    }
  }
  finish(words);
}

void ShellLexer::redirection(std::vector<ShellWord>& words) {
  const bool substitution_follows = (peek() == '<' || peek() == '>') && peek(1) == '(';
  if (substitution_follows) {
    const std::size_t begin = at_;
    Building building;
    at_ += 2;
    substitution(building, false, ')');
    Word out{std::string(text_.substr(begin, at_ - begin)), place(begin, at_), "a process substitution", false};
    words.push_back({{std::move(out)}, {}, false, false});
    return;
  }
  const bool here = peek() == '<' && peek(1) == '<' && peek(2) != '<';
  const bool tabs = here && peek(2) == '-';
  while (!done() && (peek() == '<' || peek() == '>' || peek() == '&' || peek() == '|')) ++at_;
  if (tabs) ++at_;
  while (!done() && is_blank(peek())) ++at_;
  if (done() || ends_word(peek())) return;
  const std::size_t begin = at_;
  word(false);
  if (!here) return;
  std::string delimiter;
  for (const char c : text_.substr(begin, at_ - begin))
    if (c != '\'' && c != '"' && c != '\\') delimiter += c;
  pending_.emplace_back(std::move(delimiter), tabs);
}

void ShellLexer::here_documents() {
  for (const auto& [delimiter, tabs] : std::exchange(pending_, {}))
    while (!done()) {
      const auto end = std::min(text_.find('\n', at_), text_.size());
      std::string_view line = text_.substr(at_, end - at_);
      at_ = std::min(end + 1, text_.size());
      while (tabs && line.starts_with('\t')) line.remove_prefix(1);
      if (line == delimiter) break;
    }
}

void ShellLexer::end_field(Building& building, std::size_t begin) {
  if (building.started) {
    const bool alone = building.whole_unknown && !building.quoted;
    building.fields.push_back({std::move(building.text), place(begin, at_), std::move(building.unknown), alone});
  }
  building = Building{std::move(building.fields), {}, {}, false, false, false};
}

ShellWord ShellLexer::word(bool assignment_position) {
  ShellWord out;
  const std::size_t begin = at_;
  Building building;
  const std::size_t assignment = assignment_length(text_.substr(at_));
  if (assignment != 0) {
    const std::string_view head = text_.substr(at_, assignment);
    out.appends = head[assignment - 2] == '+';
    out.assigned = head.substr(0, assignment - (out.appends ? 2 : 1));
    at_ += assignment;
    building.started = true;
    if (peek() == '(' && assignment_position) {
      array_elements(out);
      return out;
    }
    building.text = head;
    if (assignment_position || shell_.bash) tilde(building, begin);
  } else {
    tilde(building, begin);
  }
  const bool splits = !(assignment_position && assignment != 0);
  // A number before a redirection is the descriptor's.
  while (!done() && !ends_word(peek()) && !(in_backticks_ && peek() == '`')) {
    const std::size_t before = at_;
    word_part(building, splits);
    if (at_ == before) ++at_;
  }
  const bool descriptor = (peek() == '<' || peek() == '>') && !building.quoted && building.fields.empty() &&
                          !building.text.empty() && building.text.find_first_not_of("0123456789") == std::string::npos;
  if (!descriptor) end_field(building, begin);
  out.fields = std::move(building.fields);
  for (Word& field : out.fields) field.place = place(begin, at_);
  return out;
}

void ShellLexer::array_elements(ShellWord& out) {
  out.array = true;
  ++at_;
  while (!done() && peek() != ')') {
    if (is_blank(peek()) || peek() == '\n') {
      ++at_;
    } else if (peek() == '\\' && peek(1) == '\n') {
      at_ += 2;
    } else if (peek() == '#') {
      skip_comment();
    } else if (ends_word(peek())) {
      ++at_;
    } else {
      for (Word& field : word(false).fields) out.fields.push_back(std::move(field));
    }
  }
  if (!done()) ++at_;
}

void ShellLexer::word_part(Building& building, bool splits) {
  const char c = peek();
  switch (c) {
    case '\'':
      return single_quotes(building);
    case '"':
      return double_quotes(building);
    case '$':
      return dollar(building, splits);
    case '`':
      ++at_;
      return substitution(building, splits, '`');
    case '\\':
      ++at_;
      if (done()) return;
      if (peek() != '\n') {
        building.text += peek();
        building.started = building.quoted = true;
      }
      ++at_;
      return;
    default:
      building.text += c;
      building.started = true;
      building.whole_unknown = false;
      ++at_;
  }
}

void ShellLexer::single_quotes(Building& building) {
  const auto end = std::min(text_.find('\'', at_ + 1), text_.size());
  building.text += text_.substr(at_ + 1, end - at_ - 1);
  building.started = building.quoted = true;
  at_ = std::min(end + 1, text_.size());
}

void ShellLexer::ansi_quotes(Building& building) {
  at_ += 2;
  building.started = building.quoted = true;
  while (!done() && peek() != '\'') {
    char c = peek();
    if (c == '\\' && at_ + 1 < text_.size()) {
      constexpr std::string_view kFrom = "nrtabfve", kTo = "\n\r\t\a\b\f\v\x1b";
      c = text_[++at_];
      if (const auto known = kFrom.find(c); known != std::string_view::npos) c = kTo[known];
    }
    building.text += c;
    ++at_;
  }
  if (!done()) ++at_;
}

void ShellLexer::double_quotes(Building& building) {
  ++at_;
  building.started = building.quoted = true;
  while (!done() && peek() != '"') {
    const char c = peek();
    if (c == '\\' && at_ + 1 < text_.size()) {
      constexpr std::string_view kEscaped = "$`\"\\";
      const char next = peek(1);
      if (kEscaped.find(next) != std::string_view::npos) {
        building.text += next;
      } else if (next != '\n') {
        building.text += {c, next};
      }
      at_ += 2;
    } else if (c == '$') {
      dollar(building, false);
    } else if (c == '`') {
      ++at_;
      substitution(building, false, '`');
    } else {
      building.text += c;
      ++at_;
    }
  }
  if (!done()) ++at_;
}

void ShellLexer::unknown(Building& building, std::string_view name, std::string_view written, bool splits) {
  building.whole_unknown = splits && building.text.empty() && !building.quoted;
  building.started = true;
  building.text += written;
  if (building.unknown.empty()) building.unknown = name;
}

void ShellLexer::value(Building& building, const std::vector<std::string>& values, bool splits) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i != 0) end_field(building, at_);
    if (!splits) {
      building.started = true;
      building.text += values[i];
      continue;
    }
    bool first = true;
    std::string_view rest = values[i];
    while (!rest.empty()) {
      const bool blank = std::isspace(static_cast<unsigned char>(rest.front())) != 0;
      std::size_t end = 0;
      while (end < rest.size() && (std::isspace(static_cast<unsigned char>(rest[end])) != 0) == blank) ++end;
      if (blank && (!first || building.started)) end_field(building, at_);
      if (!blank) {
        building.text += rest.substr(0, end);
        building.started = true;
      }
      first = false;
      rest.remove_prefix(end);
    }
  }
}

void ShellLexer::dollar(Building& building, bool splits) {
  const std::size_t begin = at_;
  const char next = peek(1);
  if (next == '{') return braces(building, splits);
  if (next == '(') {
    at_ += 2;
    return substitution(building, splits, ')');
  }
  if (next == '\'' && splits) return ansi_quotes(building);
  if (next == '"' && splits) {
    ++at_;
    return;
  }
  constexpr std::string_view kSpecial = "@*#?$!-0123456789";
  ++at_;
  if (done()) {
    building.text += '$';
    building.started = true;
  } else if (kSpecial.find(next) != std::string_view::npos) {
    ++at_;
    unknown(building, text_.substr(begin, 2), text_.substr(begin, 2), splits);
  } else if (is_name(next)) {
    while (!done() && is_name(peek())) ++at_;
    const std::string_view name = text_.substr(begin + 1, at_ - begin - 1);
    const auto known = shell_.variables.find(name);
    if (known == shell_.variables.end()) return unknown(building, name, text_.substr(begin, at_ - begin), splits);
    value(building, {known->second.empty() ? std::string() : known->second.front()}, splits);
  } else {
    building.text += '$';
    building.started = true;
  }
}

// ${NAME[@]} of an array: each element a word of its own, quoted or not.
bool ShellLexer::indexed(const std::string& name, Building& building, bool splits) {
  const std::string_view index = text_.substr(at_, 4);
  if (!index.starts_with("[@]}") && !index.starts_with("[*]}")) return false;
  at_ += 4;
  const auto known = shell_.variables.find(name);
  if (known == shell_.variables.end()) {
    unknown(building, name, "${" + name + "[@]}", splits);
  } else {
    // "${EMPTY[@]}" alone is no word at all.
    if (known->second.empty() && building.text.empty()) building.started = false;
    value(building, known->second, splits);
  }
  return true;
}

void ShellLexer::braces(Building& building, bool splits) {
  const std::size_t begin = at_;
  at_ += 2;
  if (peek() == '{') {  // an expression of GitHub's
    const auto end = std::min(text_.find("}}", at_), text_.size());
    const std::string_view inside = base::trim(text_.substr(at_ + 1, end - at_ - 1));
    at_ = std::min(end + 2, text_.size());
    return unknown(building, inside, text_.substr(begin, at_ - begin), splits);
  }
  std::string name;
  while (!done() && is_name(peek())) name += text_[at_++];
  if (indexed(name, building, splits)) return;
  const auto known = shell_.variables.find(name);
  const bool is_set = known != shell_.variables.end();
  const std::string current = is_set && !known->second.empty() ? known->second.front() : std::string();
  const bool colon = peek() == ':';
  const char op = colon ? peek(1) : peek();
  if (!name.empty() && op == '}' && !colon) {
    ++at_;
    if (!is_set) return unknown(building, name, text_.substr(begin, at_ - begin), splits);
    return value(building, {current}, splits);
  }
  constexpr std::string_view kOperators = "-=+?";
  const bool usable = !name.empty() && kOperators.find(op) != std::string_view::npos;
  if (usable) at_ += colon ? 2 : 1;
  const auto [word, unset] = operand();
  const std::string_view written = text_.substr(begin, at_ - begin);
  const bool counts = is_set && !(colon && current.empty());
  if (!usable) return unknown(building, name.empty() ? written : name, written, splits);
  if (op == '+' && !is_set) return unknown(building, name, written, splits);
  if (op == '+' || (op != '?' && !counts)) {
    if (op == '+' && !counts) return value(building, {}, splits);
    if (!unset.empty()) return unknown(building, unset, written, splits);
    if (op == '=') shell_.variables[name] = {word};
    return value(building, {word}, splits);
  }
  if (!counts) return unknown(building, name, written, splits);
  value(building, {current}, splits);
}

// The word behind ${NAME:-, up to its brace: the text, and the first variable in it that is not known.
std::pair<std::string, std::string> ShellLexer::operand() {
  Building building;
  if (++depth_ > kMaxDepth) {
    at_ = text_.size();
  } else {
    while (!done() && peek() != '}') {
      const std::size_t before = at_;
      word_part(building, false);
      if (at_ == before) ++at_;
    }
  }
  --depth_;
  if (!done()) ++at_;
  std::string text;
  for (const Word& field : building.fields) text += field.text + " ";
  return {text + building.text, building.unknown};
}

void ShellLexer::skip_arithmetic() {
  int open = 2;
  ++at_;
  while (!done() && open > 0) {
    open += peek() == '(' ? 1 : peek() == ')' ? -1 : 0;
    ++at_;
  }
}

void ShellLexer::substitution(Building& building, bool splits, char stop) {
  const std::size_t begin = at_;
  if (stop == ')' && peek() == '(') {
    skip_arithmetic();
  } else if (++depth_ > kMaxDepth) {
    at_ = text_.size();
    --depth_;
  } else {
    auto waiting = std::exchange(pending_, {});
    const bool outer = std::exchange(in_backticks_, stop == '`');
    list(stop);
    in_backticks_ = outer;
    pending_ = std::move(waiting);
    --depth_;
  }
  const std::size_t from = begin - (stop == '`' ? 1 : 2);  // with its "$(" or '`'
  unknown(building, "the output of a command", text_.substr(from, at_ - from), splits);
}

void ShellLexer::tilde(Building& building, std::size_t) {
  if (peek() != '~' || (peek(1) != '/' && peek(1) != '\0' && !ends_word(peek(1)))) return;
  ++at_;
  const auto home = shell_.variables.find("HOME");
  if (home == shell_.variables.end() || home->second.empty()) return unknown(building, "HOME", "~", false);
  building.text += home->second.front();
  building.started = true;
}

}  // namespace callgate::container
