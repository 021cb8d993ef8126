// SPDX-License-Identifier: Apache-2.0
#include "scan/script.h"

#include <algorithm>
#include <vector>

namespace callgate::scan {

namespace {

constexpr std::size_t kLineBytes = 256;  // BINPRM_BUF_SIZE
constexpr std::string_view kBlank = " \t";

std::string_view trimmed(std::string_view text) {
  const auto begin = std::min(text.find_first_not_of(kBlank), text.size());
  const auto end = text.find_last_not_of(kBlank);
  return end == std::string_view::npos ? std::string_view() : text.substr(begin, end + 1 - begin);
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  while (!(text = trimmed(text)).empty()) {
    const auto end = std::min(text.find_first_of(kBlank), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

// "-S python3 -u", "-Si", "--split-string=…": the rest, which env splits itself; "python3" is left as it is.
std::vector<std::string_view> env_words(std::string_view argument) {
  for (const std::string_view each : {"--split-string=", "--split-string", "-S"})
    if (argument.starts_with(each)) return words(argument.substr(each.size()));
  // -vS and the like: short options in one word, of which the last takes the rest.
  if (const auto s = argument.find('S');
      argument.starts_with('-') && !argument.starts_with("--") && s < argument.find_first_of(kBlank))
    return words(argument.substr(s + 1));
  return argument.empty() ? std::vector<std::string_view>() : std::vector{argument};
}

// The program that env executes; empty if that cannot be told.
std::string_view env_program(std::string_view argument) {
  const auto all = env_words(argument);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string_view word = all[i];
    if (word == "-u" || word == "-C" || word == "--unset" || word == "--chdir") {
      ++i;
    } else if (word == "--") {
      continue;
    } else if (word[0] != '-' && word.find('=') == std::string_view::npos) {
      // Quotes, escapes and variables are env's to read.
      return word.find_first_of("'\"\\$") == std::string_view::npos ? word : std::string_view();
    }
  }
  return {};
}

}  // namespace

std::optional<ScriptLine> script_line(std::string_view text) {
  if (!text.starts_with("#!")) return std::nullopt;
  text = text.substr(2, kLineBytes - 2);
  text = trimmed(text.substr(0, std::min(text.find('\n'), text.find('\0'))));
  if (text.empty()) return std::nullopt;
  ScriptLine out;
  const auto end = std::min(text.find_first_of(kBlank), text.size());
  out.interpreter = text.substr(0, end);
  out.env = out.interpreter.substr(out.interpreter.rfind('/') + 1) == "env";
  if (out.env) out.name = env_program(trimmed(text.substr(end)));
  return out;
}

}  // namespace callgate::scan
