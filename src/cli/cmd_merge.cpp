// callgate merge: union, intersection and difference of two profiles or filters, as a profile.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/conversion.h"
#include "cli/diagnostic_ids.h"
#include "cli/options.h"
#include "cli/pair.h"
#include "policy/algebra.h"

namespace callgate::cli {

namespace {

constexpr std::array<std::string_view, 3> kOperations{"union", "intersect", "subtract"};

// Exactly one of --union, --intersect, --subtract.
std::optional<std::string_view> operation(Session& session) {
  std::optional<std::string_view> chosen;
  for (const std::string_view each : kOperations) {
    if (!session.arguments().has(each)) continue;
    if (chosen) {
      session.usage(kBadOperands, fmt::format("--{} and --{} exclude each other", *chosen, each));
      return std::nullopt;
    }
    chosen = each;
  }
  if (!chosen) session.usage(kBadOperands, "'merge' needs --union, --intersect or --subtract");
  return chosen;
}

base::Result<policy::Policy> merged(const Pair& pair, std::string_view operation, policy::Action denial) {
  if (operation == "union") return policy::join(pair.policy_a, pair.policy_b);
  if (operation == "intersect") return policy::meet(pair.policy_a, pair.policy_b);
  return policy::subtract(pair.policy_a, pair.policy_b, denial);
}

// Flags that both ask for, for an intersection; of either, for a union; A's, for a difference.
std::vector<std::string> merged_flags(const Pair& pair, std::string_view operation) {
  const auto &a = pair.a.profile.flags, &b = pair.b.profile.flags;
  const auto in = [](const std::vector<std::string>& list, const std::string& word) {
    return std::find(list.begin(), list.end(), word) != list.end();
  };
  std::vector<std::string> flags;
  for (const std::string& flag : a)
    if (operation != "intersect" || in(b, flag)) flags.push_back(flag);
  if (operation == "union")
    for (const std::string& flag : b)
      if (!in(flags, flag)) flags.push_back(flag);
  return flags;
}

int merge_command(Session& session) {
  const auto how = operation(session);
  if (!how) return kUsage;
  const convert::Format* const format = target_format(session, "docker");
  if (format == nullptr) return kUsage;
  const auto denial = policy::parse_action(session.arguments().last("denial").value_or("ERRNO(1)"));
  if (!denial || policy::grants(*denial))
    return session.usage(kBadOptionValue, "--denial takes an action that refuses a call",
                         "ERRNO(n), TRAP, KILL_THREAD or KILL_PROCESS");
  int status = kYes;
  const auto pair = load_pair(session, status);
  if (!pair) return status;
  auto policy = merged(*pair, *how, *denial);
  if (!policy) return session.fail(policy.error());
  convert::Reading reading;
  reading.profile = pair->a.profile;
  reading.profile.policy = std::move(*policy);
  reading.profile.flags = merged_flags(*pair, *how);
  convert::WriteOptions options;
  options.engine = pair->engine_a;
  return write_converted(session, reading, *format, options);
}

constexpr std::array<Operand, 2> kOperands{{{"A", kProfileHelp}, {"B", kProfileHelp}}};
constexpr auto kOptions =
    std::array<Option, 4>{{
        {"union", 'u', "", "the less restrictive answer of the two to each call", ""},
        {"intersect", 'i', "", "the more restrictive answer, as if both filters were loaded", ""},
        {"subtract", 's', "", "A without what B grants as well", ""},
        {"denial", 0, "ACTION", "with --subtract: what calls that B grants get (ERRNO(1) if not given)", ""},
    }} +
    kWriting + kOtherEngine + kReading + kByteOrder + kFormat;
constexpr std::array<Example, 3> kExamples{{
    {"callgate merge --intersect docker-default profile.json --lossy -o both.json",
     "A profile that grants what both grant."},
    {"callgate merge --union profile.json filter.bpf --to oci", "One that grants what either grants."},
    {"callgate merge --subtract docker-default profile.json --to bpf -o rest.bpf",
     "What Docker's default grants beyond the profile, as a filter."},
}};

}  // namespace

const Command kMergeCommand{
    "merge",
    "make one profile of two: union, intersection or difference",
    "Combines A and B exactly, on every architecture, number and argument, and writes the result as a profile or "
    "filter. Actions are ordered as the kernel orders them when filters stack: KILL_PROCESS, KILL_THREAD, TRAP, ERRNO, "
    "NOTIFY, TRACE, LOG, ALLOW. What is written is read back and compared; if the format cannot say the result, "
    "nothing is written unless --lossy allows it, and every loss is listed.",
    kOperands,
    kOptions,
    kExamples,
    "",
    false,
    merge_command};

}  // namespace callgate::cli
