// The reader of strace's output. A line is `[pid] [time] [address] name(arguments) = result`; each part before the name
// is taken off by its form, so no option need be told. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "arch/calls.h"
#include "base/text.h"
#include "preflight/diagnostic_ids.h"
#include "preflight/trace.h"
#include "syntax/words.h"

namespace callgate::preflight {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// The end of the bracketed or quoted thing that begins at `at`, or where the text ends.
std::size_t skip_group(std::string_view text, std::size_t at) {
  std::string closing;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      for (++at; at < text.size() && text[at] != c; ++at)
        if (text[at] == '\\') ++at;
    } else if (c == '(' || c == '[' || c == '{') {
      closing += c == '(' ? ')' : c == '[' ? ']' : '}';
    } else if (!closing.empty() && c == closing.back()) {
      closing.pop_back();
    }
    if (closing.empty()) return std::min(at + 1, text.size());
  }
  return text.size();
}

struct Parts {
  std::vector<std::string_view> arguments;
  std::string_view result;  // after "="; empty where there is none
  bool closed = false;      // the closing bracket was there
};

// What follows the name's opening bracket.
Parts split_arguments(std::string_view text) {
  Parts parts;
  std::size_t begin = 0, at = 0;
  const auto take = [&](std::size_t end) {
    const std::string_view word = base::trim(text.substr(begin, end - begin));
    if (!word.empty() || !parts.arguments.empty()) parts.arguments.push_back(word);
  };
  while (at < text.size()) {
    const char c = text[at];
    if (c == ')') break;
    if (c == ',') {
      take(at);
      begin = ++at;
    } else if (c == '/' && at + 1 < text.size() && text[at + 1] == '*') {
      const std::size_t end = text.find("*/", at);
      at = end == std::string_view::npos ? text.size() : end + 2;
    } else if (c == '<' && at > begin && is_digit(text[at - 1])) {  // -y: 3</etc/passwd>
      const std::size_t end = text.find('>', at);
      at = end == std::string_view::npos ? text.size() : end + 1;
    } else if (c == '"' || c == '(' || c == '[' || c == '{' || c == '\'') {
      at = skip_group(text, at);
    } else {
      ++at;
    }
  }
  take(at);
  parts.closed = at < text.size();
  if (!parts.closed) return parts;
  const std::size_t equals = text.find('=', at);
  if (equals != std::string_view::npos) parts.result = base::trim(text.substr(equals + 1));
  return parts;
}

std::optional<std::uint64_t> value_of(std::string_view word) {
  if (const std::size_t comment = word.find("/*"); comment != std::string_view::npos) word = word.substr(0, comment);
  if (const std::size_t file = word.find('<'); file != std::string_view::npos) word = word.substr(0, file);
  word = base::trim(word);
  if (word == "NULL") return 0;
  // Signals are no constants of the tables; clone's flags end with one.
  std::uint64_t value = 0;
  for (std::string_view term : base::split(word, '|')) {
    term = base::trim(term);
    std::optional<std::uint64_t> part = arch::parse_value(term);
    for (int signal = 1; !part && signal < 32; ++signal)
      if (arch::signal_name(signal) == term) part = static_cast<std::uint64_t>(signal);
    if (!part) return std::nullopt;
    value |= *part;
  }
  return value;
}

// strace names clone's arguments and prints them in another order than registers hold them (x86_64's here).
std::optional<std::size_t> named_place(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::size_t>, 6> kPlaces{
      {{"flags", 0}, {"child_stack", 1}, {"parent_tid", 2}, {"parent_tidptr", 2}, {"child_tidptr", 3}, {"tls", 4}}};
  for (const auto& [known, place] : kPlaces)
    if (known == name) return place;
  return std::nullopt;
}

void set_arguments(const std::vector<std::string_view>& words, Event& event) {
  event.known = 0;
  const bool clone = arch::name_of_call(event.call.audit, event.call.nr) == "clone";
  for (std::size_t i = 0; i < words.size() && i < event.call.args.size(); ++i) {
    std::size_t place = i;
    std::string_view word = words[i];
    if (const std::size_t equals = word.find('='); clone && equals != std::string_view::npos) {
      const auto named = named_place(word.substr(0, equals));
      if (!named) continue;
      place = *named;
      word = word.substr(equals + 1);
    }
    auto value = value_of(word);
    if (!value) continue;
    const auto prototype = syntax::argument(event.call.audit, event.call.nr, static_cast<unsigned>(place));
    if (prototype && prototype->width_bits <= 32) *value &= 0xffffffffU;
    event.call.args[place] = *value;
    event.known = static_cast<std::uint8_t>(event.known | 1U << place);
  }
}

