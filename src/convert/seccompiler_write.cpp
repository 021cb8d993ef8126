// Writes a filter for rust-vmm's seccompiler: one architecture, and two actions, one for the calls that match a rule
// and one for the others. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json_write.h"
#include "convert/diagnostic_ids.h"
#include "convert/rule_forms.h"
#include "convert/seccompiler.h"
#include "policy/algebra.h"
#include "policy/builder.h"

namespace callgate::convert {

namespace {

using policy::Action;
using policy::ActionKind;
using policy::Clause;
using policy::Condition;
using policy::Decision;

constexpr std::uint64_t kLow = 0xffffffff;

struct Rule {
  std::string_view call;
  std::vector<Condition> conditions;
  std::string comment;
};

// The two actions of a filter.
struct Pair {
  Action mismatch, match;
  // The one that stands for `wanted`: itself, else one that grants as much, else one that grants less.
  Action nearest(Action wanted) const {
    if (wanted == mismatch || wanted == match) return wanted;
    const int want = policy::permissiveness(wanted.kind);
    const int low = policy::permissiveness(mismatch.kind), high = policy::permissiveness(match.kind);
    if (low == want) return mismatch;
    if (high == want) return match;
    if ((low < want) == (high < want))
      return low < want ? (low > high ? mismatch : match) : (low < high ? mismatch : match);
    return low < want ? mismatch : match;
  }
};

Decision nearest(Decision decision, const Pair& pair) {
  for (Clause& clause : decision.clauses) clause.action = pair.nearest(clause.action);
  decision.otherwise = pair.nearest(decision.otherwise);
  return policy::simplify(std::move(decision));
}

void put_action(std::string_view key, Action action, base::JsonWriter& json) {
  constexpr std::array<std::string_view, 8> kWords{"kill_process", "kill_thread", "trap", "errno",
                                                   "user_notif",   "trace",       "log",  "allow"};
  const std::string_view word = kWords[static_cast<std::size_t>(action.kind)];
  json.key(key);
  if (action.kind == ActionKind::errno_ || action.kind == ActionKind::trace)
    json.begin_object().member(word, action.data).end_object();
  else
    json.value(word);
}

void put_condition(const Condition& condition, base::JsonWriter& json) {
  constexpr std::array<std::string_view, 7> kWords{"eq", "ne", "lt", "le", "gt", "ge", "masked_eq"};
  const bool masked = condition.op == policy::Op::masked_eq;
  const bool low = masked && condition.mask <= kLow;  // the same either way; the narrow one is what people write
  json.begin_object().member("index", static_cast<unsigned>(condition.arg)).member("type", low ? "dword" : "qword");
  json.key("op");
  if (masked && condition.mask != kLow)
    json.begin_object().member("masked_eq", condition.mask).end_object();
  else
    json.value(masked ? "eq" : kWords[static_cast<std::size_t>(condition.op)]);
  json.member("val", condition.value).end_object();
}

std::string render(const Pair& pair, const std::vector<Rule>& rules, const std::string& name) {
  base::JsonWriter json;
  json.begin_object().key(name).begin_object();
  put_action("mismatch_action", pair.mismatch, json);
  put_action("match_action", pair.match, json);
  json.key("filter").begin_array();
  for (const Rule& rule : rules) {
    json.begin_object().member("syscall", rule.call);
    if (!rule.comment.empty()) json.member("comment", rule.comment);
    if (!rule.conditions.empty()) {
      json.key("args").begin_array();
      for (const Condition& condition : rule.conditions) put_condition(condition, json);
      json.end_array();
    }
    json.end_object();
  }
  json.end_array().end_object().end_object();
  return json.take();
}

// The rules of one call; none where it gets the mismatch action.
std::vector<Rule> rules_of(std::string_view call, const Decision& wanted, const Pair& pair,
                           const std::string& comment) {
  const Decision decision = nearest(wanted, pair);
  if (decision.is_constant()) {
    if (decision.otherwise == pair.match) return {{call, {}, comment}};
    return {};
  }
  std::vector<Rule> out;
  if (const auto rules = order_free(decision, pair.mismatch, {false, 48})) {
    for (const Clause& rule : *rules) out.push_back({call, rule.conditions, comment});
    return out;
  }
  // Beyond any sensible length: the stricter of the two.
  if (policy::permissiveness(pair.match.kind) < policy::permissiveness(pair.mismatch.kind))
    out.push_back({call, {}, comment});
  return out;
}

std::vector<Rule> rules_of(const ArchOutline& arch, const Pair& pair) {
  std::vector<Rule> out;
  const auto add = [&](const std::vector<std::string_view>& calls, const Decision& decision,
                       const std::string& comment) {
    for (const std::string_view call : calls)
      for (Rule& rule : rules_of(call, decision, pair, comment)) out.push_back(std::move(rule));
  };
  for (const Group& group : arch.groups) add(group.calls, group.decision, group.comment);
  add(arch.fallback_calls, {{}, arch.fallback}, {});
  if (arch.beyond) add(arch.beyond->calls, {{}, arch.beyond->action}, {});
  std::stable_sort(out.begin(), out.end(), [](const Rule& a, const Rule& b) { return a.call < b.call; });
  return out;
}

// Every action that some call gets besides the fallback.
std::vector<Action> actions_of(const ArchOutline& arch) {
  std::vector<Action> out;
  const auto add = [&](Action action) {
    if (action.kind == ActionKind::trap) action.data = 0;
    if (action != arch.fallback && std::find(out.begin(), out.end(), action) == out.end()) out.push_back(action);
  };
  for (const Group& group : arch.groups) {
    for (const Clause& clause : group.decision.clauses) add(clause.action);
    add(group.decision.otherwise);
  }
  if (out.empty()) out.push_back(arch.fallback == policy::kAllow ? policy::kKillProcess : policy::kAllow);
  return out;
}

base::Result<Written> write(const Source& source, const WriteOptions& options) {
  const ArchOutline* arch = source.outline.find(options.native);
  for (const ArchOutline& each : source.outline.archs)
    if (arch == nullptr || !seccompiler_has(arch->arch)) arch = &each;
  if (arch == nullptr || !seccompiler_has(arch->arch))
    return base::fail(base::ErrorCode::unsupported,
                      "seccompiler knows x86_64, aarch64 and riscv64; the profile covers none of them");
  Written best;
  std::pair<bool, std::size_t> best_score;
  for (const Action match : actions_of(*arch)) {
    Pair pair{arch->fallback, match};
    if (pair.mismatch.kind == ActionKind::trap) pair.mismatch.data = 0;
    Written written{render(pair, rules_of(*arch, pair), options.name), {}};
    const base::SourceFile file("<written>", written.text);
    ReadContext context;
    context.options.native = arch->arch;
    base::Diagnostics findings;
    const auto back = read_seccompiler(file, context, findings);
    if (!back) continue;
    const std::pair score{policy::first_excess(back->profile.policy, source.policy()).has_value(),
                          losses_between(source.policy(), back->profile.policy).size()};
    if (!best.text.empty() && best_score <= score) continue;
    best = std::move(written);
    best_score = score;
  }
  if (best.text.empty()) return base::fail(base::ErrorCode::internal, "seccompiler's reader refuses what was written");
  return best;
}

std::string_view why_of(int loss) {
  switch (loss) {
    case kLostArchitecture.number:
      return "a seccompiler file is for one architecture; calls on others kill the process";
    case kLostOther.number:
      return "seccompiler kills the process on every other architecture";
    case kLostX32.number:
      return "seccompiler does not look at bit 30: x32 calls get the mismatch action";
    case kLostUnnamed.number:
    case kLostBeyond.number:
      return "rules name calls; numbers without a name get the mismatch action";
    case kLostArguments.number:
    case kLostData.number:
    case kLostAction.number:
      return "a filter has two actions; the one that grants as much is taken, else the stricter one";
    case kLostFlags.number:
    case kLostListener.number:
      return "seccompiler's files say nothing of how a filter is loaded";
    default:
      return {};
  }
}

}  // namespace

constinit const Format kSeccompiler{"seccompiler",
                                    "seccompiler JSON (Firecracker)",
                                    ".json",
                                    false,
                                    sniff_seccompiler,
                                    read_seccompiler,
                                    write,
                                    why_of,
                                    {}};

}  // namespace callgate::convert
