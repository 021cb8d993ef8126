// SPDX-License-Identifier: Apache-2.0
#include "syntax/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "base/text.h"

namespace callgate::syntax {

namespace {

std::optional<std::span<const arch::ArgPrototype>> prototype_of(policy::AuditArch audit, policy::SyscallNr nr) {
  const auto id = arch::find_name(arch::name_of_call(audit, nr));
  return id ? arch::prototype(*id) : std::nullopt;
}

constexpr std::string_view op_text(policy::Op op) {
  constexpr std::array<std::string_view, 7> kTexts{"==", "!=", "<", "<=", ">", ">=", "=="};
  return kTexts[static_cast<std::size_t>(op)];
}

}  // namespace

std::optional<arch::ArgPrototype> argument(policy::AuditArch audit, policy::SyscallNr nr, unsigned arg) {
  const auto prototype = prototype_of(audit, nr);
  if (!prototype || arg >= prototype->size()) return std::nullopt;
  return (*prototype)[arg];
}

std::string describe_argument(const arch::ArgPrototype* prototype, std::uint64_t value) {
  constexpr std::ptrdiff_t kMostNames = 5;  // an all-ones mask is no list of flags
  if (prototype != nullptr && !prototype->set.empty()) {
    std::string text = arch::describe_value(prototype->set, value);
    if (std::count(text.begin(), text.end(), '|') < kMostNames) return text;
  }
  return value < 10 ? fmt::format("{}", value) : fmt::format("{:#x}", value);
}

std::string suggestion(std::optional<std::string_view> near) {
  return near ? fmt::format("did you mean '{}'?", *near) : std::string();
}

std::optional<policy::SyscallNr> find_call(arch::Arch arch, std::string_view name_or_number) {
  if (const auto named = arch::number(arch, name_or_number)) return named;
  const auto number = base::parse_u64(name_or_number);
  if (!number || *number > 0xffffffffU) return std::nullopt;
  const auto nr = static_cast<policy::SyscallNr>(*number);
  return arch == arch::Arch::x32 ? nr | arch::kX32Bit : nr;
}

std::string describe_arch(policy::AuditArch audit, policy::SyscallNr nr) {
  if (const auto which = arch::of_call(audit, nr)) return std::string(arch::info(*which).name);
  return fmt::format("architecture {:#x}", audit);
}

std::string describe_call(const policy::Call& call) {
  const std::string_view name = arch::name_of_call(call.audit, call.nr);
  std::string out = name.empty() ? fmt::format("call {:#x}", call.nr) : std::string(name);
  const auto prototype = prototype_of(call.audit, call.nr);
  // Arguments that the call does not take are shown where they are not zero: a filter may look at them all the same.
  std::size_t shown = prototype ? prototype->size() : 6;
  for (std::size_t i = shown; i < 6; ++i)
    if (call.args[i] != 0) shown = i + 1;
  out += '(';
  for (std::size_t i = 0; i < shown; ++i) {
    const arch::ArgPrototype* const known = prototype && i < prototype->size() ? &(*prototype)[i] : nullptr;
    out += fmt::format("{}{}{}", i == 0 ? "" : ", ", known ? fmt::format("{}=", known->name) : "",
                       describe_argument(known, call.args[i]));
  }
  return out + ")";
}

std::string describe_condition(policy::AuditArch audit, policy::SyscallNr nr, const policy::Condition& condition,
                               bool low_word) {
  const auto prototype = prototype_of(audit, nr);
  const arch::ArgPrototype* const known =
      prototype && condition.arg < prototype->size() ? &(*prototype)[condition.arg] : nullptr;
  std::string name = known ? std::string(known->name) : fmt::format("argument {}", condition.arg);
  if (low_word) name = "low word of " + name;
  if (condition.op == policy::Op::masked_eq && condition.mask != ~std::uint64_t{0})
    return fmt::format("({} & {:#x}) == {}", name, condition.mask, describe_argument(nullptr, condition.value));
  return fmt::format("{} {} {}", name, op_text(condition.op), describe_argument(known, condition.value));
}

std::string describe_conditions(policy::AuditArch audit, policy::SyscallNr nr, const policy::Clause& clause,
                                bool low_word) {
  std::string out;
  for (const policy::Condition& condition : clause.conditions)
    out += (out.empty() ? "" : " and ") + describe_condition(audit, nr, condition, low_word);
  return out;
}

bool is_capability(std::string_view name) {
  return std::ranges::any_of(arch::constants_in("capability"), [&](const auto& each) { return each.name == name; });
}

std::optional<std::string_view> closest_capability(std::string_view name) {
  std::vector<std::string_view> names;
  for (const arch::Constant& each : arch::constants_in("capability")) names.push_back(each.name);
  return base::closest(name, names);
}

bpf::Names listing_names() {
  return {[](std::uint32_t audit) {
            const auto all = arch::with_audit(audit);
            return all.empty() ? std::string() : std::string(arch::info(all.front()).name);
          },
          [](std::uint32_t audit, std::uint32_t nr) {
            return audit == 0 ? std::string() : std::string(arch::name_of_call(audit, nr));
          }};
}

}  // namespace callgate::syntax
