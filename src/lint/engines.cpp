// Where engines disagree about one file, with the call: by cause (a condition ignored, runc's ENOSYS stub) and, where
// no cause is known, as such. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "arch/calls.h"
#include "compile/compile.h"
#include "lint/ask.h"
#include "lint/subject.h"
#include "policy/algebra.h"
#include "policy/changes.h"
#include "syntax/words.h"

namespace callgate::lint {

namespace {

constexpr policy::Action kEnosys{policy::ActionKind::errno_, 38};

// All differences of one cause.
struct Group {
  std::vector<std::string> calls;
  policy::Call witness;
  base::Span span;
};

class Comparison {
 public:
  Comparison(const Subject& subject, const Reading& other)
      : subject_(subject), other_(other), nodes_(subject.rule_nodes()) {}
  void run();

 private:
  bool stub(std::string_view name, const policy::RegionChange& region) const;
  std::string_view cause(const policy::Change& change, const policy::RegionChange& region, base::Span& span) const;
  // The rule of the file that names the call and has includes or excludes.
  base::Span gate_of(std::string_view call, std::string_view member) const;
  bool named_singly(std::string_view call) const;
  bool covered_alike(const policy::Change& change) const;
  void take(const policy::Change& change);
  void report(std::string_view rule, const Group& group);

