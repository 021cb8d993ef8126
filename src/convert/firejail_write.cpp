// Profiles written as the seccomp lines of a firejail profile. It knows no arguments: a call whose answer depends on
// them gets the most restrictive of its answers. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "arch/prototype.h"
#include "base/text.h"
#include "convert/call_lists.h"
#include "convert/firejail.h"
#include "convert/tables.h"
#include "convert/text_write.h"

namespace callgate::convert {

namespace {

using arch::Arch;
using policy::Action;
using policy::ActionKind;

// Stricter than policy::grants: a tracer or a supervisor is not asked.
bool is_made(Action action) {
  return action.kind >= ActionKind::log;
}

// firejail refuses with an error or by killing the thread.
Action as_refusal(Action action) {
  return action.kind == ActionKind::errno_ && !arch::errno_name(action.data).empty() ? action : policy::kKillThread;
}

std::string refusal_text(Action action) {
  if (action.kind == ActionKind::log) return "log";
  return action.kind == ActionKind::errno_ ? std::string(arch::errno_name(action.data)) : "kill";
}

class Writer {
 public:
  Writer(const Outline& outline, const ArchOutline& native) : outline_(outline), native_(native) {}

  std::string run() {
    const Actions actions = actions_of(native_);
    const bool logs = native_.fallback.kind == ActionKind::log;
    const bool keeps = !is_made(native_.fallback) || logs;
    error_ = logs ? native_.fallback : keeps ? as_refusal(native_.fallback) : most_common_refusal(actions);
    std::string out = head_comments(outline_.comments, "#");
    const ArchOutline* const second = second_architecture(keeps);
    if (second == nullptr && !others_are_free()) out += "seccomp.block-secondary\n";
    if (error_ != policy::make_errno(1)) out += fmt::format("seccomp-error-action {}\n", refusal_text(error_));
    out += keeps ? keep_list("seccomp.keep", actions) : drop_list("seccomp.drop", actions);
    if (second == nullptr) return out;
    const Actions others = actions_of(*second);
    return out + (keeps ? keep_list("seccomp.32.keep", others) : drop_list("seccomp.32.drop", others));
  }

 private:
  using Actions = std::map<std::string, Action>;

  // On x86_64, i386's calls can have a list of their own, of the same kind.
  const ArchOutline* second_architecture(bool keeps) const {
    if (native_.arch != Arch::x86_64 || outline_.other != policy::kAllow) return nullptr;
    const ArchOutline* const second = outline_.find(Arch::x86);
    return second != nullptr && keeps == !is_made(second->fallback) ? second : nullptr;
  }

  // Whether calls of all other architectures may pass; firejail refuses x32's in any case.
  bool others_are_free() const {
    return outline_.other == policy::kAllow &&
           std::all_of(outline_.archs.begin(), outline_.archs.end(), [&](const ArchOutline& each) {
             return each.arch == native_.arch || each.arch == Arch::x32 ||
                    (each.fallback == policy::kAllow && each.groups.empty() && !each.beyond);
           });
  }

  static Actions actions_of(const ArchOutline& outline) {
    Actions out;
    for (const Group& group : outline.groups)
      for (const std::string_view call : group.calls) out[std::string(call)] = strictest(group.decision);
    if (outline.beyond)
      for (const std::string_view call : outline.beyond->calls) out[std::string(call)] = outline.beyond->action;
    for (const std::string_view call : outline.fallback_calls) out[std::string(call)] = outline.fallback;
    add_numbers(outline, out);
    return out;
  }

  // Few numbers without a name are written as $number.
  static void add_numbers(const ArchOutline& outline, Actions& out) {
    constexpr policy::SyscallNr kMost = 16;
    for (const Unnamed& range : outline.unnamed)
      if (range.last - range.first < kMost && range.last < arch::kX32Bit)
        for (policy::SyscallNr nr = range.first; nr <= range.last; ++nr)
          out[fmt::format("${}", nr)] = strictest(range.decision);
  }

  // Where nothing is refused, what is logged can be.
  static Action most_common_refusal(const Actions& actions) {
    std::map<Action, std::size_t> votes;
    for (const auto& [call, action] : actions)
      if (!is_made(action)) ++votes[as_refusal(action)];
    const auto most =
        std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most != votes.end()) return most->first;
    const bool logs = std::any_of(actions.begin(), actions.end(),
                                  [](const auto& each) { return each.second.kind == ActionKind::log; });
    return logs ? Action{ActionKind::log, 0} : policy::make_errno(1);
  }

  static void add(std::string& list, std::string_view entry) {
    if (!list.empty()) list += ',';
    list += entry;
  }

  std::string keep_list(std::string_view key, const Actions& actions) const {
    const auto kept = group_calls(GroupTable::firejail, "@default-keep").value_or(std::vector<std::string_view>{});
    std::string list;
    for (const auto& [call, action] : actions) {
      const bool always = std::binary_search(kept.begin(), kept.end(), call);
      if (action == policy::kAllow) {
        if (!always) add(list, call);
      } else if (is_made(action) || as_refusal(action) == error_) {
        if (always) add(list, "!" + call);
      } else {
        add(list, fmt::format("{}:{}", call, refusal_text(as_refusal(action))));
      }
    }
    return fmt::format("{} {}\n", key, list.empty() ? "@default-keep" : list);
  }

  std::string drop_list(std::string_view key, const Actions& actions) const {
    std::string list;
    for (const auto& [call, action] : actions) {
      if (is_made(action) && action != error_) continue;
      const Action answer = is_made(action) ? action : as_refusal(action);
      add(list, answer == error_ ? call : fmt::format("{}:{}", call, refusal_text(answer)));
    }
    // An empty list is none; this one refuses nothing.
    return fmt::format("{} {}\n", key, list.empty() ? "!read" : list);
  }

  const Outline& outline_;
  const ArchOutline& native_;
  Action error_;
};

base::Result<Written> write_firejail(const Source& source, const WriteOptions& options) {
  const ArchOutline* outline = source.outline.find(options.native);
  if (outline == nullptr)
    return base::fail(base::ErrorCode::unsupported,
                      fmt::format("the profile says nothing of {}", arch::info(options.native).name));
  return Written{Writer(source.outline, *outline).run(), std::nullopt};
}

// A line that is a seccomp setting.
bool is_firejail(std::string_view text) {
  for (std::string_view line : base::split(text, '\n')) {
    line = base::trim(line);
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    for (const std::string_view setting : {"seccomp", "seccomp.drop", "seccomp.keep", "seccomp.32", "seccomp.32.drop",
                                           "seccomp.32.keep", "seccomp.block-secondary", "seccomp-error-action"})
      if (word == setting) return true;
  }
  return false;
}

std::string_view why(int loss) {
  switch (loss) {
    case 1301:
    case 1302:
      return "firejail lets calls of other architectures through, or refuses them all (seccomp.block-secondary)";
    case 1303:
      return "firejail refuses x32 calls";
    case 1304:
    case 1305:
      return "a firejail profile names calls; numbers without a name get its default";
    case 1306:
      return "a firejail profile knows no arguments; the call gets the most restrictive of its answers, and "
             "seccomp.block-secondary restricts personality(2)";
    case 1307:
    case 1308:
      return "firejail answers with an error, kills the thread or allows; it logs all that it refuses, or nothing";
    default:
      return {};
  }
}

}  // namespace

constinit const Format kFirejail{"firejail",    "firejail profile", ".profile", false,       is_firejail,
                                 read_firejail, write_firejail,     why,        std::nullopt};

}  // namespace callgate::convert
