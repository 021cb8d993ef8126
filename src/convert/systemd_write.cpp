// Profiles written as a systemd drop-in. It knows no arguments: a call whose answer depends on them gets the most
// restrictive of its answers.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "arch/prototype.h"
#include "base/text.h"
#include "convert/call_lists.h"
#include "convert/systemd.h"
#include "convert/tables.h"
#include "convert/text_write.h"

namespace callgate::convert {

namespace {

using arch::Arch;
using policy::Action;
using policy::ActionKind;

constexpr std::size_t kLineWidth = 100;

bool refuses(Action action) {
  return action.kind == ActionKind::errno_ || action.kind <= ActionKind::trap;
}

// systemd refuses with an error or by killing the process.
Action as_refusal(Action action) {
  return action.kind == ActionKind::errno_ ? action : policy::kKillProcess;
}

std::string refusal_text(Action action) {
  if (action.kind != ActionKind::errno_) return "kill";
  const std::string_view name = arch::errno_name(action.data);
  return name.empty() ? fmt::format("{}", action.data) : std::string(name);
}

class Writer {
 public:
  Writer(const Outline& outline, const ArchOutline& native) : outline_(outline), native_(native) {}

  std::string run() {
    for (const Group& group : native_.groups)
      for (const std::string_view call : group.calls) actions_[call] = strictest(group.decision);
    if (native_.beyond)
      for (const std::string_view call : native_.beyond->calls) actions_[call] = native_.beyond->action;
    for (const std::string_view call : native_.fallback_calls) actions_[call] = native_.fallback;
    add_foreign_calls();
    const bool denies = !refuses(native_.fallback) && native_.fallback.kind >= ActionKind::log;
    refusal_ = denies ? most_common_refusal() : as_refusal(native_.fallback);
    std::string settings = architectures();
    if (refusal_.kind == ActionKind::errno_)
      settings += fmt::format("SystemCallErrorNumber={}\n", refusal_text(refusal_));
    settings += (denies ? deny_list() : allow_list()) + log_list();
    if (settings.empty()) settings = "SystemCallFilter=\n";  // no filter at all
    return convert::head_comments(outline_.comments, "#") + "[Service]\n" + settings;
  }

 private:
  Action most_common_refusal() const {
    std::map<Action, std::size_t> votes;
    for (const auto& [call, action] : actions_)
      if (refuses(action)) ++votes[as_refusal(action)];
    const auto most =
        std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == votes.end() ? policy::kKillProcess : most->first;
  }

  static bool grants_something(const ArchOutline& outline) {
    if (!refuses(outline.fallback) || (outline.beyond && !refuses(outline.beyond->action))) return true;
    return std::any_of(outline.groups.begin(), outline.groups.end(), [](const Group& group) {
      return !refuses(group.decision.otherwise) ||
             std::any_of(group.decision.clauses.begin(), group.decision.clauses.end(),
                         [](const policy::Clause& clause) { return !refuses(clause.action); });
    });
  }

  // Whether an architecture other than the native one is shut out altogether, by SystemCallArchitectures=.
  bool is_dead(const ArchOutline& other) const { return !grants_something(other) && grants_something(native_); }

  // The list is one for all architectures; it also names calls that only the others have.
  void add_foreign_calls() {
    const std::vector<Arch> locals = systemd_local_architectures(native_.arch);
    for (const ArchOutline& other : outline_.archs) {
      if (std::find(locals.begin(), locals.end(), other.arch) == locals.end() || is_dead(other)) continue;
      for (const Group& group : other.groups)
        for (const std::string_view call : group.calls) {
          // What goes through a multiplexer is said by the calls' own names.
          if ((call == "socketcall" || call == "ipc") && !group.decision.is_constant()) continue;
          actions_.try_emplace(call, strictest(group.decision));
        }
      for (const std::string_view call : other.fallback_calls) actions_.try_emplace(call, other.fallback);
    }
  }

  // Left out, calls of other architectures are let through.
  std::string architectures() const {
    const ArchOutline* const x32 = outline_.find(Arch::x32);
    const bool no_x32 = native_.arch == Arch::x86_64 && x32 != nullptr && is_dead(*x32);
    if (outline_.other == policy::kAllow && !no_x32) return {};
    std::string out = "SystemCallArchitectures=native";
    for (const ArchOutline& each : outline_.archs) {
      if (each.arch == native_.arch || systemd_name(each.arch).empty()) continue;
      if (!is_dead(each)) out += fmt::format(" {}", systemd_name(each.arch));
    }
    if (outline_.other == policy::kAllow && outline_.find(Arch::x86) == nullptr) out += " x86";
    return out + "\n";
  }

