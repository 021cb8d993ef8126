// The files that command lines stand in: shell scripts, Makefiles, and the YAML of CI systems, each cut into shell text
// whose every byte still knows its place. SPDX-License-Identifier: Apache-2.0
#include <array>
#include <optional>

#include "base/text.h"
#include "container/container.h"
#include "container/shell.h"

namespace callgate::container {

namespace {

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

bool is_makefile(std::string_view name) {
  return name == "Makefile" || name == "makefile" || name == "GNUmakefile" || name.ends_with(".mk");
}

// A text put together piece by piece, each byte with its place in the file.
struct Cut {
  std::string text;
  std::vector<std::uint32_t> offsets;
  void add(char c, std::size_t offset) {
    text += c;
    offsets.push_back(static_cast<std::uint32_t>(offset));
  }
};

class Script {
 public:
  Script(const base::SourceFile& file, World& world, manifest::Answer& answer, base::Diagnostics& diagnostics)
      : file_(file), world_(world), answer_(answer), diagnostics_(diagnostics), shell_(shell_of(world.environment)) {}
  void shell();
  void makefile();
  void yaml(text::Node node);

 private:
  void commands(const ShellText& text);
  void commands(Cut cut);
  void make_line(std::string_view line, std::size_t offset);
  void make_assignment(std::string_view line);
  void recipe(std::string_view line, std::size_t offset, Cut& out);
  std::size_t make_variable(std::string_view line, std::size_t at, std::size_t offset, Cut& out);
  void yaml_commands(text::Node node);
  void yaml_variables(text::Node node);
  Cut scalar(text::Node node) const;

  const base::SourceFile& file_;
  World& world_;
  manifest::Answer& answer_;
  base::Diagnostics& diagnostics_;
  Shell shell_;
  Cut recipe_;  // lines that a backslash joins
};

void Script::commands(const ShellText& text) {
  for_each_command(text, shell_, [&](const std::vector<Word>& words) {
    if (is_command_line(std::span<const Word>(words)))
      resolve_line(std::span<const Word>(words), world_, answer_, diagnostics_);
  });
}

void Script::commands(Cut cut) {
  cut.offsets.push_back(cut.offsets.empty() ? 0 : cut.offsets.back() + 1);
  const ShellText text{&file_, cut.text, std::move(cut.offsets)};
  commands(text);
}

void Script::shell() {
  const std::string_view first = file_.text().substr(0, file_.text().find('\n'));
  if (first.starts_with("#!")) shell_.bash = first.find("bash") != std::string_view::npos;
  commands(ShellText{&file_, file_.text(), {}});
}

// $(NAME) and ${NAME} of make, whose values are put in; others are left for the shell to find unknown.
std::size_t Script::make_variable(std::string_view line, std::size_t at, std::size_t offset, Cut& out) {
  const char close = line[at + 1] == '(' ? ')' : '}';
  const auto end = line.find(close, at);
  if (end == std::string_view::npos) return 0;
  const std::string name(line.substr(at + 2, end - at - 2));
  const auto known = shell_.variables.find(name);
  const std::string value =
      known == shell_.variables.end() || known->second.empty() ? "${" + name + "}" : known->second.front();
  for (const char c : value) out.add(c, offset + at);
  return end + 1 - at;
}

void Script::recipe(std::string_view line, std::size_t offset, Cut& out) {
  for (std::size_t i = 0; i < line.size();) {
    const bool dollar = line[i] == '$' && i + 1 < line.size();
    if (dollar && line[i + 1] == '$') {
      out.add('$', offset + i);
      i += 2;
      continue;
    }
    const std::size_t taken =
        dollar && (line[i + 1] == '(' || line[i + 1] == '{') ? make_variable(line, i, offset, out) : 0;
    if (taken == 0) out.add(line[i], offset + i);
    i += std::max<std::size_t>(taken, 1);
  }
}

void Script::make_assignment(std::string_view line) {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos || equals == 0) return;
  std::string_view name = line.substr(0, equals);
  const bool keeps = name.ends_with('?');
  while (!name.empty() && (name.ends_with(':') || name.ends_with('?') || name.ends_with('+'))) name.remove_suffix(1);
  name = base::trim(name);
  if (name.empty() || name.find_first_of(" \t:$") != std::string_view::npos) return;
  if (keeps && shell_.variables.find(name) != shell_.variables.end()) return;
  Cut value;
  recipe(base::trim(line.substr(equals + 1)), 0, value);
  shell_.variables[std::string(name)] = {value.text};
}

void Script::make_line(std::string_view line, std::size_t offset) {
  if (!line.starts_with('\t') && recipe_.text.empty()) return make_assignment(line);
  const bool begins = recipe_.text.empty();
  if (line.starts_with('\t')) {
    line.remove_prefix(1);
    ++offset;
  }
  while (begins && !line.empty() && (line.front() == '@' || line.front() == '-' || line.front() == '+')) {
    line.remove_prefix(1);
    ++offset;
  }
  recipe(line, offset, recipe_);
  recipe_.add('\n', offset + line.size());
  if (line.ends_with('\\')) return;
  const auto make = shell_.variables;
  commands(std::exchange(recipe_, {}));
  shell_.variables = make;  // each line has a shell of its own
}

void Script::makefile() {
  shell_.bash = false;
  const std::string_view text = file_.text();
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    make_line(text.substr(at, end - at), at);
    at = end + 1;
  }
  if (!recipe_.text.empty()) commands(std::exchange(recipe_, {}));
}

