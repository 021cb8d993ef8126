// Profiles written as the seccomp lines of a firejail profile, for the release that reads them (firejail_tables.h). It
// knows no arguments: a call whose answer depends on them gets the most restrictive of its answers. What the release
// does not know by name is written as a number, and in a list that drops with its error, without which numbers do not
// count. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "arch/prototype.h"
#include "base/text.h"
#include "convert/call_lists.h"
#include "convert/firejail.h"
#include "convert/firejail_lines.h"
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
  // `alone`: no call of a list that drops is answered with the profile's error, but each with its own. firejail joins
  // the refusals with the profile's error, of which there cannot be too many (CG1272).
  Writer(const Outline& outline, const ArchOutline& native, FirejailRelease release, bool alone)
      : outline_(outline), native_(native), release_(release), alone_(alone) {
    own_ = firejail_group(release, native.arch, "@default-keep").value_or(std::vector<std::string_view>{});
  }

  std::string run() {
    const Actions actions = actions_of(native_);
    const bool logs = native_.fallback.kind == ActionKind::log;
    const bool keeps = !is_made(native_.fallback) || logs;
    error_ = logs ? native_.fallback : keeps ? as_refusal(native_.fallback) : refusal_of(actions);
    std::string out = head_comments(outline_.comments, "#");
    const ArchOutline* const second = keeps ? nullptr : second_architecture();
    blocks_ = second == nullptr && !others_are_free();
    if (blocks_) out += "seccomp.block-secondary\n";
    // firejail answers other architectures with this error only where it builds that filter itself, as it does for a
    // 32-bit list; that one then has no call left to decide.
    if (blocks_ && keeps && native_.arch == Arch::x86_64 && error_ != policy::make_errno(1))
      out += "seccomp.32 !write\n";
    if (error_ != policy::make_errno(1)) out += fmt::format("seccomp-error-action {}\n", refusal_text(error_));
    out += keeps ? keep_list(actions) : drop_list("seccomp.drop", native_.arch, actions);
    return second == nullptr ? out : out + drop_list("seccomp.32.drop", second->arch, actions_of(*second));
  }

 private:
  using Actions = std::map<std::string, Action>;

  // On x86_64, i386's calls can have a list of their own beside one that drops. Beside one that keeps they cannot:
  // firejail makes x86_64's filter of seccomp.32.keep.
  const ArchOutline* second_architecture() const {
    if (native_.arch != Arch::x86_64 || outline_.other != policy::kAllow) return nullptr;
    const ArchOutline* const second = outline_.find(Arch::x86);
    return second != nullptr && is_made(second->fallback) ? second : nullptr;
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

  Action refusal_of(const Actions& actions) const {
    if (!alone_) return most_common_refusal(actions);
    Action unused = policy::make_errno(1);
    const auto is_used = [&](const auto& each) { return as_refusal(each.second) == unused; };
    while (arch::errno_name(unused.data).empty() || std::any_of(actions.begin(), actions.end(), is_used)) ++unused.data;
    return unused;
  }

  static void add(std::string& list, std::string_view entry) {
    if (!list.empty()) list += ',';
    list += entry;
  }

  bool is_own(std::string_view call) const { return std::find(own_.begin(), own_.end(), call) != own_.end(); }

  // Without execve firejail starts no program, and without prctl it cannot load the filter that blocks other
  // architectures after this one.
  bool is_needed(std::string_view call) const { return call == "execve" || (blocks_ && call == "prctl"); }

  // As the release knows it.
  std::string spelt(Arch arch, const std::string& call) const {
    if (call.starts_with('$') || firejail_number(release_, arch, call)) return call;
    const auto nr = arch::number(arch, call);
    return nr ? fmt::format("${}", *nr) : call;
  }

  std::string keep_list(const Actions& actions) const {
    std::string list;
    for (const auto& [call, action] : actions) {
      const std::string name = spelt(native_.arch, call);
      if (is_needed(call)) continue;
      if (action == policy::kAllow) {
        if (!is_own(call)) add(list, name);
      } else if (is_made(action) || as_refusal(action) == error_) {
        if (is_own(call)) add(list, "!" + name);
      } else {
        add(list, fmt::format("{}:{}", name, refusal_text(as_refusal(action))));
      }
    }
    return fmt::format("seccomp.keep {}\n", list.empty() ? "@default-keep" : list);
  }

  // firejail needs some calls to start a program: it drops those of its own machine later, with its one error, and
  // those of i386 only where they have an error of their own.
  std::string drop_list(std::string_view key, Arch arch, const Actions& actions) const {
    std::string list;
    for (const auto& [call, action] : actions) {
      if (is_made(action) && action != error_) continue;
      const Action answer = is_made(action) ? action : as_refusal(action);
      const std::string name = spelt(arch, call);
      const bool named = !name.starts_with('$');
      const bool plain = is_own(call) ? arch == native_.arch : answer == error_;
      // There is no "call:log".
      const bool bare = answer.kind == ActionKind::log || (named && plain);
      add(list, bare ? name : fmt::format("{}:{}", name, refusal_text(answer)));
    }
    // An empty list is none; this one refuses nothing, on any architecture: number 0 has no exception.
    return fmt::format("{} {}\n", key, list.empty() ? "!write" : list);
  }

  const Outline& outline_;
  const ArchOutline& native_;
  FirejailRelease release_;
  std::vector<std::string_view> own_;
  Action error_;
  bool alone_, blocks_ = false;
};

// The one that a comment names, or the oldest one.
base::Result<FirejailRelease> release_of(const Comments& comments, Arch machine) {
  const auto first = firejail_release_for(machine);
  if (!first)
    return base::fail(base::ErrorCode::unsupported,
                      fmt::format("no firejail knows the calls of {}", arch::info(machine).name));
  FirejailRelease release = *first;
  for (const std::string& line : comments.file)
    if (const auto named = named_firejail_release(line)) release = find_firejail_release(*named).value_or(*first);
  return release;
}

base::Result<Written> write_firejail(const Source& source, const WriteOptions& options) {
  const ArchOutline* outline = source.outline.find(options.native);
  if (outline == nullptr)
    return base::fail(base::ErrorCode::unsupported,
                      fmt::format("the profile says nothing of {}", arch::info(options.native).name));
  CALLGATE_TRY(const FirejailRelease release, release_of(source.outline.comments, outline->arch));
  ReadContext context;
  context.options.native = outline->arch;
  std::string problem;
  for (const bool alone : {false, true}) {
    Written out{Writer(source.outline, *outline, release, alone).run(), std::nullopt};
    // Not every list is one that firejail can keep to.
    const base::SourceFile file("<firejail>", out.text);
    base::Diagnostics findings;
    if (read_firejail(file, context, findings)) return out;
    const auto error = std::find_if(findings.items().begin(), findings.items().end(), [](const base::Diagnostic& each) {
      return each.severity == base::Severity::error;
    });
    problem = error->message;
  }
  return base::fail(base::ErrorCode::unsupported, problem);
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
      return "firejail lets calls of other architectures through, or refuses them all (seccomp.block-secondary); only "
             "beside calls that are dropped it has a list for i386";
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
      return "firejail answers with an error, kills the thread or allows; it logs all that it refuses, or nothing; a "
             "list "
             "that keeps calls keeps execve, and prctl beside seccomp.block-secondary: firejail needs them";
    default:
      return {};
  }
}

}  // namespace

constinit const Format kFirejail{"firejail",    "firejail profile", ".profile", false,       is_firejail,
                                 read_firejail, write_firejail,     why,        std::nullopt};

}  // namespace callgate::convert
