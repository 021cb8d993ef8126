// systemd's SystemCallFilter=, SystemCallErrorNumber=, SystemCallArchitectures= and SystemCallLog= in a unit or
// drop-in, as systemd 252 reads them (systemd.exec(5), src/core/load-fragment.c, src/shared/seccomp-util.c): the first
// SystemCallFilter= decides whether the list allows or denies, later ones add to it or take from it, an empty one
// starts anew; a list that allows has @default in it. Each architecture of the machine gets its own filter; others are
// allowed unless SystemCallArchitectures= kills them. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "arch/prototype.h"
#include "base/text.h"
#include "convert/call_lists.h"
#include "convert/diagnostic_ids.h"
#include "convert/hash_comments.h"
#include "convert/systemd.h"
#include "convert/tables.h"
#include "policy/algebra.h"
#include "syntax/words.h"

namespace callgate::convert {

namespace {

using arch::Arch;
using policy::Action;
using policy::ActionKind;

constexpr policy::SyscallNr kLastNr = 0xffffffff;

// Settings that install filters of their own.
constexpr std::array<std::string_view, 13> kOthers{"MemoryDenyWriteExecute",
                                                   "RestrictAddressFamilies",
                                                   "RestrictNamespaces",
                                                   "RestrictRealtime",
                                                   "RestrictSUIDSGID",
                                                   "LockPersonality",
                                                   "ProtectClock",
                                                   "ProtectKernelLogs",
                                                   "ProtectHostname",
                                                   "PrivateDevices",
                                                   "ProtectKernelModules",
                                                   "ProtectKernelTunables",
                                                   "DynamicUser"};

struct List {
  bool given = false, allows = false;
  std::map<std::string_view, std::optional<Action>> calls;  // nothing: what the list stands for
};

class Reader {
 public:
  Reader(const base::SourceFile& file, const ReadContext& context, base::Diagnostics& diagnostics)
      : file_(file), native_(context.options.native), diagnostics_(diagnostics) {}

  std::optional<Reading> run() {
    const std::size_t errors = diagnostics_.error_count();
    lines();
    if (!any_)
      diagnostics_.add(kTextNothing, {&file_, 0, 0}, "no SystemCallFilter= and the like in the file",
                       "they stand in the section [Service], [Socket], [Mount] or [Swap]");
    if (diagnostics_.error_count() != errors) return std::nullopt;
    return make();
  }

 private:
  struct Word {
    std::string_view text;
    base::Span span;
  };

  base::Span span(std::string_view part) const {
    const auto begin = static_cast<std::uint32_t>(part.data() - file_.text().data());
    return {&file_, begin, begin + static_cast<std::uint32_t>(part.size())};
  }

  // A setting's value is everything up to the first line that does not end in a backslash; comments in between count
  // not.
  void lines() {
    reading_.comments.file = convert::head_comments(file_.text());
    std::string_view rest = file_.text();
    bool relevant = false;
    while (!rest.empty()) {
      const std::string_view raw = take_line(rest);
      const std::string_view line = base::trim(raw);
      if (line.empty() || line.front() == '#' || line.front() == ';') continue;
      if (line.front() == '[') {
        relevant = line == "[Service]" || line == "[Socket]" || line == "[Mount]" || line == "[Swap]";
        continue;
      }
      std::vector<std::string_view> parts{line};
      while (parts.back().ends_with('\\') && !rest.empty()) {
        parts.back().remove_suffix(1);
        std::string_view next = base::trim(take_line(rest));
        while (!rest.empty() && (next.starts_with('#') || next.starts_with(';'))) next = base::trim(take_line(rest));
        parts.push_back(next);
      }
      setting(std::move(parts), relevant);
    }
  }

  static std::string_view take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return line;
  }

