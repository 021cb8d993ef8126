// SPDX-License-Identifier: Apache-2.0
#include "convert/firejail_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arch/prototype.h"
#include "base/text.h"
#include "convert/diagnostic_ids.h"

namespace callgate::convert {

namespace {

constexpr std::array<std::string_view, 3> kOthers{"protocol", "memory-deny-write-execute", "restrict-namespaces"};
constexpr std::size_t kLongestLine = 8190;  // MAX_READ, less the line's end and fgets' zero

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

// "ignore x" makes all later lines x without effect, with whatever they say behind it.
bool begins_with(std::string_view line, std::string_view ignored) {
  if (!line.starts_with(ignored)) return false;
  const std::string_view rest = line.substr(ignored.size());
  return rest.empty() || rest.front() == ' ' || rest.front() == '\t';
}

class Parser {
 public:
  Parser(const base::SourceFile& file, base::Diagnostics& diagnostics) : file_(file), diagnostics_(diagnostics) {}

  FirejailLines run() {
    for (const std::string_view whole : base::split(file_.text(), '\n')) {
      const std::size_t hash = whole.find('#');
      if (hash != std::string_view::npos) comment(whole.substr(hash + 1));
      const std::string_view text = base::trim(whole.substr(0, hash));
      if (whole.size() > kLongestLine)
        diagnostics_.add(kTextSyntax, span(whole.substr(0, 1)),
                         fmt::format("the line has {} bytes, firejail reads {}", whole.size(), kLongestLine));
      else if (!text.empty() && !is_ignored(text))
        line(text);
    }
    return lines_;
  }

 private:
  base::Span span(std::string_view part) const {
    const auto begin = static_cast<std::uint32_t>(part.data() - file_.text().data());
    return {&file_, begin, begin + static_cast<std::uint32_t>(part.size())};
  }

  void comment(std::string_view text) {
    const auto named = named_firejail_release(text);
    if (!named) return;
    lines_.release = find_firejail_release(*named);
    if (!lines_.release)
      diagnostics_.add(kTextSyntax, span(*named),
                       fmt::format("'{}' is no release of firejail that is known", base::printable(*named)),
                       fmt::format("'{}' to '{}'", firejail_name(firejail_releases().front()),
                                   firejail_name(firejail_releases().back())));
  }

  bool is_ignored(std::string_view text) const {
    return std::any_of(ignored_.begin(), ignored_.end(),
                       [&](std::string_view each) { return begins_with(text, each); });
  }

  void line(std::string_view text) {
    const std::string_view word = text.substr(0, text.find_first_of(" \t"));
    const std::string_view rest = base::trim(text.substr(word.size()));
    if (word.starts_with('?')) return conditional(text);
    if (word == "ignore" && !rest.empty()) ignored_.push_back(rest);
    if (text == "allow-debuggers") lines_.allow_debuggers = true;
    if (word == "include" && rest.ends_with(".profile"))
      diagnostics_.add(kTextOtherFilters, span(rest),
                       fmt::format("'{}' may have further seccomp lines; it is not read", base::printable(rest)));
    for (const std::string_view other : kOthers)
      if (word == other)
        diagnostics_.add(kTextOtherFilters, span(word),
                         fmt::format("'{}' installs a filter that is not read here", word));
    if (word == "seccomp-error-action") return error_action(rest);
    if (text == "seccomp.block-secondary")
      lines_.block_secondary = true;
    else if (word.starts_with("seccomp"))
      setting(word, rest);
  }

  // "?HAS_NET: seccomp": a line for some of the ways in which firejail is started.
  void conditional(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return;
    if (base::trim(text.substr(colon + 1)).starts_with("seccomp"))
      diagnostics_.add(kTextOtherFilters, span(text), "a line that depends on how firejail is started is not read");
  }

  void setting(std::string_view word, std::string_view rest) {
    const std::pair<std::string_view, FirejailLine*> kinds[] = {
        {"seccomp", &lines_.plain},      {"seccomp.drop", &lines_.drop},      {"seccomp.keep", &lines_.keep},
        {"seccomp.32", &lines_.plain32}, {"seccomp.32.drop", &lines_.drop32}, {"seccomp.32.keep", &lines_.keep32}};
    const auto* const kind =
        std::find_if(std::begin(kinds), std::end(kinds), [&](const auto& each) { return each.first == word; });
    if (kind == std::end(kinds)) {
      diagnostics_.add(kTextSyntax, span(word), fmt::format("unknown setting '{}'", base::printable(word)));
      return;
    }
    FirejailLine& given = *kind->second;
    if (rest.empty() ? &given != &lines_.plain : rest.find_first_not_of(',') == std::string_view::npos) {
      diagnostics_.add(kTextSyntax, span(word), fmt::format("'{}' needs a list of calls", word));
      return;
    }
    if (given.given && !given.list.empty() && !rest.empty())
      diagnostics_.add(kTextIgnored, span(given.list), fmt::format("a later '{}' line replaces this one", word));
    if (!rest.empty()) given.list = rest;
    given.given = true;
  }

  void error_action(std::string_view word) {
    if (word == "kill") {
      lines_.error = policy::kKillThread;
    } else if (word == "log") {
      lines_.error = {policy::ActionKind::log, 0};
    } else if (const auto error = firejail_errno(word)) {
      lines_.error = *error;
    } else {
      diagnostics_.add(kTextUnknownAction, span(word), fmt::format("unknown error '{}'", base::printable(word)),
                       "an error name, 'kill' or 'log'");
    }
  }

  const base::SourceFile& file_;
  base::Diagnostics& diagnostics_;
  FirejailLines lines_;
  std::vector<std::string_view> ignored_;
};

}  // namespace

FirejailLines firejail_lines(const base::SourceFile& file, base::Diagnostics& diagnostics) {
  return Parser(file, diagnostics).run();
}

std::optional<std::string_view> named_firejail_release(std::string_view comment) {
  constexpr std::string_view kMark = "callgate:firejail";
  comment = base::trim(comment);
  if (!comment.starts_with(kMark)) return std::nullopt;
  return base::trim(comment.substr(kMark.size()));
}

std::optional<policy::Action> firejail_errno(std::string_view name) {
  const auto number = arch::errno_number(upper(name));
  if (!number) return std::nullopt;
  return policy::make_errno(*number);
}

}  // namespace callgate::convert