  // Each line at most kLineWidth wide; calls with a comment have lines of their own below it, each line under it.
  std::string lines(std::string_view key, const std::vector<std::pair<std::string_view, std::string>>& entries) const {
    std::string out, line;
    const auto flush = [&] {
      if (!line.empty()) out += std::string(key) + line + "\n";
      line.clear();
    };
    for (const auto& [call, text] : entries) {
      if (!outline_.comments.of(call).empty()) continue;
      if (key.size() + line.size() + text.size() > kLineWidth) flush();
      line += (line.empty() ? "" : " ") + text;
    }
    flush();
    std::map<std::string, std::vector<std::string_view>> commented;
    for (const auto& [call, text] : entries)
      if (const std::string comment = outline_.comments.of(call); !comment.empty())
        commented[one_line(comment)].push_back(text);
    for (const auto& [comment, texts] : commented) {
      const auto under = [&] {
        if (!line.empty()) out += fmt::format("# {}\n", comment);
        flush();
      };
      for (const std::string_view text : texts) {
        if (key.size() + line.size() + text.size() > kLineWidth) under();
        line += (line.empty() ? "" : " ") + std::string(text);
      }
      under();
    }
    return out;
  }

  std::string allow_list() const {
    const auto defaults = systemd_group("@default").value_or(std::vector<std::string_view>{});
    const auto is_default = [&](std::string_view call) {
      return std::binary_search(defaults.begin(), defaults.end(), call);
    };
    std::vector<std::pair<std::string_view, std::string>> allowed, taken;
    for (const auto& [call, action] : actions_) {
      if (action.kind >= ActionKind::log) {
        if (!is_default(call)) allowed.emplace_back(call, call);
      } else if (is_default(call)) {
        taken.emplace_back(call, call);
      }
    }
    // @default is in every list that allows.
    if (allowed.empty()) allowed.emplace_back("@default", "@default");
    return lines("SystemCallFilter=", allowed) + lines("SystemCallFilter=~", taken);
  }

  std::string deny_list() const {
    std::vector<std::pair<std::string_view, std::string>> denied;
    for (const auto& [call, action] : actions_) {
      if (action.kind >= ActionKind::log) continue;
      const Action answer = as_refusal(action);
      denied.emplace_back(call,
                          answer == refusal_ ? std::string(call) : fmt::format("{}:{}", call, refusal_text(answer)));
    }
    return lines("SystemCallFilter=~", denied);
  }

  std::string log_list() const {
    std::vector<std::pair<std::string_view, std::string>> entries;
    const bool most = native_.fallback.kind == ActionKind::log;
    for (const auto& [call, action] : actions_)
      if (most ? action.kind == ActionKind::allow : action.kind == ActionKind::log) entries.emplace_back(call, call);
    if (most && entries.empty()) return "SystemCallLog=@known\n";
    return lines(most ? "SystemCallLog=~" : "SystemCallLog=", entries);
  }

  const Outline& outline_;
  const ArchOutline& native_;
  std::map<std::string_view, Action> actions_;
  Action refusal_;
};

base::Result<Written> write_systemd(const Source& source, const WriteOptions& options) {
  const ArchOutline* outline = source.outline.find(options.native);
  if (outline == nullptr)
    return base::fail(base::ErrorCode::unsupported,
                      fmt::format("the profile says nothing of {}", arch::info(options.native).name));
  return Written{Writer(source.outline, *outline).run(), std::nullopt};
}

// A line that sets one of systemd's four.
bool is_systemd(std::string_view text) {
  for (std::string_view line : base::split(text, '\n')) {
    line = base::trim(line);
    for (const std::string_view key :
         {"SystemCallFilter", "SystemCallErrorNumber", "SystemCallArchitectures", "SystemCallLog"})
      if (line.starts_with(key) && base::trim(line.substr(key.size())).starts_with('=')) return true;
  }
  return false;
}

std::string_view why(int loss) {
  switch (loss) {
    case 1302:
      return "systemd lets calls of other architectures through, or kills the thread (SystemCallArchitectures=)";
    case 1303:
    case 1301:
      return "systemd has one list of calls for every architecture of the machine";
    case 1304:
    case 1305:
      return "SystemCallFilter= names calls; numbers without a name get its default";
    case 1306:
      return "SystemCallFilter= knows no arguments; the call gets the most restrictive of its answers";
    case 1307:
      return "a list that allows has one error for everything else";
    case 1308:
      return "systemd answers with an error, kills the process, logs or allows";
    default:
      return {};
  }
}

}  // namespace

constinit const Format kSystemd{"systemd",    "systemd drop-in", ".conf", false,       is_systemd,
                                read_systemd, write_systemd,     why,     std::nullopt};

}  // namespace callgate::convert