  void setting(std::vector<std::string_view> parts, bool relevant) {
    const std::size_t equals = parts.front().find('=');
    if (equals == std::string_view::npos) return;
    const std::string_view key = base::trim(parts.front().substr(0, equals));
    parts.front() = base::trim(parts.front().substr(equals + 1));
    const bool ours = key == "SystemCallFilter" || key == "SystemCallErrorNumber" || key == "SystemCallArchitectures" ||
                      key == "SystemCallLog";
    if (ours && !relevant) {
      diagnostics_.add(kTextIgnored, span(key), fmt::format("{}= stands in no section that takes it", key),
                       "it belongs under [Service]");
      return;
    }
    if (!ours) return other(key, parts.front(), relevant);
    any_ = true;
    if (key == "SystemCallFilter") list(filter_, parts, true);
    if (key == "SystemCallLog") list(log_, parts, false);
    if (key == "SystemCallErrorNumber") error_number(parts.front());
    if (key == "SystemCallArchitectures") architectures(parts);
  }

  void other(std::string_view key, std::string_view value, bool relevant) {
    if (!relevant || std::find(kOthers.begin(), kOthers.end(), key) == kOthers.end()) return;
    for (const std::string_view off : {"", "no", "false", "off", "0", "n", "f"})
      if (base::equals_ignore_case(value, off)) return;
    diagnostics_.add(kTextOtherFilters, span(key), fmt::format("{}= installs a filter that is not read here", key));
  }

  std::vector<Word> words(const std::vector<std::string_view>& parts) const {
    std::vector<Word> out;
    for (std::string_view part : parts) {
      while (true) {
        const std::size_t begin = part.find_first_not_of(" \t\r\\");
        if (begin == std::string_view::npos) break;
        part.remove_prefix(begin);
        const std::string_view word = part.substr(0, part.find_first_of(" \t\r"));
        out.push_back({word, span(word)});
        part.remove_prefix(word.size());
      }
    }
    return out;
  }

  void list(List& list, std::vector<std::string_view> parts, bool with_defaults) {
    const bool inverted = parts.front().starts_with('~');
    const std::string_view comment_at = parts.front();
    if (inverted) parts.front().remove_prefix(1);
    const std::vector<Word> all = words(parts);
    if (all.empty() && !inverted) {
      list = {};
      return;
    }
    if (!list.given) {
      list.given = true;
      list.allows = !inverted;
      if (list.allows && with_defaults) add_group(list, "@default", true, std::nullopt);
    }
    const std::string comment = comment_above(span(comment_at));
    for (const Word& word : all) entry(list, word, inverted, with_defaults, comment);
  }

  void entry(List& list, const Word& word, bool inverted, bool takes_errno, const std::string& comment) {
    const std::size_t colon = takes_errno ? word.text.find(':') : std::string_view::npos;
    const std::string_view name = word.text.substr(0, colon);
    std::optional<Action> action;
    if (colon != std::string_view::npos) {
      action = errno_action(word.text.substr(colon + 1));
      if (!action) {
        diagnostics_.add(kTextUnknownErrno, word.span,
                         fmt::format("unknown error in '{}', which systemd ignores", base::printable(word.text)));
        return;
      }
      if (!inverted) {
        diagnostics_.add(
            kTextIgnored, word.span,
            fmt::format("systemd ignores '{}': a call that is allowed has no error", base::printable(word.text)),
            "errors go with lists that begin with '~'");
        return;
      }
    }
    if (name.starts_with('@')) {
      if (!add_group(list, name, !inverted, action))
        diagnostics_.add(kTextCallSkipped, word.span,
                         fmt::format("unknown group '{}', which systemd ignores", base::printable(name)),
                         syntax::suggestion(closest_systemd_group(name)));
      return;
    }
    const auto id = arch::find_name(name);
    if (!id) {
      diagnostics_.add(kTextCallSkipped, word.span,
                       fmt::format("unknown call '{}', which systemd ignores", base::printable(name)),
                       syntax::suggestion(arch::suggest_name(name)));
      return;
    }
    if (!comment.empty()) reading_.comments.add(name, comment);
    put(list, arch::name(*id), !inverted, action);
  }

