// Rules are chosen name by name. Where architectures differ about a name in a way that no rule can say, the rule that
// lets least through on any of them is taken, so that a lossy text errs on the safe side where it can.
// SPDX-License-Identifier: Apache-2.0
#include "convert/engine_rules.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "arch/calls.h"
#include "convert/rule_forms.h"
#include "format/engine.h"
#include "format/multiplexed_names.h"
#include "policy/algebra.h"
#include "policy/changes.h"

namespace callgate::convert {

namespace {

using arch::Arch;
using policy::Action;
using policy::ActionKind;
using policy::Clause;
using policy::Condition;
using policy::Decision;

constexpr std::uint16_t kEnosys = 38, kEperm = 1, kMostErrno = 4094;

// What one architecture does with a name.
struct Use {
  const ArchOutline* arch;
  Decision decision;
  bool beyond = false;  // above the last call: what the engine's stub does of its own
  std::string comment;
};
using Uses = std::map<std::string_view, std::vector<Use>>;

// x32 of a filter that does not list it: everything is killed but -1.
bool is_unlisted(const ArchOutline& arch) {
  return arch.fallback == policy::kKillThread && arch.groups.empty() && !arch.beyond &&
         std::all_of(arch.unnamed.begin(), arch.unnamed.end(), [](const Unnamed& u) { return u.first == 0xffffffff; });
}

// `x32`: whether x32 may stand beside x86_64.
std::vector<const ArchOutline*> listed(const Outline& outline, const EngineSyntax& syntax, bool x32) {
  std::vector<const ArchOutline*> out;
  for (const ArchOutline& each : outline.archs) {
    if (syntax.has_arch && !syntax.has_arch(each.arch)) continue;
    const bool shares = each.arch == Arch::x86_64 || each.arch == Arch::x32;
    if (shares && is_unlisted(each)) continue;
    if (each.arch == Arch::x32 && !x32 && outline.find(Arch::x86_64) != nullptr) continue;
    // libseccomp takes architectures of one byte order only.
    if (!out.empty() && arch::info(out.front()->arch).big_endian != arch::info(each.arch).big_endian) continue;
    out.push_back(&each);
  }
  return out;
}

Uses uses_of(const std::vector<const ArchOutline*>& archs) {
  Uses uses;
  for (const ArchOutline* const arch : archs) {
    for (const Group& group : arch->groups)
      for (const std::string_view call : group.calls)
        uses[call].push_back({arch, group.decision, false, group.comment});
    for (const std::string_view call : arch->fallback_calls)
      uses[call].push_back({arch, {{}, arch->fallback}, false, {}});
    if (!arch->beyond) continue;
    for (const std::string_view call : arch->beyond->calls)
      uses[call].push_back({arch, {{}, arch->beyond->action}, true, {}});
  }
  return uses;
}

// The strictest of everything a decision may answer.
Action strictest(const Decision& decision) {
  Action least = decision.otherwise;
  for (const Clause& clause : decision.clauses) least = std::min(least, clause.action);
  return least;
}

// A decision over low words, said over whole arguments: libseccomp compares low words there anyway.
Decision lifted(Decision decision) {
  constexpr std::uint64_t kLow = 0xffffffff;
  for (Clause& clause : decision.clauses)
    for (Condition& condition : clause.conditions)
      if (condition.op == policy::Op::masked_eq && condition.mask == kLow)
        condition = {condition.arg, policy::Op::eq, condition.value};
  return decision;
}

struct Choice {
  Action fallback;
  bool multiplexers = false;  // conditional rules of socketcall and ipc are written, not left to the engine
  bool raise = true;          // where there is no stub, the newest call is named to keep the engine's out of the way
};

class Chooser {
 public:
  Chooser(const Outline& outline, format::Engine engine, const EngineSyntax& syntax, bool x32)
      : runtime_(format::dialect(engine).runtime),
        syntax_(syntax),
        archs_(listed(outline, syntax, x32)),
        uses_(uses_of(archs_)) {}
  bool lists(Arch arch) const {
    return std::any_of(archs_.begin(), archs_.end(), [&](const ArchOutline* each) { return each->arch == arch; });
  }
  std::vector<EngineRules> all() const;

