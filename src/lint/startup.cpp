// Calls without which programs and container runtimes do not live, and answers that make programs go wrong.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "arch/startup.h"
#include "base/text.h"
#include "lint/ask.h"
#include "lint/edits.h"
#include "lint/facts.h"
#include "lint/subject.h"

namespace callgate::lint {

namespace {

std::span<const arch::StartupCall> measured(std::string_view who) {
  const auto runtime = [](const arch::RuntimeStartup* found) {
    return found == nullptr ? std::span<const arch::StartupCall>() : found->calls;
  };
  const auto program = [](const arch::ProgramStartup* found) {
    return found == nullptr ? std::span<const arch::StartupCall>() : found->calls;
  };
  if (who == "runc" || who == "crun") return runtime(arch::newest_runtime_startup(who, false));
  if (who == "runc-nnp" || who == "crun-nnp") return runtime(arch::newest_runtime_startup(who.substr(0, 4), true));
  if (who == "go" || who == "musl") return program(arch::newest_program_startup(who, false));
  if (who == "glibc-static" || who == "glibc-dynamic")
    return program(arch::newest_program_startup("glibc", who == "glibc-dynamic"));
  return {};
}

// The call that is refused where none of `calls` is granted for any argument.
std::optional<policy::Call> none_granted(const Subject& subject, std::string_view calls) {
  std::optional<policy::Call> stopped;
  for (const std::string_view call : base::split(calls, '|')) {
    const auto nr = arch::number(subject.primary, call);
    if (!nr) continue;
    if (how_granted(subject.policy(), subject.primary, *nr).some) return std::nullopt;
    if (!stopped) stopped = refused(subject.policy(), subject.primary, call);
  }
  return stopped;
}

}  // namespace

std::vector<Missing> missing_needs(const Subject& subject, std::string_view who) {
  std::vector<Missing> out;
  std::vector<std::string_view> looked_at;
  for (const Need& need : needs()) {
    if (need.who != who) continue;
    for (const std::string_view call : base::split(need.calls, '|')) looked_at.push_back(call);
    if (const auto stopped = none_granted(subject, need.calls)) out.push_back({need.calls, need.without, *stopped});
  }
  for (const arch::StartupCall& call : measured(who)) {
    if (!call.needed || std::find(looked_at.begin(), looked_at.end(), call.name) != looked_at.end()) continue;
    if (const auto stopped = none_granted(subject, call.name)) out.push_back({call.name, {}, *stopped});
  }
  return out;
}

std::vector<std::string> calls_of(const std::vector<Missing>& missing) {
  std::vector<std::string> out;
  for (const Missing& each : missing) {
    std::string calls(each.calls);
    for (std::size_t at = 0; (at = calls.find('|', at)) != std::string::npos;) calls.replace(at, 1, " or ");
    if (std::find(out.begin(), out.end(), calls) == out.end()) out.push_back(std::move(calls));
  }
  return out;
}

namespace {

constexpr std::string_view kAllow = "allow them";

void report(const Subject& subject, std::string_view rule, const std::vector<Missing>& missing, std::string_view what) {
  if (missing.empty()) return;
  const auto calls = calls_of(missing);
  Finding& made = subject.add(rule, subject.place_of(missing.front().stopped),
                              fmt::format("{}: {} {} refused", what, join(calls, 12), calls.size() == 1 ? "is" : "are"),
                              std::string(kAllow));
  for (const Missing& each : missing)
    if (!each.without.empty())
      made.notes.push_back({{}, fmt::format("without {}, {}", calls_of({each}).front(), each.without)});
  made.witness = Witness{subject.answer(missing.front().stopped), std::nullopt};
}

// A loader that stops cannot say why where writev is refused too.
std::string dynamic_text(const Subject& subject) {
  std::string out = "no dynamically linked glibc program starts";
  const auto nr = arch::number(subject.primary, "writev");
  if (nr && !how_granted(subject.policy(), subject.primary, *nr).some)
    out += ", and without writev the loader cannot say why";
  return out;
}

void starts(const Subject& subject) {
  report(subject, "startup-any", missing_needs(subject, "any"), "no program lives");
  const auto fixed = missing_needs(subject, "glibc-static");
  const auto dynamic = missing_needs(subject, "glibc-dynamic");
  if (!fixed.empty())
    report(subject, "startup-glibc", dynamic, "no glibc program starts");
  else
    report(subject, "startup-glibc", dynamic, dynamic_text(subject));
  report(subject, "startup-threads", missing_needs(subject, "glibc-threads"),
         "glibc programs make no threads and no child processes");
  report(subject, "startup-musl", missing_needs(subject, "musl"), "no musl program starts");
  report(subject, "startup-go", missing_needs(subject, "go"), "no Go program starts");
  if (subject.text != nullptr && !subject.by_engine) return;  // no container runtime reads it
  for (const std::string_view runtime : {"runc", "crun"}) {
    const bool always = !missing_needs(subject, fmt::format("{}-nnp", runtime)).empty();
    report(subject, runtime == "runc" ? "startup-runc" : "startup-crun", missing_needs(subject, runtime),
           fmt::format("{} starts {}", runtime, always ? "no container" : "containers only with no-new-privileges"));
  }
}

constexpr std::uint16_t kEnosys = 38;

std::string json_names(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& each : names) out += fmt::format("{}\"{}\"", out.empty() ? "" : ", ", each);
  return out;
}

// Newer calls that are refused with anything but ENOSYS, although what callers would fall back on is granted.
void fall_backs(const Subject& subject) {
  std::vector<std::string> calls, by_default, why;
  std::optional<policy::Call> first;
  for (const Fallback& each : fallbacks()) {
    const auto nr = arch::number(subject.primary, each.call), old = arch::number(subject.primary, each.old);
    if (!nr || !old || how_granted(subject.policy(), subject.primary, *nr).some) continue;
    if (!how_granted(subject.policy(), subject.primary, *old).some) continue;
    const auto stopped = first_call(subject.policy(), arch::info(subject.primary).audit, *nr, {}, [](policy::Action a) {
      return a != policy::Action{policy::ActionKind::errno_, kEnosys};
    });
    if (!stopped) continue;
    if (!first) first = stopped;
    calls.emplace_back(each.call);
    why.push_back(fmt::format("without it {}", each.without));
    if (subject.place_of(*stopped) == subject.profile().default_span) by_default.emplace_back(each.call);
  }
  if (!first) return;
  const policy::Action answer = policy::evaluate(subject.policy(), *first);
  Finding& made = subject.add("enosys-expected", subject.place_of(*first),
                              fmt::format("{} {} {}: callers fall back on older calls only for ENOSYS", join(calls),
                                          calls.size() == 1 ? "gets" : "get", policy::to_string(answer)),
                              "answer them with SCMP_ACT_ERRNO and errnoRet 38, or allow them");
  for (std::size_t i = 0; i < calls.size(); ++i) made.notes.push_back({{}, fmt::format("{}: {}", calls[i], why[i])});
  made.witness = Witness{subject.answer(*first), std::nullopt};
  const text::Node list = find_field(subject.root, "syscalls");
  if (!subject.editable || !list || !list.is_array() || list.size() == 0 || by_default.size() != calls.size() ||
      subject.profile().default_action.kind != policy::ActionKind::errno_)
    return;
  made.fix =
      Fix{"answer them with ENOSYS",
          {append_element(list, fmt::format("{{\"names\": [{}], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": {}}}",
                                            json_names(calls), kEnosys))}};
}