  static void put(List& list, std::string_view name, bool wanted, std::optional<Action> action) {
    if (wanted == list.allows) {
      list.calls[name] = action;
    } else {
      list.calls.erase(name);
    }
  }

  static bool add_group(List& list, std::string_view group, bool wanted, std::optional<Action> action) {
    const auto calls = systemd_group(group);
    if (!calls) return false;
    for (const std::string_view call : *calls)
      if (const auto id = arch::find_name(call)) put(list, arch::name(*id), wanted, action);
    return true;
  }

  static std::optional<Action> errno_action(std::string_view text) {
    if (text == "kill") return policy::kKillProcess;
    if (const auto number = arch::errno_number(text)) return policy::make_errno(*number);
    const auto number = base::parse_u64(text);
    if (!number || *number > 4095) return std::nullopt;
    return policy::make_errno(static_cast<std::uint16_t>(*number));
  }

  void error_number(std::string_view value) {
    if (value.empty()) {
      refusal_ = policy::kKillProcess;
    } else if (const auto action = errno_action(value)) {
      refusal_ = *action;
    } else {
      diagnostics_.add(kTextUnknownErrno, span(value),
                       fmt::format("unknown error '{}', which systemd ignores", base::printable(value)));
    }
  }

  void architectures(const std::vector<std::string_view>& parts) {
    const std::vector<Word> all = words(parts);
    if (all.empty()) {
      architectures_.reset();
      return;
    }
    if (!architectures_) architectures_.emplace();
    for (const Word& word : all) {
      const auto found = word.text == "native" ? std::optional(native_) : systemd_architecture(word.text);
      if (found) {
        architectures_->insert(*found);
      } else {
        diagnostics_.add(kTextIgnored, word.span,
                         fmt::format("unknown architecture '{}', which systemd ignores", base::printable(word.text)),
                         "systemd has native, x86-64, x86, x32, arm64, arm, riscv64 and others");
      }
    }
  }

  // One filter for each architecture of the machine.
  policy::Policy filter_of(const List& list, Action listed, Action fallback) const {
    policy::Builder builder(policy::kAllow);
    CallActions actions;
    for (const auto& [name, action] : list.calls)
      actions[name] =
          listed.kind == ActionKind::allow || listed.kind == ActionKind::log ? listed : action.value_or(listed);
    const std::vector<Arch> locals = systemd_local_architectures(native_);
    for (const Arch arch : locals) builder.arch(arch::info(arch).audit, policy::kAllow);
    for (const Arch arch : locals) {
      // x32's filter speaks for every number from bit 30 on, x86_64's for those below (libseccomp, gen_bpf.c).
      const policy::SyscallNr first = arch == Arch::x32 ? arch::kX32Bit : 0;
      const policy::SyscallNr last = arch == Arch::x86_64 ? arch::kX32Bit - 1 : kLastNr;
      add_list(builder, arch, first, last, actions, fallback);
    }
    return builder.finish();
  }

  policy::Policy restriction() const {
    std::set<Arch> allowed = *architectures_;
    allowed.insert(native_);
    if (allowed.contains(Arch::x32)) allowed.insert(Arch::x86_64);
    policy::Builder builder(policy::kKillThread);
    for (const Arch arch : allowed) builder.arch(arch::info(arch).audit, policy::kAllow);
    if (allowed.contains(Arch::x86_64) && !allowed.contains(Arch::x32))
      builder.range(arch::info(Arch::x86_64).audit, arch::kX32Bit, kLastNr - 1, policy::kKillThread);
    return builder.finish();
  }

