// Policies written for minijail. What both of its compilers read alike is written so ("call: 1", "call: condition",
// "call: return errno"); whatever needs more is written for compile_seccomp_policy.py, which alone has braces, @default
// and actions by name. "condition; return errno", which they read differently, is never written.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "arch/prototype.h"
#include "base/text.h"
#include "convert/minijail.h"
#include "convert/tables.h"
#include "convert/text_write.h"

namespace callgate::convert {

namespace {

using policy::Action;
using policy::ActionKind;
using policy::Condition;
using policy::Op;

constexpr std::size_t kLineWidth = 110;

std::string action_text(Action action) {
  switch (action.kind) {
    case ActionKind::kill_process:
      return "kill-process";
    case ActionKind::kill_thread:
      return "kill-thread";
    case ActionKind::trap:
      return "trap";
    case ActionKind::errno_: {
      const std::string_view name = arch::errno_name(action.data);
      return name.empty() ? fmt::format("return {}", action.data) : fmt::format("return {}", name);
    }
    case ActionKind::notify:
      return "user-notify";
    case ActionKind::trace:
      return "trace";
    case ActionKind::log:
      return "log";
    case ActionKind::allow:
      return "allow";
  }
  return "kill";
}

// What @default takes.
bool can_be_default(Action action) {
  return action.kind <= ActionKind::notify && action.kind != ActionKind::errno_;
}

class Writer {
 public:
  Writer(const ArchOutline& outline, const Comments& comments) : outline_(outline), comments_(comments) {}

  std::string run() {
    denylist_ = is_denylist();
    std::string out = head_comments(comments_, "#");
    if (denylist_) {
      out += "@denylist\n";
      default_ = policy::kAllow;
    } else if (can_be_default(outline_.fallback) && outline_.fallback.kind != ActionKind::kill_thread) {
      out += fmt::format("@default {}\n", action_text(outline_.fallback));
      default_ = outline_.fallback;
    }
    // A comment of several calls heads a paragraph of their own.
    bool ended = false;
    for (const Group& group : outline_.groups) {
      const bool paragraph = !group.comment.empty() && group.calls.size() > 1;
      if ((paragraph || ended) && !out.empty() && !out.ends_with("\n\n")) out += '\n';
      ended = paragraph;
      if (!group.comment.empty()) out += fmt::format("# {}\n", one_line(group.comment));
      for (const std::string_view call : group.calls) out += line(call, group.decision);
    }
    if (ended) out += '\n';
    if (outline_.beyond)
      for (const std::string_view call : outline_.beyond->calls) out += line(call, {{}, outline_.beyond->action});
    // A default that minijail has not is said call by call.
    if (outline_.fallback != default_)
      for (const std::string_view call : outline_.fallback_calls) out += line(call, {{}, outline_.fallback});
    return out;
  }

 private:
  // @denylist allows what is not named; it can refuse with an error alone.
  bool is_denylist() const {
    if (outline_.fallback != policy::kAllow) return false;
    const auto sayable = [](Action action) { return action == policy::kAllow || action.kind == ActionKind::errno_; };
    for (const Group& group : outline_.groups) {
      if (!sayable(group.decision.otherwise)) return false;
      for (const policy::Clause& clause : group.decision.clauses)
        if (!sayable(clause.action)) return false;
    }
    return !outline_.beyond;
  }

  std::string line(std::string_view call, const policy::Decision& decision) const {
    if (decision.is_constant()) {
      if (decision.otherwise == default_) return {};
      if (decision.otherwise == policy::kAllow) return fmt::format("{}: 1\n", call);
      return fmt::format("{}: {}\n", call, action_text(decision.otherwise));
    }
    const std::vector<Stretch> parts = stretches(decision);
    const bool simple = parts.size() == 1 && parts[0].action == policy::kAllow && decision.otherwise == default_;
    if (simple) return fmt::format("{}: {}\n", call, expression(call, parts[0].clauses, call.size() + 2));
    std::string out = fmt::format("{}: {{ ", call);
    for (const Stretch& part : parts) {
      out += expression(call, part.clauses, out.size() - out.rfind('\n') - 1);
      if (part.action != policy::kAllow) out += fmt::format("; {}", action_text(part.action));
      out += ", \\\n    ";
    }
    if (decision.otherwise == default_) {
      out.resize(out.size() - std::string_view(", \\\n    ").size());
    } else if (decision.otherwise == policy::kAllow) {
      out += "arg0 >= 0";  // a last "allow" would make the compiler forget the rest
    } else {
      out += action_text(decision.otherwise);
    }
    return out + " }\n";
  }

  std::string expression(std::string_view call, const std::vector<policy::Clause>& clauses, std::size_t column) const {
    std::string out;
    for (const policy::Clause& clause : clauses) {
      const std::string text = conjunction(call, clause);
      if (!out.empty()) {
        out += " ||";
        column += 4;
        if (column + text.size() > kLineWidth) {
          out += " \\\n    ";
          column = 4;
        } else {
          out += ' ';
        }
      }
      out += text;
      column += text.size();
    }
    return out;
  }

