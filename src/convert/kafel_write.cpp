// Policies written for kafel. Where a comparison looks at whole arguments, the rule names its arguments itself, which
// kafel then compares whole; where it looks at low halves alone and kafel thinks the arguments 32 bits wide, they have
// kafel's own names. Constants get their names by #define.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/text.h"
#include "convert/kafel.h"
#include "convert/tables.h"
#include "convert/text_write.h"

namespace callgate::convert {

namespace {

using policy::Action;
using policy::ActionKind;
using policy::Condition;
using policy::Op;

constexpr std::uint64_t kLow = 0xffffffff;
constexpr policy::SyscallNr kMostUnnamed = 64;  // numbers of one run that are written one by one

std::string action_text(Action action) {
  switch (action.kind) {
    case ActionKind::kill_process:
      return "KILL_PROCESS";
    case ActionKind::kill_thread:
      return "KILL";
    case ActionKind::trap:
      return fmt::format("TRAP({})", action.data);
    case ActionKind::errno_:
      return fmt::format("ERRNO({})", action.data);
    case ActionKind::notify:
      return "USER_NOTIF";
    case ActionKind::trace:
      return fmt::format("TRACE({})", action.data);
    case ActionKind::log:
      return "LOG";
    case ActionKind::allow:
      return "ALLOW";
  }
  return "KILL";
}

// What kafel's lexer takes for a name.
bool is_identifier(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || c == '_' || (c >= '0' && c <= '9'); });
}

struct Block {
  Action action;
  std::vector<std::string> rules;
};

class Writer {
 public:
  Writer(const Outline& outline, const ArchOutline& native, std::string_view name)
      : outline_(outline), native_(native), name_(is_identifier(name) ? name : "callgate") {}

  std::string run() {
    for (const Group& group : native_.groups)
      for (const std::string_view call : group.calls)
        if (const auto nr = arch::number(native_.arch, call)) add(*nr, call, group);
    if (native_.beyond)
      for (const std::string_view call : native_.beyond->calls)
        if (const auto nr = arch::number(native_.arch, call)) add(*nr, call, {{}, {{}, native_.beyond->action}, {}});
    add_unnamed(native_);
    // x32's numbers are x86_64's with bit 30; kafel has no names for them, and one default for both.
    const ArchOutline* x32 = native_.arch == arch::Arch::x86_64 ? outline_.find(arch::Arch::x32) : nullptr;
    if (x32 != nullptr && x32->fallback == native_.fallback) {
      for (const Group& group : x32->groups)
        for (const std::string_view call : group.calls)
          if (const auto nr = arch::number(arch::Arch::x32, call)) add(*nr, {}, group);
      add_unnamed(*x32);
    }
    return text();
  }

 private:
  void add_unnamed(const ArchOutline& outline) {
    for (const Unnamed& range : outline.unnamed) {
      if (range.last - range.first >= kMostUnnamed) continue;
      for (policy::SyscallNr nr = range.first;; ++nr) {
        add(nr, {}, {{}, range.decision, {}});
        if (nr == range.last) break;
      }
    }
  }

  void add(policy::SyscallNr nr, std::string_view call, const Group& group) {
    const KafelCall* known = nullptr;
    if (!call.empty()) known = find_kafel_call(native_.arch, call);
    if (known == nullptr || known->nr != nr) known = find_kafel_call(native_.arch, nr);
    if (known != nullptr && !is_identifier(known->name)) known = nullptr;
    std::string comment;
    // A comment of several calls heads a paragraph of their own.
    if (group.calls.empty() || group.calls.front() == call) {
      const bool paragraph = !group.comment.empty() && group.calls.size() > 1;
      if (paragraph || paragraph_ended_) comment = "\n";
      paragraph_ended_ = paragraph;
      if (!group.comment.empty()) comment += fmt::format("    // {}\n", one_line(group.comment));
    }
    std::size_t block = 0;
    for (const Stretch& part : stretches(group.decision)) {
      std::string rule = comment + "    " + conditional(nr, call, known, part.clauses);
      comment.clear();
      block = put(block, part.action, std::move(rule));
    }
    if (group.decision.otherwise == native_.fallback) return;
    put(block, group.decision.otherwise, comment + "    " + plain(nr, call, known));
  }

