// Commands out of words: keywords, assignments and wrappers. SPDX-License-Identifier: Apache-2.0
#include "container/shell.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "container/shell_lexer.h"

namespace callgate::container {

namespace {

constexpr int kMaxNestedShells = 8;

template <std::size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// Options of the wrappers that take a value in the next word.
struct Wrapper {
  std::string_view name, with_value;
  int operands = 0;  // words of its own before the command
};
constexpr std::array<Wrapper, 12> kWrappers{{{"sudo", "ugpCrtUDTRh", 0},
                                             {"doas", "uC", 0},
                                             {"exec", "a", 0},
                                             {"env", "uCS", 0},
                                             {"nohup", "", 0},
                                             {"command", "", 0},
                                             {"builtin", "", 0},
                                             {"time", "fo", 0},
                                             {"nice", "n", 0},
                                             {"ionice", "cnp", 0},
                                             {"stdbuf", "ioe", 0},
                                             {"timeout", "ks", 1}}};

bool is_assignment(std::string_view text) {
  const auto equals = text.find('=');
  return equals != std::string_view::npos && equals != 0 && text.front() != '-' &&
         text.substr(0, equals).find_first_of("/.:") == std::string_view::npos;
}

// How many words at `from` belong to the wrapper.
std::size_t wrapper_words(const std::vector<Word>& words, std::size_t from, const Wrapper& wrapper) {
  std::size_t i = from + 1;
  int operands = wrapper.operands;
  for (; i < words.size(); ++i) {
    const std::string_view text = words[i].text;
    if (text == "--") return i + 1 - from;
    if (text.size() > 1 && text.front() == '-') {
      const bool value = text[1] != '-' && wrapper.with_value.find(text.back()) != std::string_view::npos;
      if (value) ++i;
    } else if (!is_assignment(text) && operands-- <= 0) {
      break;
    }
  }
  return i - from;
}

class Commands {
 public:
  Commands(Shell& shell, const std::function<void(const std::vector<Word>&)>& each, int depth, bool assigns = true)
      : shell_(shell), each_(each), depth_(depth), assigns_(assigns) {}
  void run(const ShellText& text) {
    ShellLexer(text, shell_, [this](std::vector<ShellWord>& words) { command(words); }).run();
  }

 private:
  void command(std::vector<ShellWord>& words);
  void assign(const ShellWord& word);
  bool builtin(const std::vector<ShellWord>& words);
  void give(std::vector<Word> words);
  void nested(const std::vector<Word>& words);

  Shell& shell_;
  const std::function<void(const std::vector<Word>&)>& each_;
  int depth_;
  bool assigns_;  // whether variables may become known
};

void Commands::assign(const ShellWord& word) {
  std::vector<std::string> values;
  bool known = true;
  for (const Word& field : word.fields) {
    known = known && field.unknown.empty();
    values.push_back(field.text);
  }
  if (!word.array && !values.empty()) values.front().erase(0, word.assigned.size() + (word.appends ? 2 : 1));
  auto& variables = shell_.variables;
  const auto before = variables.find(word.assigned);
  if (!known || !assigns_ || (word.appends && before == variables.end() && !word.array)) {
    variables.erase(word.assigned);
  } else if (word.appends && before != variables.end() && word.array) {
    before->second.insert(before->second.end(), values.begin(), values.end());
  } else if (word.appends && before != variables.end()) {
    if (before->second.empty()) before->second.emplace_back();
    before->second.front() += values.empty() ? std::string() : values.front();
  } else {
    variables[word.assigned] = std::move(values);
  }
}

// Commands that change what variables hold.
bool Commands::builtin(const std::vector<ShellWord>& words) {
  constexpr std::array<std::string_view, 5> kDeclares{"export", "local", "readonly", "declare", "typeset"};
  constexpr std::array<std::string_view, 4> kForgets{"unset", "read", "mapfile", "readarray"};
  if (words.front().fields.empty()) return false;
  const std::string_view name = words.front().fields.front().text;
  if (one_of(name, kDeclares)) {
    for (const ShellWord& word : words)
      if (!word.assigned.empty()) assign(word);
    return true;
  }
  if (!one_of(name, kForgets) && name != "for" && name != "select") return false;
  for (const ShellWord& word : words)
    for (const Word& field : word.fields) {
      if (field.text == "in") return true;
      if (field.text != name) shell_.variables.erase(field.text);
    }
  return true;
}

void Commands::command(std::vector<ShellWord>& words) {
  constexpr std::array<std::string_view, 14> kKeywords{"if", "then", "else", "elif", "do",   "while", "until",
                                                       "!",  "{",    "}",    "fi",   "done", "esac",  "$"};
  const auto plain = std::find_if(words.begin(), words.end(), [&](const ShellWord& word) {
    return !(word.assigned.empty() && word.fields.size() == 1 && one_of(word.fields.front().text, kKeywords));
  });
  words.erase(words.begin(), plain);
  const auto program = std::find_if(words.begin(), words.end(), [](const ShellWord& w) { return w.assigned.empty(); });
  if (program == words.end()) {
    for (const ShellWord& word : words) assign(word);
    return;
  }
  words.erase(words.begin(), program);
  if (builtin(words)) return;
  std::vector<Word> fields;
  for (ShellWord& word : words)
    for (Word& field : word.fields) fields.push_back(std::move(field));
  give(std::move(fields));
}

void Commands::nested(const std::vector<Word>& words) {
  constexpr std::array<std::string_view, 5> kShells{"sh", "bash", "dash", "ash", "zsh"};
  if (depth_ >= kMaxNestedShells || !one_of(base_name(words.front().text), kShells)) return;
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    const std::string_view flag = words[i].text;
    if (flag.size() < 2 || flag.front() != '-' || flag[1] == '-' || flag.back() != 'c') continue;
    const Word& script = words[i + 1];
    ShellText text{script.place.file, script.text, {}};
    text.offsets.assign(script.text.size() + 1, script.place.begin);
    Shell inner = shell_;
    // What stands for a variable of the outer shell must not become one of the inner.
    const bool whole = script.unknown.empty();
    if (!whole) inner.variables.clear();
    Commands(inner, each_, depth_ + 1, whole).run(text);
    return;
  }
}

void Commands::give(std::vector<Word> words) {
  while (!words.empty()) {
    const auto wrapper = std::find_if(kWrappers.begin(), kWrappers.end(),
                                      [&](const Wrapper& each) { return each.name == base_name(words.front().text); });
    if (wrapper == kWrappers.end()) break;
    const auto own = static_cast<std::ptrdiff_t>(wrapper_words(words, 0, *wrapper));
    words.erase(words.begin(), words.begin() + own);
  }
  if (words.empty()) return;
  nested(words);
  each_(words);
}

}  // namespace

Shell shell_of(const std::vector<std::string>& environment) {
  Shell shell;
  for (const std::string& each : environment)
    if (const auto equals = each.find('='); equals != std::string::npos)
      shell.variables[each.substr(0, equals)] = {each.substr(equals + 1)};
  return shell;
}

void for_each_command(const ShellText& text, Shell& shell, const std::function<void(const std::vector<Word>&)>& each) {
  Commands(shell, each, 0).run(text);
}

}  // namespace callgate::container
