// SPDX-License-Identifier: Apache-2.0
#include "convert/firejail_filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "base/text.h"
#include "convert/diagnostic_ids.h"
#include "convert/firejail_lines.h"
#include "convert/hash_comments.h"
#include "policy/builder.h"
#include "syntax/words.h"

namespace callgate::convert {

namespace {

using arch::Arch;
using policy::Action;

constexpr policy::SyscallNr kLastNr = 0xffffffff;
constexpr std::string_view kOwnCalls = "@default-keep";

// An entry of a list as firejail counts: exceptions have negative numbers, and so !read is none on x86_64.
struct Entry {
  std::int32_t nr = 0;
  std::optional<Action> action;  // its own
  std::string_view word;
  bool excepts() const { return nr < 0; }
  policy::SyscallNr call() const { return static_cast<policy::SyscallNr>(excepts() ? -std::int64_t{nr} : nr); }
  // What a rule with an error compares with: firejail does not take the sign away there.
  policy::SyscallNr raw() const { return static_cast<policy::SyscallNr>(nr); }
};

// The rules of one filter in order; the first one for a call decides.
class Rules {
 public:
  explicit Rules(Arch arch) : arch_(arch) {}

  void add(policy::SyscallNr nr, Action action) { rules_.emplace_back(nr, action); }

  policy::Policy policy(Action error, Action fallback) const {
    policy::Builder builder(policy::kAllow);
    const policy::AuditArch audit = arch::info(arch_).audit;
    const bool x32 = arch_ == Arch::x86_64;
    builder.arch(audit, fallback);
    if (x32) builder.range(audit, arch::kX32Bit, kLastNr, error);
    std::set<policy::SyscallNr> decided;
    for (const auto& [nr, action] : rules_)
      if ((!x32 || nr < arch::kX32Bit) && decided.insert(nr).second) builder.call(audit, nr, action);
    return builder.finish();
  }

  // fsec-optimize, where a filter refuses more than four calls with `error`, joins all that do in one instruction at
  // the end, and jumps there with offsets of eight bits (src/fsec-optimize/optimizer.c). How far it would have to jump
  // from the first of them: more than 255, and it lands elsewhere.
  std::size_t farthest_jump(Action error) const {
    if (!is_joined(error)) return 0;
    std::size_t distance = 0;
    bool any = false;
    for (const auto& rule : rules_) {
      any = any || rule.second == error;
      if (any) distance += rule.second == error ? 1U : 2U;
    }
    return distance;
  }

  // In instructions: the architecture, the number, x32 refused; the rules; what else is answered.
  std::size_t length(Action error, bool optimized) const {
    const std::size_t head = arch_ == Arch::x86_64 ? 7 : 4;
    if (!optimized || !is_joined(error)) return head + 2 * rules_.size() + 1;
    return head + 2 * rules_.size() - count(error) + 2;
  }

 private:
  std::size_t count(Action error) const {
    return static_cast<std::size_t>(
        std::count_if(rules_.begin(), rules_.end(), [&](const auto& rule) { return rule.second == error; }));
  }
  bool is_joined(Action error) const {
    constexpr std::size_t kMostAlone = 4;
    return count(error) > kMostAlone;
  }

  Arch arch_;
  std::vector<std::pair<policy::SyscallNr, Action>> rules_;
};

// The entries of a list in order, groups taken apart.
class ListReader {
 public:
  ListReader(FirejailRelease release, Arch machine, Arch arch, const base::SourceFile& file,
             base::Diagnostics& diagnostics, Comments& comments)
      : release_(release),
        machine_(machine),
        arch_(arch),
        file_(file),
        diagnostics_(diagnostics),
        comments_(comments) {}

  std::vector<Entry> read(std::string_view list) {
    const auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("_,:@-$!").find(c) != std::string_view::npos;
    };
    if (const auto bad = std::find_if_not(list.begin(), list.end(), allowed); bad != list.end()) {
      const std::string_view at = list.substr(static_cast<std::size_t>(bad - list.begin()), 1);
      diagnostics_.add(kTextSyntax, span(at), fmt::format("unexpected '{}' in a list of calls", base::printable(at)),
                       "calls are parted by commas alone");
      return {};
    }
    for (const std::string_view word : base::split(list, ',')) {
      if (word.starts_with('@'))
        group(word);
      else if (!word.empty())
        entry(word);
    }
    return std::exchange(out_, {});
  }