  std::string conjunction(std::string_view call, const policy::Clause& clause) const {
    std::string out;
    for (const Condition& condition : clause.conditions)
      for (const std::string& atom : atoms(call, condition)) out += (out.empty() ? "" : " && ") + atom;
    return out;
  }

  std::string value(std::string_view call, std::uint8_t arg, std::uint64_t value) const {
    std::string out;
    for (const NamedPart& part : named_parts(outline_.arch, call, arg, value, minijail_knows))
      out += (out.empty() ? "" : "|") + std::string(part.name);
    return out.empty() ? number_text(value) : out;
  }

  // One condition as atoms that must all hold: bits that are set are said one by one, those that are not by "in".
  std::vector<std::string> atoms(std::string_view call, const Condition& c) const {
    if (c.op != Op::masked_eq) {
      constexpr std::string_view kTexts[] = {"==", "!=", "<", "<=", ">", ">="};
      return {fmt::format("arg{} {} {}", c.arg, kTexts[static_cast<std::size_t>(c.op)], value(call, c.arg, c.value))};
    }
    std::vector<std::string> out;
    const std::uint64_t width = arch::info(outline_.arch).arg_bits == 64 ? ~std::uint64_t{0} : 0xffffffffU;
    const std::uint64_t clear = c.mask & ~c.value & width;
    for (std::uint64_t set = c.mask & c.value & width; set != 0; set &= set - 1)
      out.push_back(fmt::format("arg{} & {}", c.arg, value(call, c.arg, set & -set)));
    if (clear != 0) out.push_back(in_atom(call, c.arg, clear, width));
    // Of a 32-bit word, the upper half is nothing that minijail looks at.
    if (out.empty()) out.push_back(fmt::format("arg{} >= 0", c.arg));
    return out;
  }

  std::string in_atom(std::string_view call, std::uint8_t arg, std::uint64_t clear, std::uint64_t width) const {
    const std::uint64_t allowed = ~clear & width;
    const std::string bits = value(call, arg, allowed);
    // Few bits allowed: "in A|B"; few refused: "in ~C" or "in ~(C|D)".
    if (std::popcount(allowed) <= std::popcount(clear) && allowed != 0) return fmt::format("arg{} in {}", arg, bits);
    const std::string refused = value(call, arg, clear);
    const bool single = refused.find('|') == std::string::npos;
    return fmt::format(fmt::runtime(single ? "arg{} in ~{}" : "arg{} in ~({})"), arg, refused);
  }

  const ArchOutline& outline_;
  const Comments& comments_;
  bool denylist_ = false;
  Action default_ = policy::kKillThread;
};

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view why(int loss) {
  switch (loss) {
    case 1301:
      return "a minijail policy is for one architecture; calls of others are killed";
    case 1302:
    case 1303:
      return "minijail kills what is not of the policy's architecture";
    case 1304:
    case 1305:
      return "a minijail policy names calls, and has one default, which may not be an errno";
    case 1307:
      return "minijail's trap and trace carry no datum";
    default:
      return {};
  }
}

}  // namespace

base::Result<Written> write_minijail(const Source& source, const WriteOptions& options) {
  const ArchOutline* outline = source.outline.find(options.native);
  if (outline == nullptr)
    return base::fail(base::ErrorCode::unsupported,
                      fmt::format("the profile says nothing of {}", arch::info(options.native).name));
  return Written{Writer(*outline, source.outline.comments).run(), std::nullopt};
}

// The first line that is no comment is a directive, or names a call and says something of it.
bool is_minijail(std::string_view text) {
  for (std::string_view line : base::split(text, '\n')) {
    line = base::trim(line);
    if (line.empty() || (line.front() == '#' && !line.starts_with("#define") && !line.starts_with("#include")))
      continue;
    for (const std::string_view directive : {"@include", "@frequency", "@default", "@denylist"})
      if (line.starts_with(directive)) return true;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    std::string_view name = line.substr(0, colon);
    if (name.starts_with('{')) name = base::trim(name.substr(1));
    std::size_t length = 0;
    while (length < name.size() && is_name(name[length])) ++length;
    if (!arch::find_name(name.substr(0, length))) return false;
    // "seccomp ptrace:kill" and "seccomp.drop ptrace:kill" are firejail's.
    const std::string_view behind = base::trim(name.substr(length));
    if (!behind.empty() && std::string_view(",}[").find(behind.front()) == std::string_view::npos) return false;
    const std::string_view rest = base::trim(line.substr(colon + 1));
    for (const std::string_view start :
         {"1", "arg", "return", "allow", "kill", "trap", "trace", "log", "user-notify", "{"})
      if (rest.starts_with(start)) return true;
    return false;
  }
  return false;
}

constinit const Format kMinijail{"minijail",    "minijail policy", ".policy", false,       is_minijail,
                                 read_minijail, write_minijail,    why,       std::nullopt};

}  // namespace callgate::convert
