// Writes a SeccompProfile object of the Security Profiles Operator.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/json_write.h"
#include "base/text.h"
#include "convert/diagnostic_ids.h"
#include "convert/engine_rules.h"
#include "convert/hash_comments.h"
#include "convert/spo.h"
#include "format/engine.h"

namespace callgate::convert {

namespace {

using policy::Action;
using policy::ActionKind;

constexpr std::uint64_t kMaxInt64 = 0x7fffffffffffffff;
constexpr std::uint16_t kEperm = 1;

bool has_data(Action action) {
  return action.kind == ActionKind::errno_ || action.kind == ActionKind::trace;
}

// The schema's list.
bool has_arch(arch::Arch arch) {
  switch (arch) {
    case arch::Arch::loongarch64:
    case arch::Arch::m68k:
    case arch::Arch::sh:
    case arch::Arch::sheb:
      return false;
    default:
      return true;
  }
}

bool has_condition(const policy::Condition& condition) {
  if (condition.op == policy::Op::masked_eq && condition.mask > kMaxInt64) return false;
  return condition.value <= kMaxInt64;
}

// "web profile.json" → "web-profile": what Kubernetes takes as an object's name.
std::string object_name(std::string_view wanted) {
  std::string name;
  for (const char c : base::to_lower(wanted)) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (good)
      name += c;
    else if (!name.empty() && name.back() != '-')
      name += '-';
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() ? "callgate" : name.substr(0, 63);
}

void put_list(std::string_view key, const std::vector<std::string>& items, std::string& out) {
  out += fmt::format("  {}:{}\n", key, items.empty() ? " []" : "");
  for (const std::string& item : items) out += fmt::format("  - {}\n", item);
}

void put_rule(const EngineRule& rule, std::string& out) {
  if (!rule.comment.empty()) out += hash_lines({rule.comment}, "  ");
  out += fmt::format("  - action: {}\n", action_word(rule.action.kind));
  if (has_data(rule.action)) out += fmt::format("    errnoRet: {}\n", rule.action.data);
  out += "    names:\n";
  for (const std::string_view name : rule.names) out += fmt::format("    - {}\n", name);
  if (rule.conditions.empty()) return;
  out += "    args:\n";
  for (const policy::Condition& condition : rule.conditions) {
    const bool masked = condition.op == policy::Op::masked_eq;
    out += fmt::format("    - index: {}\n      op: {}\n      value: {}\n", condition.arg, operator_word(condition.op),
                       masked ? condition.mask : condition.value);
    if (masked) out += fmt::format("      valueTwo: {}\n", condition.value);
  }
}

std::string render(const EngineRules& rules, const Source& source, const WriteOptions& options,
                   std::string_view version) {
  const format::Profile& profile = source.reading.profile;
  std::string out = hash_lines(source.outline.comments.file);
  out += fmt::format(
      "apiVersion: security-profiles-operator.x-k8s.io/{}\nkind: SeccompProfile\nmetadata:\n  name: {}\nspec:\n",
      version, object_name(options.name));
  out += fmt::format("  defaultAction: {}\n", action_word(rules.fallback.kind));
  std::vector<std::string> architectures;
  for (const arch::Arch each : rules.architectures) architectures.emplace_back(arch::info(each).oci);
  put_list("architectures", architectures, out);
  if (const auto flags = stated_flags(source.reading, options.engine)) put_list("flags", *flags, out);
  if (is_operator_socket(profile.listener_path)) {
    out += fmt::format("  listenerPath: {}\n", profile.listener_path);
    if (!profile.listener_metadata.empty())
      out += fmt::format("  listenerMetadata: {}\n", base::json_quote(profile.listener_metadata));
  }
  if (rules.rules.empty()) return out;
  out += "  syscalls:\n";
  for (const EngineRule& rule : rules.rules) put_rule(rule, out);
  return out;
}

base::Result<Written> write(const Source& source, const WriteOptions& options, std::string_view version) {
  ReadContext context;
  context.options.as = options.engine;
  context.options.native = options.native;
  const auto read_back = [&](const std::string& text) -> std::optional<policy::Policy> {
    const base::SourceFile file("<written>", text);
    base::Diagnostics findings;
    auto reading = read_spo(file, context, findings);
    return reading ? std::optional(std::move(reading->profile.policy)) : std::nullopt;
  };
  EngineSyntax syntax;
  const format::Runtime runtime = format::dialect(options.engine).runtime;
  syntax.has_arch = [&](arch::Arch each) {
    return has_arch(each) && format::find_architecture(runtime, arch::info(each).oci).has_value();
  };
  syntax.has_condition = has_condition;
  syntax.nearest = [](Action action) {
    return has_data(action) && action.data == 0 ? Action{action.kind, kEperm} : action;
  };
  syntax.nearest_default = [](Action action) { return has_data(action) ? Action{action.kind, kEperm} : action; };
  Written written;
  CALLGATE_TRY(written.text,
               best_text(
                   source.policy(), engine_rules(source.outline, options.engine, syntax),
                   [&](const EngineRules& rules) { return render(rules, source, options, version); }, read_back));
  return written;
}

base::Result<Written> write_v1(const Source& source, const WriteOptions& options) {
  return write(source, options, "v1");
}
base::Result<Written> write_v1beta1(const Source& source, const WriteOptions& options) {
  return write(source, options, "v1beta1");
}

std::string_view why_of(int loss) {
  switch (loss) {
    case kLostArchitecture.number:
      return "the CRD or the runtime does not know the architecture, or not in one filter with the others";
    case kLostOther.number:
      return "runtimes kill every thread on architectures that a profile does not list";
    case kLostUnnamed.number:
      return "rules name calls; numbers without a name get the default action, and a CRD's default error is EPERM";
    case kLostBeyond.number:
      return "runc answers ENOSYS above the last named call, crun the default action; a profile cannot choose";
    case kLostArguments.number:
      return "a CRD's values are signed, and a rule has one condition for each argument; the strictest answer is given "
             "instead";
    case kLostData.number:
      return "a CRD has no defaultErrnoRet, and an errnoRet of 0 is none: EPERM takes their place";
    case kLostAction.number:
      return "a rule holds on every listed architecture; where they differ, the strictest action is taken";
    case kLostListener.number:
      return "the operator takes sockets directly below /var/run/security-profiles-operator/ only";
    default:
      return {};
  }
}

}  // namespace

constinit const Format kSpoV1{
    "spo-v1", "Security Profiles Operator, v1", ".yaml", false, sniff_spo, read_spo, write_v1, why_of, {}};
// Read by the same reader; told by content as v1's.
constinit const Format kSpoV1beta1{
    "spo-v1beta1", "Security Profiles Operator, v1beta1", ".yaml", false, nullptr, read_spo, write_v1beta1, why_of, {}};

}  // namespace callgate::convert
