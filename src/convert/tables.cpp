// SPDX-License-Identifier: Apache-2.0
#include "convert/tables.h"

#include <algorithm>
#include <array>
#include <span>
#include <tuple>

#include "base/text.h"

namespace callgate::convert {

namespace {

#include "convert/tables.inc"

std::span<const GroupMember> members_of(std::string_view group) {
  const std::span<const GroupMember> all = kSystemdGroups;
  const auto [first, last] =
      std::equal_range(all.begin(), all.end(), GroupMember{group, {}},
                       [](const GroupMember& a, const GroupMember& b) { return a.group < b.group; });
  return {first, last};
}

// Groups hold groups no deeper than the tables do; there is no cycle in them.
void add_members(std::string_view group, std::vector<std::string_view>& out) {
  for (const GroupMember& one : members_of(group)) {
    if (one.member.starts_with('@')) {
      add_members(one.member, out);
    } else {
      out.push_back(one.member);
    }
  }
}

}  // namespace

const KafelCall* find_kafel_call(arch::Arch arch, std::string_view name) {
  const auto found = std::find_if(std::begin(kKafelCalls), std::end(kKafelCalls),
                                  [&](const KafelCall& call) { return call.arch == arch && call.name == name; });
  return found == std::end(kKafelCalls) ? nullptr : found;
}

const KafelCall* find_kafel_call(arch::Arch arch, arch::SyscallNr nr) {
  const auto found = std::find_if(std::begin(kKafelCalls), std::end(kKafelCalls),
                                  [&](const KafelCall& call) { return call.arch == arch && call.nr == nr; });
  return found == std::end(kKafelCalls) ? nullptr : found;
}

bool kafel_has(arch::Arch arch) {
  return std::any_of(std::begin(kKafelCalls), std::end(kKafelCalls),
                     [&](const KafelCall& call) { return call.arch == arch; });
}

std::vector<KafelArgument> kafel_arguments(const KafelCall& call) {
  std::vector<KafelArgument> out;
  if (call.arguments.empty()) return out;
  for (const std::string_view one : base::split(call.arguments, ' ')) {
    const std::size_t colon = one.find(':');
    out.push_back({one.substr(0, colon), static_cast<unsigned>(one[colon + 1] - '0')});
  }
  return out;
}

std::optional<std::string_view> closest_kafel_call(arch::Arch arch, std::string_view name) {
  std::vector<std::string_view> names;
  for (const KafelCall& call : kKafelCalls)
    if (call.arch == arch) names.push_back(call.name);
  return base::closest(name, names);
}

std::optional<std::vector<std::string_view>> systemd_group(std::string_view group) {
  if (members_of(group).empty()) return std::nullopt;
  std::vector<std::string_view> out;
  add_members(group, out);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<std::string_view> systemd_groups() {
  std::vector<std::string_view> out;
  for (const GroupMember& one : kSystemdGroups)
    if (out.empty() || out.back() != one.group) out.push_back(one.group);
  return out;
}

std::optional<std::string_view> closest_systemd_group(std::string_view group) {
  return base::closest(group, systemd_groups());
}

bool minijail_knows(std::string_view constant) {
  return std::binary_search(std::begin(kMinijailConstants), std::end(kMinijailConstants), constant);
}

}  // namespace callgate::convert
