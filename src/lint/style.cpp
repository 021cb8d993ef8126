// How a profile is written: obsolete and misspelt fields, the default, the list of architectures, actions and flags
// that do something else than most people think.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "base/text.h"
#include "format/fields.h"
#include "lint/ask.h"
#include "lint/subject.h"

namespace callgate::lint {

namespace {

constexpr std::array<std::string_view, 9> kProfileFields{"defaultAction", "defaultErrnoRet", "architectures",
                                                         "flags",         "listenerPath",    "listenerMetadata",
                                                         "syscalls",      "archMap",         "defaultErrno"};
constexpr std::array<std::string_view, 9> kRuleFields{"names",   "action",   "errnoRet", "args", "name",
                                                      "comment", "includes", "excludes", "errno"};
constexpr std::array<std::string_view, 4> kArgFields{"index", "value", "valueTwo", "op"};

class Style {
 public:
  explicit Style(const Subject& subject) : subject_(subject), nodes_(subject.rule_nodes()) {}
  void run();

 private:
  void keys(text::Node object, std::span<const std::string_view> fields, std::string_view where);
  void legacy_names();
  void obsolete_actions();
  void errno_twice(text::Node object, std::string_view name, std::string_view number);
  void allows_by_default();
  void architectures();
  void spec_allow();
  void kill_thread();
  std::optional<policy::Call> call_of(text::Node rule) const;

