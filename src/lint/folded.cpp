// What the readers already say about a file (CG10xx, CG11xx), as findings with a rule and, where there is one, a call
// that shows it. One finding a rule of the file, however many engines say it.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "base/text.h"
#include "lint/ask.h"
#include "lint/subject.h"
#include "syntax/words.h"

namespace callgate::lint {

namespace {

struct Row {
  int number;
  std::string_view rule;  // empty: another family of rules says it better
};
constexpr std::array kRows = std::to_array<Row>({
    {122, "duplicate-key"},
    {1003, "unknown-key"},
    {1004, "unknown-call"},
    {1025, "duplicate-key"},
    {1026, "empty-rule"},
    {1101, "seccomp-off"},
    {1102, "equals-default"},
    {1103, "or-conditions"},
    {1104, "errno-ignored"},
    {1105, "errno-cut"},
    {1106, "archmap-ignored"},
    {1107, ""},
    {1108, ""},
    {1109, ""},
    {1110, "shadowed"},
    {1111, "overlap"},
    {1112, ""},
    {1113, "native-missing"},
    {1114, "flag-ignored"},
    {1115, "condition-dropped"},
    {1116, "high-word-ignored"},
    {1117, "shadowed"},
    {1118, "unknown-capability"},
    {1119, "unknown-arches"},
    {1120, "mask-datum"},
    {1121, "errno-name-ignored"},
    {1122, "archmap-unused"},
});

std::optional<std::string_view> rule_for(int number) {
  const auto row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.number == number; });
  return row == kRows.end() ? std::nullopt : std::optional(row->rule);
}

// What other engines do that is worth a finding of its own, beside what the chosen one does.
constexpr std::array<int, 5> kOfOthers{1101, 1103, 1106, 1115, 1121};

class Folding {
 public:
  explicit Folding(const Subject& subject) : subject_(subject), nodes_(subject.rule_nodes()) {}
  void run();

 private:
  void take(const base::Diagnostic& d, const Reading& reading);
  void show(Finding& made, const base::Diagnostic& d, const Reading& reading);
  void unknown_call(Finding& made, const base::Diagnostic& d);
  std::optional<policy::Call> call_of_rule(const base::Diagnostic& d) const;
  bool same_number_beside(const base::Diagnostic& d) const;
  std::optional<Witness> against_specification(const base::Diagnostic& d);
  text::Node rule_around(base::Span span) const;

  const Subject& subject_;
  std::vector<text::Node> nodes_;
};

text::Node Folding::rule_around(base::Span span) const {
  for (const text::Node node : nodes_)
    if (span.file != nullptr && node.span().begin <= span.begin && span.end <= node.span().end) return node;
  return {};
}

// The first known call that the rule names, with all arguments 0.
std::optional<policy::Call> Folding::call_of_rule(const base::Diagnostic& d) const {
  const text::Node rule = rule_around(d.span);
  std::vector<std::string_view> names;
  if (const text::Node one = find_field(rule, "name"); one && one.is_string()) names.push_back(one.text());
  if (const text::Node list = find_field(rule, "names"); list && list.is_array())
    for (const text::Node each : list)
      if (each.is_string()) names.push_back(each.text());
  for (const std::string_view name : names)
    for (const arch::Arch which : subject_.profile().architectures)
      if (const auto nr = arch::number(which, name)) return policy::Call{arch::info(which).audit, *nr, {}};
  return std::nullopt;
}

// A call that the runtime answers otherwise than the specification, in the rule that the finding is about.
std::optional<Witness> Folding::against_specification(const base::Diagnostic& d) {
  const auto call = call_of_rule(d);
  if (!call || subject_.main.engine() == format::Engine::oci) return std::nullopt;
  for (const Reading& other : subject_.others) {
    if (other.engine() != format::Engine::oci || !other.profile) continue;
    const auto found = first_contrast(subject_.policy(), other.profile->policy, call->audit, call->nr);
    if (!found) continue;
    return Witness{subject_.answer(*found),
                   Answer{other.engine(), *found, policy::evaluate(other.profile->policy, *found)}};
  }
  return std::nullopt;
}

