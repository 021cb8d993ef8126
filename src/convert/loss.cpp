// SPDX-License-Identifier: Apache-2.0
#include "convert/loss.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "arch/calls.h"
#include "convert/diagnostic_ids.h"
#include "policy/algebra.h"
#include "policy/changes.h"
#include "syntax/words.h"

namespace callgate::convert {

namespace {

using policy::Action;
using policy::AuditArch;
using policy::Change;
using policy::Policy;
using policy::RegionChange;
using policy::SyscallNr;

bool lists(const Policy& policy, AuditArch audit) {
  return std::any_of(policy.archs.begin(), policy.archs.end(), [&](const auto& each) { return each.audit == audit; });
}

const policy::Decision& decision_at(const Policy& policy, AuditArch audit, SyscallNr nr) {
  const auto& runs = policy.runs_for(audit);
  return policy.decisions[runs[Policy::find_run(runs, nr)].decision];
}

// Named numbers of [first, last], and whether there are others.
struct Numbers {
  std::vector<std::pair<SyscallNr, std::string_view>> named;
  bool unnamed = false;
};

Numbers numbers_of(AuditArch audit, SyscallNr first, SyscallNr last) {
  Numbers out;
  for (const arch::Arch which : arch::with_audit(audit)) {
    const auto table = arch::table(which);
    auto at = std::lower_bound(table.begin(), table.end(), first,
                               [](const arch::CallEntry& entry, SyscallNr nr) { return entry.nr < nr; });
    for (; at != table.end() && at->nr <= last; ++at)
      if (out.named.empty() || out.named.back().first != at->nr)
        out.named.emplace_back(at->nr, arch::name_of(which, at->nr));
  }
  out.unnamed = out.named.size() <= last - first;
  return out;
}

bool whole(const RegionChange& region) {
  return std::all_of(region.args.begin(), region.args.end(), [](const auto& set) { return set.is_everything(); });
}

// Where a whole architecture goes, its calls and what they got are not told apart.
bool is_wholesale(const base::DiagnosticId& id) {
  return id.number == kLostArchitecture.number || id.number == kLostOther.number || id.number == kLostX32.number;
}

// Losses of one kind, gathered into one.
struct Bundle {
  base::DiagnosticId id;
  std::string place;  // architecture, in words
  std::set<Action> before;
  Action after, witness_before;
  bool widens = false;
  policy::Call witness;
  std::set<std::string> calls;
  std::vector<std::pair<SyscallNr, SyscallNr>> ranges;
  bool partial = false;  // holds for some arguments only
};

class Collector {
 public:
  Collector(const Policy& before, const Policy& after) : before_(before), after_(after) {}
  void add(const Change& change);
  std::vector<Loss> take();

 private:
  base::DiagnosticId kind(const Change& change, const RegionChange& region, SyscallNr nr, bool named) const;
  void add(const base::DiagnosticId& id, const Change& change, const RegionChange& region, SyscallNr first,
           SyscallNr last, std::string_view call);

