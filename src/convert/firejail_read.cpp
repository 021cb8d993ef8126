// The seccomp lines of a firejail profile (firejail-profile(5)): calls that are dropped, on top of @default or alone,
// or kept, and the same for 32-bit programs. What firejail makes of them (src/firejail/sandbox.c and seccomp.c) is a
// stack of filters, each mapped from a file: what is written last into a file is what counts, also for the filter that
// was loaded from it before. If the length has changed since, the kernel refuses that one, and firejail goes on
// without. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "convert/diagnostic_ids.h"
#include "convert/firejail.h"
#include "convert/firejail_filters.h"
#include "convert/firejail_lines.h"
#include "convert/hash_comments.h"
#include "policy/algebra.h"
#include "policy/builder.h"
#include "policy/changes.h"

namespace callgate::convert {

namespace {

using arch::Arch;
using policy::Action;
using policy::ActionKind;

constexpr Action kEperm = policy::make_errno(1);

// The filters of one profile, as one release makes them.
class Stack {
 public:
  Stack(const base::SourceFile& file, const FirejailLines& lines, FirejailRelease release, Arch machine,
        base::Diagnostics& diagnostics, Comments& comments)
      : file_(file),
        lines_(lines),
        machine_(machine),
        diagnostics_(diagnostics),
        lists_(release, machine, lines.error, file, diagnostics, comments) {}

  // Newest first; empty if nothing is loaded. seccomp.block-secondary alone brings @default. With errors among the
  // diagnostics it means nothing.
  std::vector<policy::Policy> run() {
    if (lines_.plain.given || lines_.drop.given || lines_.keep.given || lines_.block_secondary) native();
    if (lines_.plain32.given || lines_.drop32.given || lines_.keep32.given) second();
    return installed();
  }

 private:
  // The default filters come ready made, for EPERM and without a list.
  bool ready_made() const { return lines_.plain.list.empty() && lines_.error == kEperm; }

  base::Span span(const FirejailLine& line) const {
    if (line.list.empty()) return {&file_, 0, 0};
    const auto begin = static_cast<std::uint32_t>(line.list.data() - file_.text().data());
    return {&file_, begin, begin + static_cast<std::uint32_t>(line.list.size())};
  }

  std::string_view default_group() const { return lines_.allow_debuggers ? "@default" : "@default-nodebuggers"; }

  // Beside lists that are kept, or dropped alone, the file is taken as it is, with EPERM.
  void block(bool rebuilt) {
    if (rebuilt) block_error_ = lines_.error;
    load(Place::block);
  }

  void native() {
    if (lines_.keep.given && lines_.drop.given)
      diagnostics_.add(kTextIgnored, span(lines_.drop), "firejail disregards seccomp.drop beside seccomp.keep");
    else if ((lines_.keep.given || lines_.drop.given) && !lines_.plain.list.empty())
      diagnostics_.add(kTextIgnored, span(lines_.plain),
                       "firejail disregards this list beside seccomp.keep or seccomp.drop");
    const bool defaults = !lines_.keep.given && !lines_.drop.given;
    if (lines_.block_secondary) {
      block(defaults);
    } else if (defaults && machine_ == Arch::x86_64) {
      second_ = lists_.short_list(lines_.error == kEperm);
      load(Place::second);
    }
    if (lines_.keep.given)
      native_ = lists_.keeping(lines_.keep.list);
    else
      native_ = defaults ? lists_.dropping(machine_, lines_.plain.list, default_group())
                         : lists_.dropping(machine_, lines_.drop.list, {});
    load(Place::native);
  }

  // Only seccomp.drop, itself disregarded beside seccomp.keep or not, decides whether seccomp.32.drop is looked at.
  void second() {
    if (lines_.keep32.given) return keep_second();
    if (machine_ != Arch::x86_64) {
      diagnostics_.add(kTextUnknownArchitecture, span(lines_.plain32.given ? lines_.plain32 : lines_.drop32),
                       "what firejail makes of 32-bit lists is known for x86_64 alone");
      return;
    }
    if (lines_.drop.given) {
      if (!lines_.drop32.given) {
        diagnostics_.add(kRefusedFile, span(lines_.plain32),
                         "firejail does not start with a seccomp.32 list beside seccomp.drop", "use seccomp.32.drop");
        return;
      }
      ignore(lines_.plain32, "firejail disregards seccomp.32 beside seccomp.drop");
      if (lines_.block_secondary) block(false);
      second_ = lists_.dropping(Arch::x86, lines_.drop32.list, {});
    } else {
      ignore(lines_.drop32, "firejail looks at seccomp.32.drop only beside seccomp.drop");
      if (lines_.block_secondary) block(true);
      if (ready_made() && !ready_made_second()) return;
      if (!ready_made()) second_ = lists_.dropping(Arch::x86, lines_.plain32.list, default_group());
    }
    load(Place::second);
  }