 private:
  bool stub(Action fallback) const {
    return runtime_ == format::Runtime::runc && fallback.kind != ActionKind::allow &&
           fallback.kind != ActionKind::log && fallback.kind != ActionKind::trace;
  }
  std::vector<Action> fallbacks() const;
  Action said(Action action, std::string_view call, Action fallback) const;
  Action said_default(Action action) const;
  bool sayable(const std::vector<Clause>& rules) const;
  std::vector<Clause> rules_for(std::string_view call, const std::vector<Use>& uses, const Choice& choice) const;
  std::vector<Clause> conditional_rules(const std::vector<Use>& uses, const Choice& choice) const;
  void name_last_calls(const Choice& choice, std::set<std::string_view>& mentioned, EngineRules& out) const;
  EngineRules rules(const Choice& choice) const;

  format::Runtime runtime_;
  const EngineSyntax& syntax_;
  std::vector<const ArchOutline*> archs_;
  Uses uses_;
};

std::vector<Action> Chooser::fallbacks() const {
  std::vector<Action> out;
  const auto add = [&](Action action) {
    if (runtime_ == format::Runtime::runc && action.kind == ActionKind::notify) return;  // runc refuses it
    action = said_default(action);
    if (std::find(out.begin(), out.end(), action) == out.end()) out.push_back(action);
  };
  for (const ArchOutline* const arch : archs_) add(arch->fallback);
  if (!archs_.empty() && archs_.front()->beyond) add(archs_.front()->beyond->action);
  if (out.empty()) add(policy::make_errno(kEperm));
  return out;
}

Action Chooser::said_default(Action action) const {
  action = said(action, {}, action);
  return syntax_.nearest_default ? syntax_.nearest_default(action) : action;
}

// As far as engines and the syntax can say it.
Action Chooser::said(Action action, std::string_view call, Action fallback) const {
  if (action.kind == ActionKind::trap) action.data = 0;
  if (action.kind == ActionKind::errno_ && runtime_ != format::Runtime::oci)
    action.data = std::min(action.data, kMostErrno);  // libseccomp takes one less than the kernel
  if (action.kind == ActionKind::notify && call == "write" && runtime_ == format::Runtime::runc)
    action = policy::grants(fallback) ? policy::make_errno(kEperm) : fallback;  // runc refuses it
  return syntax_.nearest ? syntax_.nearest(action) : action;
}

bool Chooser::sayable(const std::vector<Clause>& rules) const {
  if (!syntax_.has_condition) return true;
  return std::all_of(rules.begin(), rules.end(), [&](const Clause& clause) {
    return std::all_of(clause.conditions.begin(), clause.conditions.end(), syntax_.has_condition);
  });
}

std::vector<Clause> Chooser::conditional_rules(const std::vector<Use>& uses, const Choice& choice) const {
  // An architecture that looks at whole arguments says more than one that looks at low words.
  const Use* best = nullptr;
  for (const Use& use : uses) {
    if (use.decision.is_constant()) continue;
    if (best == nullptr || (format::low_word_only(best->arch->arch) && !format::low_word_only(use.arch->arch)))
      best = &use;
  }
  Decision decision = best->decision;
  if (format::low_word_only(best->arch->arch)) decision = lifted(std::move(decision));
  for (const bool one_each : {true, false}) {
    if (!one_each && runtime_ != format::Runtime::oci) break;
    if (auto rules = order_free(decision, choice.fallback, {one_each, 32}); rules && sayable(*rules)) return *rules;
  }
  Action least = strictest(uses.front().decision);
  for (const Use& use : uses) least = std::min(least, strictest(use.decision));
  if (least == choice.fallback) return {};
  return {{{}, least}};
}

// None where the call is left to the default.
std::vector<Clause> Chooser::rules_for(std::string_view call, const std::vector<Use>& uses,
                                       const Choice& choice) const {
  std::vector<Use> asking;
  for (const Use& use : uses) {
    // What the stub does of its own must not be said: naming the call would raise it.
    const bool by_stub = use.beyond && stub(choice.fallback) && use.decision.otherwise == policy::make_errno(kEnosys);
    if (!by_stub) asking.push_back(use);
  }
  if (asking.empty()) return {};
  std::vector<Clause> rules;
  if (std::any_of(asking.begin(), asking.end(), [](const Use& use) { return !use.decision.is_constant(); })) {
    const bool multiplexer = call == "socketcall" || call == "ipc";
    if (multiplexer && !choice.multiplexers) return {};
    rules = conditional_rules(asking, choice);
  } else {
    Action least = asking.front().decision.otherwise;  // the machine's own, where kinds are the same
    for (const Use& use : asking)
      if (use.decision.otherwise.kind < least.kind) least = use.decision.otherwise;
    rules = {{{}, least}};
  }
  for (Clause& rule : rules) rule.action = said(rule.action, call, choice.fallback);
  std::erase_if(rules, [&](const Clause& rule) { return rule.action == choice.fallback; });
  return rules;
}

// runc's stub begins above the largest number that any rule names, also one that says what the default says.
void Chooser::name_last_calls(const Choice& choice, std::set<std::string_view>& mentioned, EngineRules& out) const {
  EngineRule rule{{}, choice.fallback, {}, {}};
  for (const ArchOutline* const arch : archs_) {
    const auto table = arch::table(arch->arch);
    if (table.empty()) continue;
    const bool same = arch->beyond && arch->beyond->action == policy::make_errno(kEnosys);
    if (!same && !choice.raise) continue;
    const policy::SyscallNr last = same ? arch->beyond->above : table.back().nr;
    const std::string_view name = arch::name_of(arch->arch, last);
    if (name.empty() || mentioned.contains(name)) continue;
    const bool raises_another = std::any_of(archs_.begin(), archs_.end(), [&](const ArchOutline* other) {
      const auto nr = arch::number(other->arch, name);
      return other->beyond && nr && *nr > other->beyond->above;
    });
    if (raises_another) continue;
    mentioned.insert(name);
    rule.names.push_back(name);
  }
  std::sort(rule.names.begin(), rule.names.end());
  if (!rule.names.empty()) out.rules.push_back(std::move(rule));
}

EngineRules Chooser::rules(const Choice& choice) const {
  EngineRules out;
  out.fallback = choice.fallback;
  for (const ArchOutline* const arch : archs_) out.architectures.push_back(arch->arch);
  // Calls with the same rules and comment stand together.
  std::map<std::pair<std::vector<Clause>, std::string>, std::vector<std::string_view>> together;
  std::set<std::string_view> mentioned;
  for (const auto& [call, uses] : uses_) {
    auto rules = rules_for(call, uses, choice);
    if (rules.empty()) continue;
    mentioned.insert(call);
    std::string comment;
    for (const Use& use : uses)
      if (comment.empty()) comment = use.comment;
    together[{std::move(rules), std::move(comment)}].push_back(call);
  }
  for (const auto& [key, names] : together)
    for (const Clause& rule : key.first) out.rules.push_back({names, rule.action, rule.conditions, key.second});
  std::stable_sort(out.rules.begin(), out.rules.end(), [](const EngineRule& a, const EngineRule& b) {
    const auto rank = [](const EngineRule& rule) {
      return std::tuple(!rule.conditions.empty(), -static_cast<int>(rule.action.kind), rule.action.data);
    };
    return rank(a) < rank(b);
  });
  if (stub(choice.fallback)) name_last_calls(choice, mentioned, out);
  return out;
}

std::vector<EngineRules> Chooser::all() const {
  std::vector<EngineRules> out;
  for (const Action fallback : fallbacks())
    for (const bool multiplexers : {false, true})
      for (const bool raise : {true, false}) {
        EngineRules candidate = rules({fallback, multiplexers, raise});
        if (std::find(out.begin(), out.end(), candidate) == out.end()) out.push_back(std::move(candidate));
      }
  return out;
}

}  // namespace

std::vector<EngineRules> engine_rules(const Outline& outline, format::Engine engine, const EngineSyntax& syntax) {
  const Chooser with(outline, engine, syntax, true);
  std::vector<EngineRules> out = with.all();
  if (!with.lists(Arch::x32) || !with.lists(Arch::x86_64)) return out;
  // A rule cannot tell x32 from x86_64; where they differ, x32 is better left out, and so killed.
  for (EngineRules& each : Chooser(outline, engine, syntax, false).all()) out.push_back(std::move(each));
  return out;
}

namespace {

// Less is better: no call is granted that was not, then none of the first architecture is refused that was granted,
// then that architecture is kept, then all that can be.
using Score = std::tuple<bool, std::ptrdiff_t, std::ptrdiff_t, std::size_t>;
Score score_of(const policy::Policy& source, const policy::Policy& back, Arch native) {
  const auto losses = losses_between(source, back);
  const auto is_own = [&](const Loss& loss) {
    return loss.witness && arch::of_call(loss.witness->audit, loss.witness->nr) == native;
  };
  const auto own = std::count_if(losses.begin(), losses.end(), is_own);
  const auto refused = std::count_if(losses.begin(), losses.end(), [&](const Loss& loss) {
    return is_own(loss) && policy::direction(loss.before, loss.after) == policy::Direction::narrowed;
  });
  return {policy::first_excess(back, source).has_value(), refused, own, losses.size()};
}

}  // namespace

base::Result<std::string> best_text(const policy::Policy& source, const std::vector<EngineRules>& candidates,
                                    const std::function<std::string(const EngineRules&)>& render,
                                    const std::function<std::optional<policy::Policy>(const std::string&)>& read) {
  std::optional<std::string> best;
  Score best_score;
  for (const EngineRules& candidate : candidates) {
    std::string text = render(candidate);
    const auto back = read(text);
    if (!back) continue;
    if (!policy::first_difference(source, *back)) return text;
    const Arch native = candidate.architectures.empty() ? Arch::x86_64 : candidate.architectures.front();
    const auto score = score_of(source, *back, native);
    if (best && best_score <= score) continue;
    best = std::move(text);
    best_score = score;
  }
  if (!best)
    return base::fail(base::ErrorCode::unsupported, "the target's reader refuses every way to say this profile");
  return std::move(*best);
}

std::optional<std::vector<std::string>> stated_flags(const Reading& reading, format::Engine engine) {
  std::vector<std::string> implied;
  if (format::dialect(engine).runtime != format::Runtime::oci) implied.emplace_back("SECCOMP_FILTER_FLAG_SPEC_ALLOW");
  if (!reading.by_engine || reading.profile.flags == implied) return std::nullopt;
  return reading.profile.flags;
}

std::string_view action_word(ActionKind kind) {
  constexpr std::array<std::string_view, 8> kWords{"SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",
                                                   "SCMP_ACT_ERRNO",        "SCMP_ACT_NOTIFY",      "SCMP_ACT_TRACE",
                                                   "SCMP_ACT_LOG",          "SCMP_ACT_ALLOW"};
  return kWords[static_cast<std::size_t>(kind)];
}

std::string_view operator_word(policy::Op op) {
  constexpr std::array<std::string_view, 7> kWords{"SCMP_CMP_EQ", "SCMP_CMP_NE", "SCMP_CMP_LT",       "SCMP_CMP_LE",
                                                   "SCMP_CMP_GT", "SCMP_CMP_GE", "SCMP_CMP_MASKED_EQ"};
  return kWords[static_cast<std::size_t>(op)];
}

}  // namespace callgate::convert