  std::optional<Reading> make() {
    std::vector<policy::Policy> filters;
    if (filter_.given && (filter_.allows || !filter_.calls.empty()))
      filters.push_back(filter_.allows ? filter_of(filter_, policy::kAllow, refusal_)
                                       : filter_of(filter_, refusal_, policy::kAllow));
    const Action log{ActionKind::log, 0};
    if (log_.given && (log_.allows || !log_.calls.empty()))
      filters.push_back(log_.allows ? filter_of(log_, log, policy::kAllow) : filter_of(log_, policy::kAllow, log));
    if (architectures_) filters.push_back(restriction());
    if (filters.empty()) {
      filters.push_back(filter_of({}, policy::kAllow, policy::kAllow));
      reading_.profile.confined = false;
    }
    const auto whole = policy::stack(filters);
    if (!whole) {
      diagnostics_.add(kTextTooLarge, {&file_, 0, 0}, whole.error().message);
      return std::nullopt;
    }
    reading_.profile.policy = *whole;
    reading_.states_default = true;
    reading_.profile.default_action = filter_.allows ? refusal_ : policy::kAllow;
    reading_.profile.architectures = systemd_local_architectures(native_);
    return std::move(reading_);
  }

  const base::SourceFile& file_;
  Arch native_;
  base::Diagnostics& diagnostics_;
  Reading reading_;
  List filter_, log_;
  Action refusal_ = policy::kKillProcess;
  std::optional<std::set<Arch>> architectures_;
  bool any_ = false;
};

struct ArchName {
  std::string_view name;
  Arch arch;
};
constexpr std::array<ArchName, 22> kArchNames{
    {{"x86", Arch::x86},        {"x86-64", Arch::x86_64},      {"x32", Arch::x32},
     {"arm", Arch::arm},        {"arm64", Arch::aarch64},      {"loongarch64", Arch::loongarch64},
     {"mips", Arch::mips},      {"mips64", Arch::mips64},      {"mips64-n32", Arch::mips64n32},
     {"mips-le", Arch::mipsel}, {"mips64-le", Arch::mipsel64}, {"mips64-le-n32", Arch::mipsel64n32},
     {"parisc", Arch::parisc},  {"parisc64", Arch::parisc64},  {"ppc", Arch::ppc},
     {"ppc64", Arch::ppc64},    {"ppc64-le", Arch::ppc64le},   {"riscv64", Arch::riscv64},
     {"s390", Arch::s390},      {"s390x", Arch::s390x},        {"m68k", Arch::m68k},
     {"sh", Arch::sh}}};

}  // namespace

std::optional<Arch> systemd_architecture(std::string_view name) {
  for (const ArchName& each : kArchNames)
    if (each.name == name) return each.arch;
  return std::nullopt;
}

std::string_view systemd_name(Arch arch) {
  for (const ArchName& each : kArchNames)
    if (each.arch == arch) return each.name;
  return {};
}

std::vector<Arch> systemd_local_architectures(Arch native) {
  const std::vector<Arch> families[] = {
      {Arch::x86, Arch::x32, Arch::x86_64},
      {Arch::arm, Arch::aarch64},
      {Arch::ppc, Arch::ppc64le, Arch::ppc64},
      {Arch::s390, Arch::s390x},
      {Arch::mips, Arch::mipsel, Arch::mips64n32, Arch::mipsel64n32, Arch::mips64, Arch::mipsel64},
      {Arch::parisc, Arch::parisc64}};
  // 32-bit machines have one architecture; mips has both byte orders.
  if (native == Arch::mips || native == Arch::mipsel) return {Arch::mips, Arch::mipsel};
  if (arch::is_64bit(arch::info(native).audit))
    for (const auto& family : families)
      if (std::find(family.begin(), family.end(), native) != family.end()) return family;
  return {native};
}

std::optional<Reading> read_systemd(const base::SourceFile& file, const ReadContext& context,
                                    base::Diagnostics& diagnostics) {
  return Reader(file, context, diagnostics).run();
}

}  // namespace callgate::convert