  // firejail builds this list with the calls, and for the architecture, of the machine itself.
  void keep_second() {
    ignore(lines_.plain32, "firejail disregards seccomp.32 beside seccomp.32.keep");
    ignore(lines_.drop32, "firejail disregards seccomp.32.drop beside seccomp.32.keep");
    diagnostics_.add(kTextNotSecond, span(lines_.keep32),
                     fmt::format("firejail restricts the calls of {} to this list, and none of 32-bit programs",
                                 arch::info(machine_).name),
                     "seccomp.block-secondary refuses those");
    if (lines_.block_secondary) block(false);
    second_ = lists_.keeping(lines_.keep32.list);
    load(Place::second);
  }

  // The short list for i386 in place of whatever the line says.
  bool ready_made_second() {
    if (lines_.block_secondary) {
      diagnostics_.add(
          kRefusedFile, span(lines_.plain32.given ? lines_.plain32 : lines_.drop32),
          "firejail does not start with a 32-bit list beside seccomp.block-secondary, unless seccomp has a "
          "list or seccomp-error-action is set");
      return false;
    }
    ignore(lines_.plain32,
           "firejail loads its own short list in place of this one, unless seccomp has a list or seccomp-error-action "
           "is set");
    second_ = lists_.short_list(true);
    return true;
  }

  void ignore(const FirejailLine& line, std::string_view why) {
    if (line.given) diagnostics_.add(kTextIgnored, span(line), std::string(why));
  }

  enum class Place { native, second, block };
  struct Loaded {
    Place place;
    std::size_t length;
  };
  std::size_t length(Place place) const {
    return place == Place::native ? native_.length : place == Place::second ? second_.length : 0;
  }
  void load(Place place) { loaded_.push_back({place, length(place)}); }

  policy::Policy content(Place place) const {
    if (place == Place::block) return lists_.blocking(block_error_);
    return place == Place::native ? native_.policy : second_.policy;
  }

  Action answer(const policy::Policy& policy, std::string_view call, std::array<std::uint64_t, 6> arguments) const {
    const auto nr = arch::number(machine_, call);
    return nr ? policy::evaluate(policy, {arch::info(machine_).audit, *nr, arguments}) : policy::kAllow;
  }

  // The last one that was loaded is put in force first, and may refuse prctl(PR_SET_SECCOMP) for the others.
  std::vector<policy::Policy> installed() {
    constexpr std::uint64_t kSetSeccomp = 22, kModeFilter = 2;
    std::vector<policy::Policy> filters;
    if (diagnostics_.has_errors()) return filters;
    bool starts = true;
    std::erase_if(loaded_, [&](const Loaded& each) { return each.length != length(each.place); });
    for (auto each = loaded_.rbegin(); each != loaded_.rend(); ++each) {
      filters.push_back(content(each->place));
      if (answer(filters.back(), "execve", {}).kind < ActionKind::log) starts = false;
      if (each + 1 == loaded_.rend() ||
          answer(filters.back(), "prctl", {kSetSeccomp, kModeFilter}).kind >= ActionKind::log)
        continue;
      diagnostics_.add(kTextOwnCalls, {&file_, 0, 0},
                       "one of the filters refuses prctl, with which firejail would load the others");
      break;
    }
    if (!starts)
      diagnostics_.add(kTextOwnCalls, {&file_, 0, 0}, "the filter refuses execve, with which firejail starts programs");
    if (native_.late) {
      diagnostics_.add(kTextLate, {&file_, 0, 0},
                       "what firejail itself needs is dropped by a library, in dynamically linked programs alone");
      filters.push_back(std::move(*native_.late));
    }
    std::reverse(filters.begin(), filters.end());
    return filters;
  }

  const base::SourceFile& file_;
  const FirejailLines& lines_;
  Arch machine_;
  base::Diagnostics& diagnostics_;
  FirejailLists lists_;
  std::vector<Loaded> loaded_;  // with the length at that time
  FirejailFilter native_, second_;
  Action block_error_ = kEperm;
};

class Reader {
 public:
  Reader(const base::SourceFile& file, const ReadContext& context, base::Diagnostics& diagnostics)
      : file_(file), machine_(context.options.native), diagnostics_(diagnostics) {}

