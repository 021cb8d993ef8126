// The seccomp lines of a firejail profile (firejail-profile(5), src/fseccomp, src/lib/syscall.c): a list of calls that
// is dropped, on top of @default or alone, or one that is kept; of several lines of one kind the last counts, and keep
// beats drop. Within a list an entry with an error of its own and an exception (!call) come before all others. What
// firejail drops only after its own exec (@default-keep) counts as dropped. Calls of other architectures are let
// through: on x86_64 those of i386 pass a short list of their own, unless seccomp.block-secondary refuses them all.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arch/prototype.h"
#include "base/text.h"
#include "convert/diagnostic_ids.h"
#include "convert/firejail.h"
#include "convert/hash_comments.h"
#include "convert/tables.h"
#include "policy/algebra.h"
#include "policy/builder.h"
#include "syntax/words.h"

namespace callgate::convert {

namespace {

using arch::Arch;
using policy::Action;
using policy::ActionKind;

constexpr policy::SyscallNr kLastNr = 0xffffffff;
constexpr std::array<std::string_view, 3> kOthers{"protocol", "memory-deny-write-execute", "restrict-namespaces"};

// One line's list, and where it stands.
struct Line {
  bool given = false;
  std::string_view list;  // empty: without one
};

class Reader {
 public:
  Reader(const base::SourceFile& file, const ReadContext& context, base::Diagnostics& diagnostics)
      : file_(file), native_(context.options.native), diagnostics_(diagnostics) {}

  std::optional<Reading> run() {
    const std::size_t errors = diagnostics_.error_count();
    reading_.comments.file = convert::head_comments(file_.text());
    std::string_view rest = file_.text();
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      line(base::trim(rest.substr(0, end)));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    if (!any_) diagnostics_.add(kTextNothing, {&file_, 0, 0}, "no seccomp line in the profile");
    if (diagnostics_.error_count() != errors) return std::nullopt;
    return make(errors);
  }

 private:
  base::Span span(std::string_view part) const {
    const auto begin = static_cast<std::uint32_t>(part.data() - file_.text().data());
    return {&file_, begin, begin + static_cast<std::uint32_t>(part.size())};
  }

  void line(std::string_view text) {
    const std::string_view word = text.substr(0, text.find_first_of(" \t"));
    const std::string_view rest = base::trim(text.substr(word.size()));
    if (word == "allow-debuggers") debuggers_ = true;
    for (const std::string_view other : kOthers)
      if (word == other)
        diagnostics_.add(kTextOtherFilters, span(word),
                         fmt::format("'{}' installs a filter that is not read here", word));
    if (word == "seccomp-error-action") return error_action(rest);
    if (word == "seccomp.block-secondary") {
      any_ = block_ = true;
      return;
    }
    const std::pair<std::string_view, Line*> kinds[] = {{"seccomp", &plain_},          {"seccomp.drop", &drop_},
                                                        {"seccomp.keep", &keep_},      {"seccomp.32", &plain32_},
                                                        {"seccomp.32.drop", &drop32_}, {"seccomp.32.keep", &keep32_}};
    for (const auto& [name, line] : kinds) {
      if (word != name) continue;
      any_ = true;
      if (rest.empty() && line != &plain_) {
        diagnostics_.add(kTextSyntax, span(word), fmt::format("'{}' needs a list of calls", word));
        return;
      }
      if (line->given && !line->list.empty())
        diagnostics_.add(kTextIgnored, span(line->list), fmt::format("a later '{}' line replaces this one", word));
      if (!rest.empty() || !line->given) line->list = rest;
      line->given = true;
      return;
    }
    if (word.starts_with("seccomp"))
      diagnostics_.add(kTextSyntax, span(word), fmt::format("unknown setting '{}'", base::printable(word)));
  }

  void error_action(std::string_view word) {
    if (word == "kill") {
      error_ = policy::kKillThread;
    } else if (word == "log") {
      error_ = {ActionKind::log, 0};
    } else if (const auto number = arch::errno_number(upper(word))) {
      error_ = policy::make_errno(*number);
    } else {
      diagnostics_.add(kTextUnknownAction, span(word), fmt::format("unknown error '{}'", base::printable(word)),
                       "an error name, 'kill' or 'log'");
    }
  }

  static std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return out;
  }

  struct Entry {
    policy::SyscallNr nr = 0;
    bool except = false;
    std::optional<Action> action;  // its own
  };