  // Into the first block of that action from `from` on: rules of one call keep their order. The block after it.
  std::size_t put(std::size_t from, Action action, std::string rule) {
    std::size_t at = from;
    while (at < blocks_.size() && blocks_[at].action != action) ++at;
    if (at == blocks_.size()) blocks_.push_back({action, {}});
    if (blocks_[at].rules.empty() && rule.starts_with('\n')) rule.erase(0, 1);
    blocks_[at].rules.push_back(std::move(rule));
    return at + 1;
  }

  static std::string plain(policy::SyscallNr nr, std::string_view call, const KafelCall* known) {
    if (known != nullptr) return std::string(known->name);
    return call.empty() ? fmt::format("SYSCALL[{:#x}]", nr) : fmt::format("SYSCALL[{}] /* {} */", nr, call);
  }

  // Whether kafel, left to its own idea of the argument's width, compares what the condition says.
  static bool fits(const Condition& c, const std::vector<KafelArgument>& arguments) {
    if (c.arg >= arguments.size() || !is_identifier(arguments[c.arg].name)) return false;
    if (arguments[c.arg].bytes == 8) return true;
    return c.op == Op::masked_eq && c.mask <= kLow;
  }

  std::string conditional(policy::SyscallNr nr, std::string_view call, const KafelCall* known,
                          const std::vector<policy::Clause>& clauses) {
    std::vector<KafelArgument> arguments;
    if (known != nullptr) arguments = kafel_arguments(*known);
    bool own = known != nullptr;
    std::size_t most = 0;
    for (const policy::Clause& clause : clauses)
      for (const Condition& c : clause.conditions) {
        own = own && fits(c, arguments);
        most = std::max<std::size_t>(most, c.arg);
      }
    std::string out = known != nullptr ? std::string(known->name) : fmt::format("SYSCALL[{:#x}]", nr);
    if (!own) {
      out += '(';
      for (std::size_t i = 0; i <= std::max(most, arguments.empty() ? 0 : arguments.size() - 1); ++i) {
        if (i >= arguments.size()) arguments.push_back({});
        if (!is_identifier(arguments[i].name) || arguments[i].name == "define") arguments[i].name = kSpare[i];
        arguments[i].bytes = 8;
        out += fmt::format("{}{}", i == 0 ? "" : ", ", arguments[i].name);
      }
      out += ')';
    }
    out += " {";
    for (std::size_t i = 0; i < clauses.size(); ++i) {
      if (clauses.size() > 1) out += "\n      ";
      if (clauses.size() == 1) out += ' ';
      out += conjunction(call, clauses[i], arguments) + (i + 1 < clauses.size() ? "," : "");
    }
    return out + (clauses.size() > 1 ? "\n    }" : " }");
  }

  std::string conjunction(std::string_view call, const policy::Clause& clause,
                          const std::vector<KafelArgument>& arguments) {
    std::string out;
    for (const Condition& c : clause.conditions) {
      if (!out.empty()) out += " && ";
      const KafelArgument& argument = arguments[c.arg];
      constexpr std::string_view kTexts[] = {"==", "!=", "<", "<=", ">", ">="};
      if (c.op != Op::masked_eq) {
        out +=
            fmt::format("{} {} {}", argument.name, kTexts[static_cast<std::size_t>(c.op)], value(call, c.arg, c.value));
      } else if (argument.bytes == 4 && c.mask == kLow) {
        out += fmt::format("{} == {}", argument.name, value(call, c.arg, c.value));
      } else {
        out += fmt::format("({} & {}) == {}", argument.name, masked(call, c.arg, c.mask), value(call, c.arg, c.value));
      }
    }
    return out;
  }

  std::string masked(std::string_view call, std::uint8_t arg, std::uint64_t mask) {
    const std::string text = value(call, arg, mask);
    return text.find('|') == std::string::npos ? text : fmt::format("({})", text);
  }