  const Subject& subject_;
  std::vector<text::Node> nodes_;
};

std::optional<policy::Call> Style::call_of(text::Node rule) const {
  text::Node name = find_field(rule, "name");
  if (const text::Node names = find_field(rule, "names"); !name && names && names.is_array() && names.size() > 0)
    name = *names.begin();
  if (!name || !name.is_string()) return std::nullopt;
  const auto nr = arch::number(subject_.primary, name.text());
  if (!nr) return std::nullopt;
  return policy::Call{arch::info(subject_.primary).audit, *nr, {}};
}

// A field that only case tells from a known one; and keys that no reader knows, where the chosen reader did not look.
void Style::keys(text::Node object, std::span<const std::string_view> fields, std::string_view where) {
  for (const text::Node member : object) {
    const std::string_view key = member.key();
    if (std::find(fields.begin(), fields.end(), key) != fields.end()) continue;
    const auto meant =
        std::find_if(fields.begin(), fields.end(), [&](std::string_view f) { return format::folds_to(key, f); });
    if (meant == fields.end()) continue;
    Finding& made = subject_.add("key-case", member.key_span(),
                                 fmt::format("'{}' in {} is '{}' to Docker, Podman and runc, and unknown to crun",
                                             base::printable(key), where, *meant));
    if (subject_.editable && !object.find(*meant))
      made.fix = Fix{fmt::format("write '{}'", *meant),
                     {{member.key_span().begin, member.key_span().end, fmt::format("\"{}\"", *meant)}}};
  }
}

void Style::legacy_names() {
  std::vector<std::string> calls;
  Finding* made = nullptr;
  Fix fix{"write 'names'", {}};
  for (const text::Node rule : nodes_) {
    const text::Node name = rule.find("name");
    if (!name || !name.is_string() || name.text().empty()) continue;
    if (made == nullptr) {
      made = &subject_.add("legacy-name", name.key_span(), {}, "write \"names\": [\"…\"]");
      if (const auto call = call_of(rule)) {
        Witness witness{subject_.answer(*call), std::nullopt};
        for (const Reading& other : subject_.others)
          if (other.profile && other.engine() == format::Engine::containerd)
            witness.beside = Answer{other.engine(), *call, policy::evaluate(other.profile->policy, *call)};
        made->witness = witness;
      }
    }
    calls.emplace_back(name.text());
    if (find_field(rule, "names")) continue;
    const base::Span key = name.key_span(), value = name.span();
    fix.edits.push_back({key.begin, key.end, "\"names\""});
    fix.edits.push_back({value.begin, value.end, fmt::format("[{}]", value.text())});
  }
  if (made == nullptr) return;
  made->message = fmt::format("'name' is obsolete: containerd, runc and crun do not read it, so {} {} no rule there",
                              join(calls, 4), calls.size() == 1 ? "has" : "have");
  if (subject_.editable && !fix.edits.empty()) made->fix = std::move(fix);
}

void Style::obsolete_actions() {
  std::vector<Edit> edits;
  Finding* made = nullptr;
  const auto look = [&](text::Node action) {
    if (!action || !action.is_string() || action.text() != "SCMP_ACT_KILL") return;
    if (made == nullptr)
      made = &subject_.add("obsolete-action", action.span(),
                           "SCMP_ACT_KILL is the old name of SCMP_ACT_KILL_THREAD, which kills a thread only",
                           "write SCMP_ACT_KILL_PROCESS, or SCMP_ACT_KILL_THREAD if that is meant");
    edits.push_back({action.span().begin, action.span().end, "\"SCMP_ACT_KILL_THREAD\""});
  };
  look(find_field(subject_.root, "defaultAction"));
  for (const text::Node rule : nodes_) look(find_field(rule, "action"));
  if (made == nullptr) return;
  if (subject_.editable) made->fix = Fix{"write SCMP_ACT_KILL_THREAD", std::move(edits)};
}

void Style::errno_twice(text::Node object, std::string_view name, std::string_view number) {
  const text::Node text = find_field(object, name), value = find_field(object, number);
  if (!text || !value || !text.is_string() || text.text().empty()) return;
  const auto named = arch::errno_number(text.text());
  if (named && value.as_u64() == std::uint64_t{*named}) return;
  subject_.add(
      "errno-twice", value.key_span(),
      fmt::format("both '{}' and '{}' are given: Podman and CRI-O read the first, all others the second", name, number),
      "let both say the same");
}

void Style::allows_by_default() {
  const policy::Action action = subject_.profile().default_action;
  if (!policy::grants(action)) return;
  const policy::Call unknown{arch::info(subject_.primary).audit, 0x3fff, {}};
  if (!policy::grants(policy::evaluate(subject_.policy(), unknown))) return;
  Finding& made = subject_.add("allows-by-default", subject_.profile().default_span,
                               fmt::format("the default is {}: calls that no rule names are let through, those that "
                                           "future kernels bring too",
                                           policy::to_string(action)),
                               "deny by default and name what the program needs");
  made.witness = Witness{subject_.answer(unknown), std::nullopt};
}

// Other architectures of the same machine: those that are covered run, all others die.
void Style::architectures() {
  using arch::Arch;
  struct Family {
    Arch main;
    std::array<Arch, 2> foreign;
  };
  constexpr std::array kFamilies = std::to_array<Family>({{Arch::x86_64, {Arch::x86, Arch::x32}},
                                                          {Arch::aarch64, {Arch::arm, Arch::arm}},
                                                          {Arch::s390x, {Arch::s390, Arch::s390}},
                                                          {Arch::ppc64, {Arch::ppc, Arch::ppc}}});
  const auto family =
      std::find_if(kFamilies.begin(), kFamilies.end(), [&](const Family& f) { return f.main == subject_.primary; });
  if (family == kFamilies.end()) return;
  const text::Node list = find_field(subject_.root, "architectures");
  const text::Node map = find_field(subject_.root, "archMap");
  const base::Span span = list ? list.key_span() : map ? map.key_span() : subject_.profile().default_span;
  std::vector<std::string> let, killed;
  std::optional<policy::Call> first_let, first_killed;
  for (const Arch foreign : family->foreign) {
    const std::string name(arch::info(foreign).name);
    if (std::find(let.begin(), let.end(), name) != let.end()) continue;
    if (std::find(killed.begin(), killed.end(), name) != killed.end()) continue;
    const auto nr = arch::number(foreign, "read");
    if (!nr) continue;
    const policy::Call call{arch::info(foreign).audit, *nr, {}};
    const policy::Action action = policy::evaluate(subject_.policy(), call);
    const bool kills =
        action.kind == policy::ActionKind::kill_thread || action.kind == policy::ActionKind::kill_process;
    if (!policy::grants(action) && !kills) continue;
    (kills ? killed : let).push_back(name);
    auto& first = kills ? first_killed : first_let;
    if (!first) first = call;
  }
  if (first_let) {
    Finding& made = subject_.add("arch-foreign", span, fmt::format("programs for {} run too", join(let)),
                                 "list only the architectures of the programs in the image");
    made.witness = Witness{subject_.answer(*first_let), std::nullopt};
  }
  if (first_killed) {
    Finding& made = subject_.add("arch-kills-foreign", span,
                                 fmt::format("programs for {} are killed at their first call", join(killed)),
                                 "list the architecture if the image has such programs");
    made.witness = Witness{subject_.answer(*first_killed), std::nullopt};
  }
}

void Style::spec_allow() {
  const text::Node list = find_field(subject_.root, "flags");
  if (!list || !list.is_array()) return;
  for (const text::Node flag : list)
    if (flag.is_string() && flag.text() == "SECCOMP_FILTER_FLAG_SPEC_ALLOW")
      subject_.add("spec-allow", flag.span(),
                   "SPEC_ALLOW leaves the mitigation of speculative store bypass off (CVE-2018-3639)",
                   "take the flag out where untrusted code runs; an empty list of flags is enough");
}

void Style::kill_thread() {
  for (const arch::CallEntry& entry : arch::table(subject_.primary)) {
    const auto found = first_call(subject_.policy(), arch::info(subject_.primary).audit, entry.nr, {},
                                  [](policy::Action a) { return a.kind == policy::ActionKind::kill_thread; });
    if (!found) continue;
    Finding& made = subject_.add(
        "kill-thread", subject_.place_of(*found),
        fmt::format("{} kills the calling thread only: locks that it holds stay locked", arch::name(entry.name)),
        "use SCMP_ACT_KILL_PROCESS, or SCMP_ACT_ERRNO");
    made.witness = Witness{subject_.answer(*found), std::nullopt};
    return;
  }
}

void Style::run() {
  if (subject_.root) {
    keys(subject_.root, kProfileFields, "the profile");
    errno_twice(subject_.root, "defaultErrno", "defaultErrnoRet");
    for (const text::Node rule : nodes_) {
      keys(rule, kRuleFields, "the rule");
      errno_twice(rule, "errno", "errnoRet");
      const text::Node args = find_field(rule, "args");
      if (!args || !args.is_array()) continue;
      for (const text::Node arg : args)
        if (arg.is_object()) keys(arg, kArgFields, "the condition");
    }
    legacy_names();
    obsolete_actions();
    spec_allow();
  }
  if (!subject_.profile().confined) return;
  allows_by_default();
  architectures();
  kill_thread();
}

}  // namespace

void check_style(const Subject& subject) {
  Style(subject).run();
}

}  // namespace callgate::lint