  const Policy &before_, &after_;
  std::vector<Bundle> bundles_;
};

base::DiagnosticId Collector::kind(const Change& change, const RegionChange& region, SyscallNr nr, bool named) const {
  if (change.is_other || !lists(before_, change.audit)) return kLostOther;
  if (!lists(after_, change.audit)) return kLostArchitecture;
  const auto which = arch::of_call(change.audit, nr);
  if (which == arch::Arch::x32) return kLostX32;
  if (!named) {
    const SyscallNr end = which == arch::Arch::x86_64 ? arch::kX32Bit - 1 : 0xffffffff;
    return change.last >= end ? kLostBeyond : kLostUnnamed;
  }
  const bool conditional =
      !decision_at(before_, change.audit, nr).is_constant() || !decision_at(after_, change.audit, nr).is_constant();
  if (conditional) return kLostArguments;
  return region.before.kind == region.after.kind ? kLostData : kLostAction;
}

void Collector::add(const base::DiagnosticId& id, const Change& change, const RegionChange& region, SyscallNr first,
                    SyscallNr last, std::string_view call) {
  const std::string place = change.is_other ? "other architectures" : syntax::describe_arch(change.audit, first);
  const bool widens = policy::direction(region.before, region.after) == policy::Direction::widened;
  auto at = std::find_if(bundles_.begin(), bundles_.end(), [&](const Bundle& each) {
    return each.id.number == id.number && each.place == place && each.after == region.after && each.widens == widens &&
           (is_wholesale(id) || each.before.contains(region.before));
  });
  if (at == bundles_.end()) {
    Bundle fresh{id, place, {},   region.after, region.before, widens, {change.audit, first, region.witness},
                 {}, {},    false};
    at = bundles_.insert(bundles_.end(), std::move(fresh));
  }
  at->before.insert(region.before);
  at->partial = at->partial || !whole(region);
  if (!call.empty()) {
    at->calls.emplace(call);
  } else if (!at->ranges.empty() && at->ranges.back().second == first - 1) {
    at->ranges.back().second = last;
  } else {
    at->ranges.emplace_back(first, last);
  }
}

void Collector::add(const Change& change) {
  const Numbers numbers = numbers_of(change.audit, change.first, change.last);
  for (const RegionChange& region : change.regions) {
    const base::DiagnosticId id = kind(change, region, change.first, !numbers.named.empty());
    // Where a whole architecture goes, its calls are not listed one by one.
    if (change.is_other || id.number == kLostArchitecture.number || id.number == kLostOther.number) {
      add(id, change, region, change.first, change.last, {});
      continue;
    }
    SyscallNr next = change.first;
    bool done = false;
    for (const auto& [nr, name] : numbers.named) {
      if (nr > next) add(kind(change, region, next, false), change, region, next, nr - 1, {});
      add(kind(change, region, nr, true), change, region, nr, nr, name);
      done = nr == change.last;
      next = nr + 1;
    }
    if (!done && next <= change.last) add(kind(change, region, next, false), change, region, next, change.last, {});
  }
}

std::string list_of(const std::set<std::string>& calls) {
  constexpr std::size_t kShown = 6;
  std::string text;
  std::size_t shown = 0;
  for (const std::string& call : calls) {
    if (shown == kShown && calls.size() > kShown + 1) break;
    text += (shown == 0 ? "" : ", ") + call;
    ++shown;
  }
  if (shown < calls.size()) text += fmt::format(" and {} more", calls.size() - shown);
  return text;
}

std::string number_text(SyscallNr nr) {
  return nr < 100'000 ? fmt::format("{}", nr) : fmt::format("{:#x}", nr);
}

std::string list_of(const std::vector<std::pair<SyscallNr, SyscallNr>>& ranges) {
  constexpr std::size_t kShown = 4;
  std::string text;
  for (std::size_t i = 0; i < ranges.size() && i < kShown; ++i) {
    const auto [first, last] = ranges[i];
    text += i == 0 ? "" : ", ";
    text += first == last ? number_text(first) : fmt::format("{}…{}", number_text(first), number_text(last));
  }
  if (ranges.size() > kShown) text += fmt::format(" and {} more ranges", ranges.size() - kShown);
  return text;
}

std::string message_of(const Bundle& bundle) {
  std::string what = list_of(bundle.calls);
  if (!bundle.ranges.empty())
    what += fmt::format("{}{}", what.empty() ? "numbers " : " and the numbers ", list_of(bundle.ranges));
  if (is_wholesale(bundle.id)) what = bundle.partial || bundle.ranges.size() > 1 ? "calls there" : "every call there";
  std::string before;
  for (const Action action : bundle.before) before += (before.empty() ? "" : ", ") + policy::to_string(action);
  return fmt::format("{}: {}{}: {} {} {}", bundle.place, what,
                     bundle.partial && !is_wholesale(bundle.id) ? ", for some arguments" : "", before,
                     bundle.before.size() == 1 ? "becomes" : "become", policy::to_string(bundle.after));
}

std::vector<Loss> Collector::take() {
  std::stable_sort(bundles_.begin(), bundles_.end(),
                   [](const Bundle& a, const Bundle& b) { return a.id.number < b.id.number; });
  std::vector<Loss> out;
  for (const Bundle& bundle : bundles_) {
    Loss& loss = out.emplace_back();
    loss.id = bundle.id;
    loss.message = message_of(bundle);
    loss.witness = bundle.witness;
    loss.before = bundle.witness_before;
    loss.after = bundle.after;
    loss.widens = bundle.widens;
  }
  return out;
}

}  // namespace

std::vector<Loss> losses_between(const Policy& before, const Policy& after) {
  Collector collector(before, after);
  for (const Change& change : policy::changes(before, after)) collector.add(change);
  return collector.take();
}

void to_json(const Loss& loss, base::JsonWriter& json) {
  json.begin_object().member("id", base::diagnostic_code(loss.id.number)).member("message", loss.message);
  json.member("why", loss.why).member("widens", loss.widens).member("blocks", loss.blocks);
  json.key("witness");
  if (!loss.witness) {
    json.null();
  } else {
    const policy::Call& call = *loss.witness;
    json.begin_object().member("arch", syntax::describe_arch(call.audit, call.nr)).member("audit", call.audit);
    json.member("nr", call.nr).member("call", syntax::describe_call(call)).key("args").begin_array();
    for (const std::uint64_t argument : call.args) json.value(argument);
    json.end_array().member("before", policy::to_string(loss.before)).member("after", policy::to_string(loss.after));
    json.end_object();
  }
  json.end_object();
}

}  // namespace callgate::convert