  std::optional<Reading> read() {
    const FirejailLines lines = firejail_lines(file_, diagnostics_);
    if (!lines.any()) diagnostics_.add(kTextNothing, {&file_, 0, 0}, "no seccomp line in the profile");
    const auto first = firejail_release_for(machine_);
    if (!first || lines.release.value_or(*first) < *first)
      diagnostics_.add(kTextUnknownArchitecture, {&file_, 0, 0},
                       first ? fmt::format("firejail knows the calls of {} from {} on", arch::info(machine_).name,
                                           firejail_name(*first))
                             : fmt::format("no firejail knows the calls of {}", arch::info(machine_).name));
    if (diagnostics_.has_errors()) return std::nullopt;
    const FirejailRelease release = lines.release.value_or(*first);
    Reading reading;
    reading.comments.file = head_comments(file_.text());
    const auto whole = policy_of(lines, release, diagnostics_, reading.comments, reading.profile.confined);
    if (!whole) return std::nullopt;
    if (!lines.release) compare(lines, release, *whole);
    reading.profile.policy = *whole;
    reading.states_default = true;
    reading.profile.default_action = lines.keep.given || lines.keep32.given ? lines.error : policy::kAllow;
    reading.profile.architectures = {machine_};
    return reading;
  }

 private:
  std::optional<policy::Policy> policy_of(const FirejailLines& lines, FirejailRelease release,
                                          base::Diagnostics& diagnostics, Comments& comments, bool& confined) const {
    std::vector<policy::Policy> filters = Stack(file_, lines, release, machine_, diagnostics, comments).run();
    if (diagnostics.has_errors()) return std::nullopt;
    confined = !filters.empty();
    if (filters.empty()) {
      policy::Builder nothing(policy::kAllow);
      nothing.arch(arch::info(machine_).audit, policy::kAllow);
      filters.push_back(nothing.finish());
    }
    const auto whole = policy::stack(filters);
    if (whole) return *whole;
    diagnostics.add(kTextTooLarge, {&file_, 0, 0}, whole.error().message);
    return std::nullopt;
  }

  // Whether the newest release makes another filter of it, and of which calls.
  void compare(const FirejailLines& lines, FirejailRelease release, const policy::Policy& whole) {
    const FirejailRelease newest = firejail_releases().back();
    base::Diagnostics unsaid;
    Comments none;
    bool confined = false;
    const auto other = policy_of(lines, newest, unsaid, none, confined);
    if (other && *other == whole) return;
    std::vector<std::string> narrowed, widened;
    for (const policy::Change& change : other ? policy::changes(whole, *other) : std::vector<policy::Change>{}) {
      const policy::RegionChange& region = change.regions.front();
      auto& list = policy::direction(region.before, region.after) == policy::Direction::narrowed ? narrowed : widened;
      for (policy::SyscallNr nr = change.first; nr <= change.last && nr - change.first < kMostNumbers; ++nr)
        add(list, arch::name_of_call(change.audit, nr));
    }
    if (other && narrowed.empty() && widened.empty()) return;
    std::string text = fmt::format("read as firejail {} reads it; {} ", firejail_name(release), firejail_name(newest));
    if (!other) text += "does not take it";
    if (!narrowed.empty()) text += "also refuses " + listed(narrowed);
    if (!narrowed.empty() && !widened.empty()) text += ", and ";
    if (!widened.empty()) text += "lets through " + listed(widened);
    diagnostics_.add(kTextRelease, {&file_, 0, 0}, text,
                     fmt::format("a comment '# callgate:firejail {}' says for which one it is", firejail_name(newest)));
  }

  static void add(std::vector<std::string>& list, std::string_view call) {
    if (!call.empty() && std::find(list.begin(), list.end(), call) == list.end()) list.emplace_back(call);
  }

  static std::string listed(const std::vector<std::string>& calls) {
    constexpr std::size_t kMost = 8;
    std::string out;
    for (std::size_t i = 0; i < std::min(calls.size(), kMost); ++i) out += (i == 0 ? "" : ", ") + calls[i];
    return calls.size() > kMost ? fmt::format("{} and {} more", out, calls.size() - kMost) : out;
  }

  static constexpr policy::SyscallNr kMostNumbers = 1024;
  const base::SourceFile& file_;
  Arch machine_;
  base::Diagnostics& diagnostics_;
};

}  // namespace

std::optional<Reading> read_firejail(const base::SourceFile& file, const ReadContext& context,
                                     base::Diagnostics& diagnostics) {
  base::Diagnostics found;
  auto reading = Reader(file, context, found).read();
  const std::size_t errors = diagnostics.error_count();
  diagnostics.append(found);
  // Warnings may count as errors.
  if (diagnostics.error_count() != errors) return std::nullopt;
  return reading;
}

}  // namespace callgate::convert