 private:
  base::Span span(std::string_view part) const {
    const auto begin = static_cast<std::uint32_t>(part.data() - file_.text().data());
    return {&file_, begin, begin + static_cast<std::uint32_t>(part.size())};
  }

  void group(std::string_view word) {
    if (const auto calls = firejail_group(release_, machine_, word)) {
      for (const std::string_view call : *calls)
        if (const auto nr = firejail_number(release_, arch_, call))
          out_.push_back({static_cast<std::int32_t>(*nr), std::nullopt, word});
      return;
    }
    std::string help = syntax::suggestion(closest_firejail_group(release_, word));
    for (const FirejailRelease other : firejail_releases())
      if (firejail_group(other, machine_, word)) help = fmt::format("firejail {} has it", firejail_name(other));
    diagnostics_.add(kTextUnknownGroup, span(word),
                     fmt::format("firejail {} has no group '{}'", firejail_name(release_), base::printable(word)),
                     help);
  }

  void entry(std::string_view word) {
    std::string_view name = word;
    const bool except = name.starts_with('!');
    if (except) name.remove_prefix(1);
    const std::size_t colon = name.find(':');
    const std::string_view error = colon == std::string_view::npos ? std::string_view() : name.substr(colon + 1);
    name = name.substr(0, colon);
    if (name.empty()) {
      diagnostics_.add(kTextSyntax, span(word), fmt::format("'{}' names no call", base::printable(word)));
      return;
    }
    Entry made{0, std::nullopt, word};
    if (error == "kill") {
      made.action = policy::kKillThread;
    } else if (colon != std::string_view::npos) {
      made.action = firejail_errno(error);
      if (!made.action) {
        diagnostics_.add(kTextUnknownErrno, span(word),
                         fmt::format("unknown error in '{}', which firejail skips", base::printable(word)));
        return;
      }
    }
    if (const auto nr = number(word, name)) {
      made.nr = except ? -*nr : *nr;
      out_.push_back(made);
    }
  }

  std::optional<std::int32_t> number(std::string_view word, std::string_view name) {
    if (name.starts_with('$')) {
      const auto number = base::parse_u64(name.substr(1));
      // The greatest one is what firejail takes for no call.
      if (number && *number < std::uint64_t{std::numeric_limits<std::int32_t>::max()})
        return static_cast<std::int32_t>(*number);
      diagnostics_.add(kTextBadNumber, span(word), fmt::format("'{}' is no call number", base::printable(name)));
      return std::nullopt;
    }
    if (const auto nr = firejail_number(release_, arch_, name)) {
      if (!comments_.by_call.contains(name))
        if (const std::string comment = comment_above(span(word)); !comment.empty()) comments_.add(name, comment);
      return static_cast<std::int32_t>(*nr);
    }
    std::string help = arch::find_name(name) ? fmt::format("{} does not have it", arch::info(arch_).name)
                                             : syntax::suggestion(arch::suggest_name(name));
    if (const auto nr = arch::number(arch_, name))
      help = fmt::format("firejail {} does not know it; a list that keeps takes ${}, one that drops ${}:EPERM",
                         firejail_name(release_), *nr, *nr);
    diagnostics_.add(kTextCallSkipped, span(word),
                     fmt::format("unknown call '{}', which firejail skips", base::printable(name)), help);
    return std::nullopt;
  }

  FirejailRelease release_;
  Arch machine_, arch_;
  const base::SourceFile& file_;
  base::Diagnostics& diagnostics_;
  Comments& comments_;
  std::vector<Entry> out_;
};

}  // namespace