// The rule, or the profile, gives the same error as a number, which all readers take.
bool Folding::same_number_beside(const base::Diagnostic& d) const {
  const text::Node rule = rule_around(d.span);
  const text::Node text = rule ? find_field(rule, "errno") : find_field(subject_.root, "defaultErrno");
  const text::Node number = rule ? find_field(rule, "errnoRet") : find_field(subject_.root, "defaultErrnoRet");
  if (!text || !text.is_string()) return false;
  const auto named = arch::errno_number(text.text());
  if (!number) return named == std::uint16_t{1};  // EPERM is what readers take where nothing is said
  return named && number.as_u64() == std::uint64_t{*named};
}

void Folding::unknown_call(Finding& made, const base::Diagnostic& d) {
  const std::string_view quoted = d.span.text();
  if (quoted.size() < 2) return;
  const std::string written(quoted.substr(1, quoted.size() - 2));
  const std::string plain = base::to_lower(base::trim(written));
  const bool certain = arch::find_name(plain).has_value();
  const auto meant = certain ? std::optional<std::string_view>(plain) : arch::suggest_name(written);
  if (!meant) return;
  if (const auto nr = arch::number(subject_.primary, *meant))
    made.witness = Witness{subject_.answer({arch::info(subject_.primary).audit, *nr, {}}), std::nullopt};
  if (certain && subject_.editable)
    made.fix = Fix{fmt::format("write '{}'", plain), {{d.span.begin, d.span.end, fmt::format("\"{}\"", plain)}}};
}

void Folding::show(Finding& made, const base::Diagnostic& d, const Reading& reading) {
  const std::string_view rule = made.rule->id;
  if (rule == "unknown-call") return unknown_call(made, d);
  if (rule == "seccomp-off") {
    // Nothing is filtered: the most telling call there is.
    const auto nr = arch::number(subject_.primary, "reboot");
    if (nr && reading.profile)
      if (const policy::Call call{arch::info(subject_.primary).audit, *nr, {}}; true)
        made.witness = Witness{{reading.engine(), call, policy::evaluate(reading.profile->policy, call)}, {}};
    return;
  }
  if (rule == "or-conditions" || rule == "mask-datum" || rule == "overlap") {
    made.witness = against_specification(d);
    return;
  }
  if (rule == "shadowed") {
    const std::string_view quoted = d.span.text();
    if (quoted.size() < 2) return;
    for (const arch::Arch which : subject_.profile().architectures)
      if (const auto nr = arch::number(which, quoted.substr(1, quoted.size() - 2))) {
        made.witness = Witness{subject_.answer({arch::info(which).audit, *nr, {}}), std::nullopt};
        return;
      }
    return;
  }
  if (rule == "equals-default" || rule == "errno-cut" || rule == "errno-ignored")
    if (const auto call = call_of_rule(d)) made.witness = Witness{subject_.answer(*call), std::nullopt};
}

void Folding::take(const base::Diagnostic& d, const Reading& reading) {
  const auto rule = rule_for(d.number);
  if (!rule || rule->empty()) return;
  // The same thing said of many places is said once.
  for (const Finding& before : *subject_.findings)
    if (before.rule->id == *rule && (before.span == d.span || before.message == d.message)) return;
  if (*rule == "errno-name-ignored" && same_number_beside(d)) return;
  std::string message = d.message;
  Finding& made = subject_.add(*rule, d.span, std::move(message), d.help);
  made.notes = d.notes;
  show(made, d, reading);
}

void Folding::run() {
  for (const base::Diagnostic& d : subject_.main.diagnostics.items()) take(d, subject_.main);
  for (const Reading& other : subject_.others) {
    if (other.engine() == format::Engine::oci) continue;
    for (const base::Diagnostic& d : other.diagnostics.items())
      if (std::find(kOfOthers.begin(), kOfOthers.end(), d.number) != kOfOthers.end()) take(d, other);
    if (other.profile) continue;
    const auto& items = other.diagnostics.items();
    const auto error = std::find_if(items.begin(), items.end(),
                                    [](const base::Diagnostic& d) { return d.severity == base::Severity::error; });
    if (error == items.end()) continue;
    Finding& made = subject_.add("refused-elsewhere", error->span,
                                 fmt::format("{} refuses the profile: {} [{}]", engine_names(other), error->message,
                                             base::diagnostic_code(error->number)),
                                 error->help);
    made.notes = error->notes;
  }
}

}  // namespace

void fold_diagnostics(const Subject& subject) {
  Folding(subject).run();
}

}  // namespace callgate::lint
