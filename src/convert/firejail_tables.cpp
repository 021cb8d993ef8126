// SPDX-License-Identifier: Apache-2.0
#include "convert/firejail_tables.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/text.h"

namespace callgate::convert {

namespace {

struct FirejailMember {
  std::string_view group, member;
  std::uint8_t releases;  // bit n: FirejailRelease n has it
};
// Calls that are not known to every release: from which one on, or kReleases.size() where none has it. "*": the
// architecture as a whole.
struct FirejailCall {
  arch::Arch arch;
  std::string_view call;
  std::uint8_t since;
};

#include "convert/firejail_tables.inc"

constexpr std::array kReleases{FirejailRelease::v0_9_72, FirejailRelease::v0_9_74, FirejailRelease::v0_9_78,
                               FirejailRelease::v0_9_80};
constexpr std::array<std::string_view, kReleases.size()> kNames{"0.9.72", "0.9.74", "0.9.78", "0.9.80"};

bool has(const FirejailMember& member, FirejailRelease release) {
  return (member.releases >> static_cast<unsigned>(release) & 1U) != 0;
}

std::span<const FirejailMember> members_of(std::string_view group) {
  const auto [first, last] =
      std::equal_range(std::begin(kFirejailMembers), std::end(kFirejailMembers), FirejailMember{group, {}, 0},
                       [](const FirejailMember& a, const FirejailMember& b) { return a.group < b.group; });
  return {first, last};
}

// No group holds itself.
void add_members(FirejailRelease release, arch::Arch machine, std::string_view group,
                 std::vector<std::string_view>& out) {
  for (const FirejailMember& one : members_of(group)) {
    if (!has(one, release)) continue;
    if (one.member.starts_with('@')) {
      add_members(release, machine, one.member, out);
    } else if (!group.starts_with('@') || arch::number(machine, one.member)) {
      out.push_back(one.member);
    }
  }
}

// The first release that knows the call, as an index; 0 where no row says otherwise.
std::size_t since(arch::Arch arch, std::string_view call) {
  const auto less = [](const FirejailCall& a, const FirejailCall& b) {
    return std::pair(arch::info(a.arch).name, a.call) < std::pair(arch::info(b.arch).name, b.call);
  };
  const FirejailCall wanted{arch, call, 0};
  const auto* const found = std::lower_bound(std::begin(kFirejailCalls), std::end(kFirejailCalls), wanted, less);
  return found != std::end(kFirejailCalls) && found->arch == arch && found->call == call ? found->since : 0;
}

}  // namespace

std::span<const FirejailRelease> firejail_releases() {
  return kReleases;
}

std::string_view firejail_name(FirejailRelease release) {
  return kNames.at(static_cast<std::size_t>(release));
}

std::optional<FirejailRelease> find_firejail_release(std::string_view text) {
  constexpr std::string_view kSeries = "0.9.";
  if (!text.starts_with(kSeries)) return std::nullopt;
  const auto patch = base::parse_u64(text.substr(kSeries.size()));
  if (!patch) return std::nullopt;
  std::optional<FirejailRelease> found;
  for (const FirejailRelease each : kReleases)
    if (*base::parse_u64(firejail_name(each).substr(kSeries.size())) <= *patch) found = each;
  return found;
}

std::optional<FirejailRelease> firejail_release_for(arch::Arch arch) {
  const std::size_t first = since(arch, "*");
  if (first >= kReleases.size() || arch == arch::Arch::x32) return std::nullopt;
  return kReleases.at(first);
}

std::optional<arch::SyscallNr> firejail_number(FirejailRelease release, arch::Arch arch, std::string_view call) {
  const auto first = firejail_release_for(arch);
  const auto index = static_cast<std::size_t>(release);
  if (!first || release < *first || since(arch, call) > index) return std::nullopt;
  return arch::number(arch, call);
}

std::string_view firejail_call(FirejailRelease release, arch::Arch arch, arch::SyscallNr nr) {
  const std::string_view call = arch::name_of(arch, nr);
  return firejail_number(release, arch, call) == nr ? call : std::string_view();
}

std::optional<std::vector<std::string_view>> firejail_group(FirejailRelease release, arch::Arch machine,
                                                            std::string_view group) {
  const auto members = members_of(group);
  if (std::none_of(members.begin(), members.end(), [&](const FirejailMember& one) { return has(one, release); }))
    return std::nullopt;
  std::vector<std::string_view> out;
  add_members(release, machine, group, out);
  return out;
}

std::vector<std::string_view> firejail_groups(FirejailRelease release) {
  std::vector<std::string_view> out;
  for (const FirejailMember& one : kFirejailMembers)
    if (has(one, release) && one.group.starts_with('@') && (out.empty() || out.back() != one.group))
      out.push_back(one.group);
  return out;
}

std::optional<std::string_view> closest_firejail_group(FirejailRelease release, std::string_view group) {
  return base::closest(group, firejail_groups(release));
}

}  // namespace callgate::convert