FirejailFilter FirejailLists::dropping(Arch arch, std::string_view list, std::string_view group) const {
  ListReader reader(release_, machine_, arch, file_, diagnostics_, comments_);
  const std::vector<Entry> all = reader.read(list);
  const auto span = [&](std::string_view part) {
    const auto begin = static_cast<std::uint32_t>(part.data() - file_.text().data());
    return base::Span{&file_, begin, begin + static_cast<std::uint32_t>(part.size())};
  };
  Rules rules(arch), late(arch);
  for (const Entry& each : all) {
    if (each.action && (each.action->kind == policy::ActionKind::errno_ || !each.excepts()))
      rules.add(each.raw(), *each.action);
    else if (!each.action && each.excepts())
      rules.add(each.call(), policy::kAllow);
  }
  for (const Entry& each : reader.read(group)) rules.add(each.raw(), error_);
  std::vector<policy::SyscallNr> own;
  for (const Entry& each : reader.read(kOwnCalls)) own.push_back(each.call());
  bool is_late = false;
  for (const Entry& each : all) {
    // Names stand for numbers from here on, so that numbers without one are lost, and exceptions with them.
    if (each.excepts() || firejail_call(release_, arch, each.call()).empty()) {
      if (!each.excepts() && !each.action)
        diagnostics_.add(kTextCallSkipped, span(each.word),
                         fmt::format("firejail {} has no name for '{}', and skips it", firejail_name(release_),
                                     base::printable(each.word)),
                         fmt::format("with an error of its own it counts: {}:EPERM", each.word));
      continue;
    }
    if (std::find(own.begin(), own.end(), each.call()) == own.end()) {
      rules.add(each.call(), each.action && each.action->kind == policy::ActionKind::errno_ ? *each.action : error_);
    } else if (arch == machine_) {
      is_late = true;
      late.add(each.call(), error_);
    } else {
      diagnostics_.add(
          kTextIgnored, span(each.word),
          fmt::format("firejail never drops '{}' for 32-bit programs", firejail_call(release_, arch, each.call())));
    }
  }
  constexpr std::size_t kFarthest = 255;
  if (const std::size_t jump = rules.farthest_jump(error_); jump > kFarthest)
    diagnostics_.add(
        kTextTooLong, list.empty() ? base::Span{&file_, 0, 0} : span(list),
        fmt::format("firejail's filter for this list needs a jump over {} instructions, of {} at most: calls of it "
                    "slip through",
                    jump, kFarthest),
        "say what is kept: seccomp.keep");
  FirejailFilter out{rules.policy(error_, policy::kAllow), std::nullopt, rules.length(error_, true)};
  if (is_late) out.late = late.policy(error_, policy::kAllow);
  return out;
}

FirejailFilter FirejailLists::keeping(std::string_view list) const {
  ListReader reader(release_, machine_, machine_, file_, diagnostics_, comments_);
  Rules rules(machine_);
  const std::vector<Entry> all = reader.read(list);
  for (const Entry& each : all) {
    if (each.action && (each.action->kind == policy::ActionKind::errno_ || !each.excepts()))
      rules.add(each.raw(), *each.action);
    else if (!each.action && each.excepts())
      rules.add(each.call(), error_);
  }
  for (const Entry& each : reader.read(kOwnCalls)) rules.add(each.call(), policy::kAllow);
  for (const Entry& each : all)
    if (!each.excepts() && !each.action) rules.add(each.call(), policy::kAllow);
  return {rules.policy(error_, error_), std::nullopt, rules.length(error_, false)};
}

FirejailFilter FirejailLists::short_list(bool ready_made) const {
  Rules rules(Arch::x86);
  const Action error = ready_made ? policy::make_errno(1) : error_;
  const auto calls = firejail_group(release_, machine_, "secondary-32");
  for (const std::string_view call : calls.value_or(std::vector<std::string_view>{}))
    if (const auto nr = arch::number(Arch::x86, call)) rules.add(*nr, error);
  return {rules.policy(error, policy::kAllow), std::nullopt, rules.length(error, ready_made)};
}

policy::Policy FirejailLists::blocking(Action error) const {
  policy::Builder builder(error);
  const policy::AuditArch audit = arch::info(machine_).audit;
  builder.arch(audit, policy::kAllow);
  if (machine_ == Arch::x86_64) builder.range(audit, arch::kX32Bit, kLastNr, error);
  // personality(2) may be asked for, and set to PER_LINUX.
  if (const auto nr = arch::number(machine_, "personality"))
    builder.call(
        audit, *nr,
        policy::Decision{
            {{{{0, policy::Op::eq, 0}}, policy::kAllow}, {{{0, policy::Op::eq, 0xffffffff}}, policy::kAllow}}, error});
  return builder.finish();
}

}  // namespace callgate::convert