class Reader {
 public:
  Reader(const base::SourceFile& file, const Sink& sink, KeptLines& kept, base::Diagnostics& diagnostics)
      : file_(file), sink_(sink), kept_(kept), diagnostics_(diagnostics) {}

  void read() {
    std::string joined;
    for (const std::string_view line : base::split(file_.text(), '\n')) {
      ++number_;
      // Without -o a remark about a new task may stand in the middle of a call; the rest of that is on the next line.
      const std::size_t remark_at = line.find("strace: Process ");
      if (remark_at != std::string_view::npos && base::trim(line).ends_with("attached")) {
        joined += line.substr(0, remark_at);
        continue;
      }
      joined += line;
      line_ = joined;
      read_line(line_);
      joined.clear();
    }
    // Calls that never returned were made all the same: exit_group, or a wait that the program's end cut short.
    for (const auto& [process, begun] : pending_) finish(process, begun);
  }

 private:
  struct Begun {
    std::string name, arguments;
    std::uint64_t address = 0;
    std::uint32_t line = 0;
  };

  void wrong(std::string_view at, const base::DiagnosticId& id, std::string message, std::string help = {}) {
    const base::SourceFile& kept = kept_.emplace_back(file_.name(), std::string(line_), number_);
    const auto begin = static_cast<std::uint32_t>(at.data() - line_.data());
    diagnostics_.add(id, {&kept, begin, begin + static_cast<std::uint32_t>(at.size())}, std::move(message),
                     std::move(help));
  }