std::string_view confusion(std::uint16_t number) {
  constexpr std::uint16_t kEintr = 4, kEagain = 11, kFirstInternal = 512, kLastInternal = 530;
  if (number == 0) return "the call seems to succeed and has done nothing";
  if (number == kEintr || number == kEagain) return "callers try again, for ever";
  if (number >= kFirstInternal && number <= kLastInternal)
    return "the number is the kernel's own: it restarts calls with it";
  return {};
}

void errnos(const Subject& subject) {
  std::vector<std::uint16_t> told;
  const policy::AuditArch audit = arch::info(subject.primary).audit;
  for (const arch::CallEntry& entry : arch::table(subject.primary)) {
    const auto found = first_call(subject.policy(), audit, entry.nr, {}, [&](policy::Action a) {
      return a.kind == policy::ActionKind::errno_ && !confusion(a.data).empty() &&
             std::find(told.begin(), told.end(), a.data) == told.end();
    });
    if (!found) continue;
    const std::uint16_t number = policy::evaluate(subject.policy(), *found).data;
    told.push_back(number);
    const std::string_view name = arch::errno_name(number);
    Finding& made = subject.add("errno-confuses", subject.place_of(*found),
                                fmt::format("{} gets errno {}{}{}{}: {}", arch::name(entry.name), number,
                                            name.empty() ? "" : " (", name, name.empty() ? "" : ")", confusion(number)),
                                "answer with EPERM (1), EACCES (13) or, for calls that are not there, ENOSYS (38)");
    made.witness = Witness{subject.answer(*found), std::nullopt};
  }
}

}  // namespace

void check_startup(const Subject& subject) {
  starts(subject);
  fall_backs(subject);
  errnos(subject);
}

}  // namespace callgate::lint