  // The entries of a list in order, groups taken apart.
  std::vector<Entry> entries(std::string_view list, Arch arch) {
    std::vector<Entry> out;
    const auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("_,:@-$!").find(c) != std::string_view::npos;
    };
    if (const auto bad = std::find_if_not(list.begin(), list.end(), allowed); bad != list.end()) {
      const auto at = static_cast<std::size_t>(bad - list.begin());
      diagnostics_.add(kTextSyntax, span(list.substr(at, 1)),
                       fmt::format("unexpected '{}' in a list of calls", base::printable(list.substr(at, 1))),
                       "calls are parted by commas alone");
      return out;
    }
    for (const std::string_view word : base::split(list, ',')) {
      if (word.empty()) continue;
      if (!word.starts_with('@')) {
        entry(word, arch, out);
        continue;
      }
      if (const auto calls = group_calls(GroupTable::firejail, word)) {
        for (const std::string_view call : *calls)
          if (const auto nr = arch::number(arch, call)) out.push_back({*nr, false, std::nullopt});
      } else {
        diagnostics_.add(kTextUnknownGroup, span(word), fmt::format("unknown group '{}'", base::printable(word)),
                         syntax::suggestion(closest_group(GroupTable::firejail, word)));
      }
    }
    return out;
  }

  void entry(std::string_view word, Arch arch, std::vector<Entry>& out) {
    Entry made;
    std::string_view name = word;
    if (name.starts_with('!')) {
      made.except = true;
      name.remove_prefix(1);
    }
    const std::size_t colon = name.find(':');
    const std::string_view error = colon == std::string_view::npos ? std::string_view() : name.substr(colon + 1);
    name = name.substr(0, colon);
    if (name.empty()) {
      diagnostics_.add(kTextSyntax, span(word), fmt::format("'{}' names no call", base::printable(word)));
      return;
    }
    if (error == "kill") {
      made.action = policy::kKillThread;
    } else if (colon != std::string_view::npos) {
      const auto number = arch::errno_number(upper(error));
      if (!number) {
        diagnostics_.add(kTextUnknownErrno, span(word),
                         fmt::format("unknown error in '{}', which firejail skips", base::printable(word)));
        return;
      }
      made.action = policy::make_errno(*number);
    }
    if (name.starts_with('$')) {
      const auto number = base::parse_u64(name.substr(1));
      made.nr = static_cast<policy::SyscallNr>(number.value_or(0));
      if (!number || *number > 0x7fffffff) {
        diagnostics_.add(kTextBadNumber, span(word), fmt::format("'{}' is no call number", base::printable(name)));
        return;
      }
    } else if (const auto nr = arch::number(arch, name)) {
      made.nr = *nr;
      if (!reading_.comments.by_call.contains(name))
        if (const std::string comment = comment_above(span(word)); !comment.empty())
          reading_.comments.add(name, comment);
    } else {
      diagnostics_.add(kTextCallSkipped, span(word),
                       fmt::format("unknown call '{}', which firejail skips", base::printable(name)),
                       arch::find_name(name) ? fmt::format("{} does not have it", arch::info(arch).name)
                                             : syntax::suggestion(arch::suggest_name(name)));
      return;
    }
    out.push_back(made);
  }

  // A filter for one architecture, in which the first rule for a call decides.
  class Filter {
   public:
    Filter(Arch arch, Action error, Action fallback) : arch_(arch), builder_(policy::kAllow) {
      builder_.arch(arch::info(arch).audit, fallback);
      if (arch == Arch::x86_64) builder_.range(arch::info(arch).audit, arch::kX32Bit, kLastNr, error);
    }
    void rule(policy::SyscallNr nr, Action action) {
      if (arch_ == Arch::x86_64 && nr >= arch::kX32Bit) return;
      if (std::find(decided_.begin(), decided_.end(), nr) != decided_.end()) return;
      decided_.push_back(nr);
      builder_.call(arch::info(arch_).audit, nr, action);
    }
    policy::Policy finish() { return builder_.finish(); }

   private:
    Arch arch_;
    policy::Builder builder_;
    std::vector<policy::SyscallNr> decided_;
  };

  policy::Policy dropping(Arch arch, std::string_view list, bool with_default) {
    Filter filter(arch, error_, policy::kAllow);
    const std::vector<Entry> all = entries(list, arch);
    for (const Entry& each : all) {
      if (each.except && !each.action) filter.rule(each.nr, policy::kAllow);
      if (!each.except && each.action) filter.rule(each.nr, *each.action);
    }
    if (with_default)
      for (const Entry& each : entries(debuggers_ ? "@default" : "@default-nodebuggers", arch))
        filter.rule(each.nr, error_);
    for (const Entry& each : all)
      if (!each.except) filter.rule(each.nr, error_);
    return filter.finish();
  }