  // "[pid 12] ", "12 ", times (12:30:01.5, 1700000000.123456, "+0.000123", "     0.000123") and "[00007f…] ".
  std::string_view take_prefix(std::string_view text, std::uint64_t& process, std::uint64_t& address) {
    bool any = false;
    for (;;) {
      text = text.substr(std::min(text.find_first_not_of(" \t\r"), text.size()));
      if (text.starts_with("[")) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return text;
        const std::string_view inside = base::trim(text.substr(1, end - 1));
        if (inside.starts_with("pid"))
          process = base::parse_u64(base::trim(inside.substr(3))).value_or(process);
        else
          address = base::parse_u64(fmt::format("0x{}", inside)).value_or(0);
        text = text.substr(end + 1);
        continue;
      }
      if (text.starts_with("++")) return text;
      const std::size_t end = std::min(text.find_first_not_of("0123456789:.+"), text.size());
      if (end == 0 || (end < text.size() && text[end] != ' ')) return text;
      const std::string_view word = text.substr(0, end);
      // The first plain number is the process; every other is a time.
      if (!any && std::all_of(word.begin(), word.end(), is_digit)) process = base::parse_u64(word).value_or(process);
      any = true;
      text = text.substr(end);
    }
  }

  void read_line(std::string_view line) {
    std::uint64_t process = 0, address = 0;
    if (line.starts_with("strace: ")) return remark(line);
    if (base::trim(line).empty()) return;
    if (base::trim(line).starts_with("> ")) return tell(last_task_, base::trim(line));  // -k: a frame of a stack
    const std::string_view text = base::trim(take_prefix(line, process, address));
    if (text.starts_with("---") || text.starts_with("+++")) return tell(process, text);
    if (text.empty() || text.starts_with("\?\?\?(")) return;
    if (text.starts_with("strace: ")) return remark(text);
    if (text.starts_with("<... ")) return resume(text, process);
    const auto bracket = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_word) - text.begin());
    if (bracket == 0 || bracket >= text.size() || text[bracket] != '(')
      return wrong(text, kBadTraceLine, "this is no line of strace",
                   "a call is `name(arguments) = result`; a recording of another kind is JSON Lines");
    Begun begun{std::string(text.substr(0, bracket)), {}, address, number_};
    std::string_view rest = text.substr(bracket + 1);
    constexpr std::string_view kUnfinished = "<unfinished ...>";
    if (const std::size_t cut = rest.rfind(kUnfinished); cut != std::string_view::npos) {
      begun.arguments = rest.substr(0, cut);
      pending_.insert_or_assign(process, std::move(begun));
      return;
    }
    begun.arguments = rest;
    finish(process, begun);
  }

  void tell(std::uint64_t task, std::string_view text) {
    // A call that the signal or the end cut short comes first.
    if (const auto begun = pending_.find(task); text.starts_with("+++") && begun != pending_.end()) {
      const Begun whole = std::move(begun->second);
      pending_.erase(begun);
      finish(task, whole);
    }
    if (sink_.remark) sink_.remark(task, text);
  }

  void resume(std::string_view text, std::uint64_t process) {
    const auto begun = pending_.find(process);
    const std::size_t end = text.find("resumed>");
    if (end == std::string_view::npos) return wrong(text, kBadTraceLine, "'<... ' without 'resumed>'");
    if (begun == pending_.end()) return;  // begun before the trace did
    begun->second.arguments += text.substr(end + 8);
    const Begun whole = std::move(begun->second);
    pending_.erase(begun);
    finish(process, whole);
  }

  // "strace: [ Process PID=4 runs in 32 bit mode. ]"
  void remark(std::string_view text) {
    if (text.find("32 bit mode") != std::string_view::npos) arch_ = arch::Arch::x86;
    if (text.find("64 bit mode") != std::string_view::npos) arch_ = arch::Arch::x86_64;
    if (text.find("x32 mode") != std::string_view::npos) arch_ = arch::Arch::x32;
  }

  void finish(std::uint64_t process, const Begun& begun) {
    const auto nr = arch::number(arch_, begun.name);
    if (!nr) {
      if (unknown_.insert(begun.name).second)
        wrong(line_, kUnknownCall,
              fmt::format("{} has no call '{}'", arch::info(arch_).name, base::printable(begun.name)),
              syntax::suggestion(arch::suggest_name(begun.name)));
      return;
    }
    const Parts parts = split_arguments(begun.arguments);
    Event event;
    event.address = begun.address;
    event.call = {arch::info(arch_).audit, *nr, {}};
    set_arguments(parts.arguments, event);
    event.succeeded = !parts.result.starts_with("-1");
    event.shown = std::string_view(begun.arguments).substr(0, shown_bytes(begun.arguments, parts));
    event.result = parts.result;
    event.line = begun.line;
    event.task = last_task_ = process;
    place(event, process);
    sink_.call(event);
    after(event, begun.name, begun.arguments, parts);
  }

  // What stands before the closing bracket.
  static std::size_t shown_bytes(const std::string& text, const Parts& parts) {
    if (parts.arguments.empty()) return 0;
    const std::string_view last = parts.arguments.back();
    return static_cast<std::size_t>(last.data() + last.size() - text.data());
  }

  // The process of a task, and that one's parent. A child may speak before its parent's call has returned: then the
  // parent is whoever is about to make one.
  void place(Event& event, std::uint64_t task) {
    if (seen_.insert(task).second && !parents_.contains(task) && !threads_.contains(task))
      for (const auto& [other, begun] : pending_)
        if (other != task && makes_task(begun.name)) {
          born(task, threads_.contains(other) ? threads_[other] : other, begun.arguments);
          break;
        }
    const auto group = threads_.find(task);
    event.process = group != threads_.end() ? group->second : task;
    if (const auto parent = parents_.find(event.process); parent != parents_.end()) event.parent = parent->second;
  }

  static bool makes_task(std::string_view name) {
    return name == "clone" || name == "clone3" || name == "fork" || name == "vfork";
  }

  void born(std::uint64_t task, std::uint64_t parent, std::string_view arguments) {
    (arguments.find("CLONE_THREAD") != std::string_view::npos ? threads_ : parents_)[task] = parent;
  }

  void after(const Event& event, std::string_view name, std::string_view arguments, const Parts& parts) {
    if (!event.succeeded) return;
    if (name == "execve" && !parts.arguments.empty() && parts.result.starts_with('0')) {
      std::string_view path = parts.arguments[0];
      if (path.size() >= 2 && path.front() == '"') path = path.substr(1, path.size() - 2);
      sink_.executed(event.process, std::string(path.substr(path.rfind('/') + 1)));
    }
    if (makes_task(name))
      if (const auto child = base::parse_u64(parts.result.substr(0, parts.result.find(' '))))
        born(*child, event.process, arguments);
  }

  const base::SourceFile& file_;
  const Sink& sink_;
  KeptLines& kept_;
  base::Diagnostics& diagnostics_;
  std::string_view line_;
  std::uint32_t number_ = 0;
  std::uint64_t last_task_ = 0;  // whose call was the last
  arch::Arch arch_ = arch::Arch::x86_64;
  std::map<std::uint64_t, Begun> pending_;
  std::map<std::uint64_t, std::uint64_t> parents_, threads_;  // of a task: its parent, or its process
  std::set<std::uint64_t> seen_;
  std::set<std::string, std::less<>> unknown_;
};

}  // namespace

void read_strace(const base::SourceFile& file, const Sink& sink, KeptLines& kept, base::Diagnostics& diagnostics) {
  Reader(file, sink, kept, diagnostics).read();
}

}  // namespace callgate::preflight