  const Subject& subject_;
  const Reading& other_;
  std::vector<text::Node> nodes_;
  std::map<std::string_view, Group> groups_;
};

bool names(text::Node rule, std::string_view call) {
  if (const text::Node one = find_field(rule, "name"); one && one.is_string() && one.text() == call) return true;
  const text::Node list = find_field(rule, "names");
  if (!list || !list.is_array()) return false;
  return std::any_of(list.begin(), list.end(), [&](text::Node n) { return n.is_string() && n.text() == call; });
}

base::Span Comparison::gate_of(std::string_view call, std::string_view member) const {
  for (const text::Node rule : nodes_) {
    for (const std::string_view field : {"includes", "excludes"}) {
      const text::Node gate = find_field(rule, field);
      if (!gate || !gate.is_object() || gate.size() == 0 || !names(rule, call)) continue;
      if (member.empty() || find_field(gate, member)) return gate.key_span();
    }
  }
  return {};
}

bool Comparison::stub(std::string_view name, const policy::RegionChange& region) const {
  const policy::Action ours = subject_.profile().default_action, theirs = other_.profile->default_action;
  // Beyond all tables the stub answers what otherwise is a wrong ABI's.
  if (name.empty()) return region.before == kEnosys || region.after == kEnosys;
  return (region.before == kEnosys && region.after == theirs) || (region.after == kEnosys && region.before == ours);
}

bool Comparison::named_singly(std::string_view call) const {
  return std::any_of(nodes_.begin(), nodes_.end(), [&](text::Node rule) {
    const text::Node one = find_field(rule, "name");
    return one && one.is_string() && one.text() == call;
  });
}

// Whether both readings cover the architecture that the numbers belong to.
bool Comparison::covered_alike(const policy::Change& change) const {
  const auto which = arch::of_call(change.audit, change.first);
  if (!which) return true;
  const auto covers = [&](const format::Profile& profile) {
    return std::find(profile.architectures.begin(), profile.architectures.end(), *which) != profile.architectures.end();
  };
  return covers(subject_.profile()) == covers(*other_.profile);
}

std::string_view Comparison::cause(const policy::Change& change, const policy::RegionChange& region,
                                   base::Span& span) const {
  const std::string_view name = arch::name_of_call(change.audit, change.first);
  if (!covered_alike(change)) return "";  // archmap-ignored and refused lists say it
  if (const base::Span gate = gate_of(name, other_.engine() == format::Engine::podman ? "minKernel" : "");
      !name.empty() && gate.file != nullptr) {
    span = gate;
    return other_.engine() == format::Engine::podman ? "minkernel-ignored" : "conditions-ignored";
  }
  if (stub(name, region)) return name.empty() ? "" : "enosys-differs";
  // A rule that only some readers see, since its call stands in the obsolete field: legacy-name says it.
  if (other_.engine() != format::Engine::docker && other_.engine() != format::Engine::podman && named_singly(name))
    return "";
  return "engine-differs";
}

void Comparison::take(const policy::Change& change) {
  for (const policy::RegionChange& region : change.regions) {
    base::Span span;
    const std::string_view rule = cause(change, region, span);
    if (rule.empty()) continue;
    const policy::Call witness{change.audit, change.first, region.witness};
    auto [at, fresh] = groups_.try_emplace(rule, Group{{}, witness, span});
    if (fresh && span.file == nullptr) at->second.span = subject_.place_of(witness);
    const std::string_view name = arch::name_of_call(change.audit, change.first);
    std::string shown = name.empty() ? fmt::format("numbers from {:#x}", change.first) : std::string(name);
    auto& calls = at->second.calls;
    if (std::find(calls.begin(), calls.end(), shown) == calls.end()) calls.push_back(std::move(shown));
  }
}

void Comparison::report(std::string_view rule, const Group& group) {
  const policy::Action ours = policy::evaluate(subject_.policy(), group.witness);
  const policy::Action theirs = policy::evaluate(other_.profile->policy, group.witness);
  const std::string us = engine_names(subject_.main), them = engine_names(other_);
  std::string message, help;
  if (rule == "conditions-ignored") {
    message =
        fmt::format("{} ignore{} 'includes' and 'excludes': {} get{} another answer than under {}", them,
                    other_.engines.size() == 1 ? "s" : "", join(group.calls), group.calls.size() == 1 ? "s" : "", us);
    help = "make a profile for each set of capabilities where the engine is not Docker or Podman";
  } else if (rule == "minkernel-ignored") {
    message = fmt::format("podman knows no 'minKernel': {} get{} another answer than under {}", join(group.calls),
                          group.calls.size() == 1 ? "s" : "", us);
    help = "leave the gate out: no supported kernel is that old";
  } else if (rule == "enosys-differs") {
    message = fmt::format("calls newer than those named ({}) get {} under {}, {} under {}", join(group.calls, 4),
                          policy::to_string(ours), us, policy::to_string(theirs), them);
    help = "name the newer calls with SCMP_ACT_ERRNO and errnoRet 38, or set defaultErrnoRet to 38";
  } else {
    message = fmt::format("{} {} another answer under {} than under {}", join(group.calls),
                          group.calls.size() == 1 ? "gets" : "get", us, them);
    help = fmt::format("lint with --as {} where that engine runs it", format::name(other_.engine()));
  }
  Finding& made = subject_.add(rule, group.span, std::move(message), std::move(help));
  made.witness = Witness{subject_.answer(group.witness), Answer{other_.engine(), group.witness, theirs}};
}

void Comparison::run() {
  // What the primary architecture shows is shown first.
  const auto all = policy::changes(subject_.policy(), other_.profile->policy);
  const policy::AuditArch own = arch::info(subject_.primary).audit;
  for (const bool primary : {true, false})
    for (const policy::Change& change : all)
      if ((change.audit == own) == primary) take(change);
  for (const auto& [rule, group] : groups_) report(rule, group);
}

// A finding that several engines share is made once, for the first of them; the specification is no engine.
bool said_before(const Subject& subject, std::string_view rule) {
  return std::any_of(subject.findings->begin(), subject.findings->end(),
                     [&](const Finding& each) { return each.rule->id == rule; });
}

void check_length(const Subject& subject) {
  const auto compiled = compile::compile(subject.policy());
  if (compiled || compiled.error().code != base::ErrorCode::limit) return;
  subject.add("too-long", subject.profile().default_span, compiled.error().message,
              "use fewer values, or masks instead of long lists of values");
}

}  // namespace

void check_engines(const Subject& subject) {
  check_length(subject);
  if (!subject.profile().confined) return;
  for (const Reading& other : subject.others) {
    if (!other.profile || !other.profile->confined || other.engine() == format::Engine::oci) continue;
    std::vector<Finding> kept = std::move(*subject.findings);
    subject.findings->clear();
    Comparison(subject, other).run();
    std::vector<Finding> fresh = std::move(*subject.findings);
    *subject.findings = std::move(kept);
    for (Finding& each : fresh)
      if (each.rule->id == "engine-differs" || !said_before(subject, each.rule->id))
        subject.findings->push_back(std::move(each));
  }
}

}  // namespace callgate::lint