  policy::Policy keeping(Arch arch, std::string_view list) {
    Filter filter(arch, error_, error_);
    const std::vector<Entry> all = entries(list, arch);
    for (const Entry& each : all) {
      if (each.except && !each.action) filter.rule(each.nr, error_);
      if (!each.except && each.action) filter.rule(each.nr, *each.action);
    }
    for (const Entry& each : entries("@default-keep", arch)) filter.rule(each.nr, policy::kAllow);
    for (const Entry& each : all)
      if (!each.except) filter.rule(each.nr, policy::kAllow);
    return filter.finish();
  }

  policy::Policy blocking() const {
    policy::Builder builder(error_);
    const policy::AuditArch audit = arch::info(native_).audit;
    builder.arch(audit, policy::kAllow);
    if (native_ == Arch::x86_64) builder.range(audit, arch::kX32Bit, kLastNr, error_);
    // personality(2) may be asked for, and set to PER_LINUX.
    if (const auto nr = arch::number(native_, "personality"))
      builder.call(audit, *nr,
                   policy::Decision{{{{{0, policy::Op::eq, 0}}, policy::kAllow},
                                     {{{0, policy::Op::eq, 0xffffffff}}, policy::kAllow}},
                                    error_});
    return builder.finish();
  }

  // x86_64 has i386 beside it; where other machines have one, firejail has no filter for it.
  void second_architecture(std::vector<policy::Policy>& filters) {
    const bool asked = plain32_.given || drop32_.given || keep32_.given;
    if (native_ != Arch::x86_64) {
      if (asked) diagnostics_.add(kTextIgnored, {&file_, 0, 0}, "seccomp.32 lines mean nothing on this machine");
      return;
    }
    if (asked) {
      if (drop32_.given && !drop_.given)
        diagnostics_.add(kTextIgnored, span(drop32_.list),
                         "firejail looks at seccomp.32.drop only beside seccomp.drop");
      if (keep32_.given)
        filters.push_back(keeping(Arch::x86, keep32_.list));
      else if (drop_.given && drop32_.given)
        filters.push_back(dropping(Arch::x86, drop32_.list, false));
      else
        filters.push_back(dropping(Arch::x86, plain32_.list, true));
    }
    // The default filter brings a short list for i386.
    if (!block_ && plain_.given && !keep_.given && !drop_.given) {
      Filter filter(Arch::x86, error_, policy::kAllow);
      const auto listed = group_calls(GroupTable::firejail, "secondary-32");
      for (const std::string_view call : *listed)
        if (const auto nr = arch::number(Arch::x86, call)) filter.rule(*nr, error_);
      filters.push_back(filter.finish());
    }
  }

  std::optional<Reading> make(std::size_t errors) {
    std::vector<policy::Policy> filters;
    const bool native = plain_.given || drop_.given || keep_.given;
    if (keep_.given && drop_.given)
      diagnostics_.add(kTextIgnored, span(drop_.list), "firejail disregards seccomp.drop beside seccomp.keep");
    else if ((keep_.given || drop_.given) && plain_.given && !plain_.list.empty())
      diagnostics_.add(kTextIgnored, span(plain_.list),
                       "firejail disregards this list beside seccomp.keep or seccomp.drop");
    if (keep_.given)
      filters.push_back(keeping(native_, keep_.list));
    else if (drop_.given)
      filters.push_back(dropping(native_, drop_.list, false));
    else if (plain_.given)
      filters.push_back(dropping(native_, plain_.list, true));
    second_architecture(filters);
    if (block_ && native) filters.push_back(blocking());
    if (filters.empty()) {
      policy::Builder nothing(policy::kAllow);
      nothing.arch(arch::info(native_).audit, policy::kAllow);
      filters.push_back(nothing.finish());
      reading_.profile.confined = false;
    }
    if (diagnostics_.error_count() != errors) return std::nullopt;
    const auto whole = policy::stack(filters);
    if (!whole) {
      diagnostics_.add(kTextTooLarge, {&file_, 0, 0}, whole.error().message);
      return std::nullopt;
    }
    reading_.profile.policy = *whole;
    reading_.states_default = true;
    reading_.profile.default_action = keep_.given ? error_ : policy::kAllow;
    reading_.profile.architectures = {native_};
    return std::move(reading_);
  }

  const base::SourceFile& file_;
  Arch native_;
  base::Diagnostics& diagnostics_;
  Reading reading_;
  Line plain_, drop_, keep_, plain32_, drop32_, keep32_;
  bool block_ = false, debuggers_ = false, any_ = false;
  Action error_ = policy::make_errno(1);
};

}  // namespace

std::optional<Reading> read_firejail(const base::SourceFile& file, const ReadContext& context,
                                     base::Diagnostics& diagnostics) {
  return Reader(file, context, diagnostics).run();
}

}  // namespace callgate::convert