// The scalar's text with the places of its bytes: followed through the source, whose line breaks and indentation may
// be others.
Cut Script::scalar(text::Node node) const {
  const std::string_view raw = node.span().text(), text = node.text();
  const std::uint32_t begin = node.span().begin;
  std::size_t at = 0, indent = 0;
  const bool block = node.style() == text::ScalarStyle::literal || node.style() == text::ScalarStyle::folded;
  if (block) {
    at = std::min(raw.find('\n'), raw.size());
    at = std::min(at + 1, raw.size());
    const auto first = raw.find_first_not_of(" \n", at);
    const auto line = first == std::string_view::npos ? at : raw.rfind('\n', first) + 1;
    indent = first == std::string_view::npos ? 0 : first - line;
  } else if (raw.starts_with('"') || raw.starts_with('\'')) {
    at = 1;
  }
  const auto skip_indent = [&] {
    for (std::size_t i = 0; block && i < indent && at < raw.size() && raw[at] == ' '; ++i) ++at;
  };
  skip_indent();
  Cut out;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n';
    if (space && at < raw.size() && raw[at] != c && (raw[at] == ' ' || raw[at] == '\n')) {
      out.add(c, begin + at);
      while (at < raw.size() && (raw[at] == ' ' || raw[at] == '\n')) ++at;
      continue;
    }
    while (!space && at < raw.size() && raw[at] != c && (raw[at] == ' ' || raw[at] == '\n' || raw[at] == '\\')) ++at;
    out.add(c, begin + std::min(at, raw.size()));
    if (at < raw.size() && raw[at] == c) ++at;
    if (c == '\n') skip_indent();
  }
  return out;
}

void Script::yaml_commands(text::Node node) {
  if (node.is_string()) return commands(scalar(node));
  if (node.is_array())
    for (const text::Node each : node) yaml_commands(each);
}

void Script::yaml_variables(text::Node node) {
  for (const text::Node each : node)
    if (each.is_string() || each.is_number()) {
      const std::string value(each.text());
      if (value.find("${{") == std::string::npos) shell_.variables[std::string(each.key())] = {value};
    }
}

void Script::yaml(text::Node node) {
  constexpr std::array<std::string_view, 7> kCommands{"run",      "script",  "before_script", "after_script",
                                                      "commands", "command", "cmds"};
  constexpr std::array<std::string_view, 3> kVariables{"env", "variables", "environment"};
  if (!node.is_object() && !node.is_array()) return;
  for (const text::Node each : node) {
    const auto named = [&](const auto& list) { return std::find(list.begin(), list.end(), each.key()) != list.end(); };
    if (node.is_object() && each.is_object() && named(kVariables)) {
      yaml_variables(each);
    } else if (node.is_object() && !each.is_object() && named(kCommands)) {
      yaml_commands(each);
      if (each.is_array()) yaml(each);  // CircleCI's steps below `run`
    } else {
      yaml(each);
    }
  }
}

}  // namespace

void resolve_script(const base::SourceFile& script, World& world, manifest::Answer& answer,
                    base::Diagnostics& diagnostics) {
  Script reader(script, world, answer, diagnostics);
  const std::string_view name = base_name(script.name());
  if (is_makefile(name)) return reader.makefile();
  if (!name.ends_with(".yml") && !name.ends_with(".yaml")) return reader.shell();
  const auto documents = text::read_yaml(script, diagnostics);
  if (!documents) return;
  for (const text::Document& document : *documents) reader.yaml(document.root());
}

}  // namespace callgate::container