  std::string value(std::string_view call, std::uint8_t arg, std::uint64_t value) {
    std::string out;
    for (const NamedPart& part : named_parts(native_.arch, call, arg, value, is_identifier)) {
      constants_[part.name] = part.value;
      out += (out.empty() ? "" : "|") + std::string(part.name);
    }
    return out.empty() ? number_text(value) : out;
  }

  std::string text() const {
    std::string out = head_comments(outline_.comments, "//");
    for (const auto& [name, value] : constants_) out += fmt::format("#define {} {}\n", name, number_text(value));
    if (!constants_.empty()) out += '\n';
    out += fmt::format("POLICY {} {{", name_);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      out += fmt::format("\n  {} {{\n", action_text(blocks_[i].action));
      for (std::size_t k = 0; k < blocks_[i].rules.size(); ++k)
        out += blocks_[i].rules[k] + (k + 1 < blocks_[i].rules.size() ? ",\n" : "\n");
      out += i + 1 < blocks_.size() ? "  }," : "  }";
    }
    return out + fmt::format("\n}}\n\nUSE {}\nDEFAULT {}\n", name_, action_text(native_.fallback));
  }

  static constexpr std::array<std::string_view, 6> kSpare{"arg0", "arg1", "arg2", "arg3", "arg4", "arg5"};
  const Outline& outline_;
  const ArchOutline& native_;
  std::string name_;
  std::vector<Block> blocks_;
  bool paragraph_ended_ = false;
  std::map<std::string_view, std::uint64_t> constants_;
};

std::string_view why(int loss) {
  switch (loss) {
    case 1301:
      return "a kafel policy is compiled for one architecture here; calls of others are killed";
    case 1302:
      return "kafel kills calls of other architectures";
    case 1303:
    case 1304:
    case 1305:
      return "kafel has one default for all numbers of an architecture";
    default:
      return {};
  }
}

}  // namespace

base::Result<Written> write_kafel(const Source& source, const WriteOptions& options) {
  const ArchOutline* outline = source.outline.find(options.native);
  if (outline == nullptr)
    return base::fail(base::ErrorCode::unsupported,
                      fmt::format("the profile says nothing of {}", arch::info(options.native).name));
  if (!kafel_has(options.native))
    return base::fail(base::ErrorCode::unsupported,
                      fmt::format("kafel's calls on {} are not known here", arch::info(options.native).name));
  return Written{Writer(source.outline, *outline, options.name).run(), std::nullopt};
}

// The first word that is no comment, include or definition is one of kafel's.
bool is_kafel(std::string_view text) {
  const auto skip_line = [&] { text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1); };
  while (!text.empty()) {
    if (text.front() == ' ' || text.front() == '\t' || text.front() == '\n') {
      text.remove_prefix(1);
    } else if (text.starts_with("//") || text.starts_with("#define ") || text.starts_with("#include \"")) {
      skip_line();
    } else if (text.starts_with("/*")) {
      const std::size_t end = text.find("*/");
      if (end == std::string_view::npos) return false;
      text.remove_prefix(end + 2);
    } else {
      break;
    }
  }
  std::size_t length = 0;
  while (length < text.size() && ((text[length] >= 'A' && text[length] <= 'Z') || text[length] == '_')) ++length;
  const std::string_view word = text.substr(0, length);
  const std::string_view rest = base::trim(text.substr(length));
  if (word == "POLICY" || word == "USE" || word == "DEFAULT")
    return !rest.empty() && rest.front() != ':' && rest.front() != '=';
  for (const std::string_view action : {"ALLOW", "LOG", "KILL", "KILL_PROCESS", "KILL_THREAD", "DENY", "USER_NOTIF"})
    if (word == action) return rest.starts_with('{');
  for (const std::string_view action : {"ERRNO", "TRAP", "TRACE"})
    if (word == action) return rest.starts_with('(');
  return false;
}

constinit const Format kKafel{"kafel",    "kafel policy", ".kafel", false,       is_kafel,
                              read_kafel, write_kafel,    why,      std::nullopt};

}  // namespace callgate::convert
