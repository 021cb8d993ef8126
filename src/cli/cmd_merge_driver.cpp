// callgate merge-driver: how git merges profiles.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/conversion.h"
#include "cli/diagnostic_ids.h"
#include "cli/input.h"
#include "cli/options.h"
#include "policy/three_way.h"
#include "syntax/regions.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

void report(Session& session, const syntax::ChangedCall& conflict) {
  session.diagnostics().add(kMergeConflict, {},
                            fmt::format("{} {}{}: ours answers {}, theirs {}", conflict.arch, conflict.call,
                                        conflict.region.empty() ? "" : ", " + conflict.region,
                                        policy::to_string(conflict.before), policy::to_string(conflict.after)),
                            "both changed it; for instance " + syntax::describe_call(conflict.witness));
}

int merge_driver_command(Session& session) {
  auto options = read_options(session);
  if (!options) return kUsage;
  // What runc adds depends on the largest number that a profile names: a rule more here would be a change elsewhere.
  // Podman reads all that Docker's format has, and its runtime adds nothing.
  if (!session.arguments().has("as")) options->as = format::Engine::podman;
  const convert::Format* const format = target_format(session, "oci");
  if (format == nullptr) return kUsage;
  std::vector<convert::Reading> readings;
  for (const std::string& name : session.arguments().operands) {
    auto reading = read_any(session, name, *options);
    if (!reading || session.diagnostics().has_errors()) return kBadInput;
    readings.push_back(std::move(*reading));
  }
  auto merged = policy::merge_three(readings[0].profile.policy, readings[1].profile.policy, readings[2].profile.policy);
  if (!merged) return session.fail(merged.error());
  for (const syntax::ChangedCall& conflict : syntax::changed_calls(merged->conflicts)) report(session, conflict);
  if (!merged->conflicts.empty()) return kNo;
  convert::Reading& result = readings[1];
  result.profile.policy = std::move(merged->merged);
  for (const convert::Reading& each : readings) result.resolved = result.resolved || each.resolved;
  if (result.resolved && !session.arguments().has("lossy")) {
    session.diagnostics().add(
        kMergeResolved, {},
        "rules depend on capabilities, kernel or architecture; merged, they would be those of one container",
        "merge the lines; or --lossy, for the container that --caps, --kernel and --arch describe");
    return kNo;
  }
  Arguments arguments = session.arguments();
  if (!arguments.has("output")) arguments.options.emplace_back("output", arguments.operands[1]);
  session.set_arguments(std::move(arguments));
  convert::WriteOptions how;
  how.engine = session.arguments().has("as") ? options->as : format::Engine::crun;  // plain OCI
  how.native = options->native;
  return write_converted(session, result, *format, how);
}

constexpr std::array<Operand, 3> kOperands{{
    {"BASE", "the profile that both were made from: git's %O"},
    {"OURS", "git's %A; the result replaces it if -o names no other file"},
    {"THEIRS", "git's %B"},
}};
constexpr auto kOptions = kWriting + kReading + kFormat;
constexpr std::array<Example, 1> kExamples{{
    {"callgate merge-driver profile.json profile.json deny-getcwd.json -o merged.json",
     "Of three versions of a profile the one with both changes."},
}};

}  // namespace

const Command kMergeDriverCommand{
    "merge-driver",
    "put two changes of a profile together, as git's merge driver",
    "Merges what the profiles mean, not their lines: every call gets the answer that one side changed it to. Where "
    "both "
    "changed it, and not alike, the calls are named, OURS stays as it is, and the status is 1, which git takes as a "
    "conflict. A profile whose rules depend on capabilities or kernels is not merged without --lossy: the result would "
    "be that of one container. Profiles are read as Podman reads them if --as does not say otherwise.\n\n"
    "To use it: git config merge.callgate.driver 'callgate merge-driver %O %A %B', and in .gitattributes a line such "
    "as "
    "`seccomp/*.json merge=callgate`.",
    kOperands,
    kOptions,
    kExamples,
    "0 merged; 1 a conflict, or the format cannot say the result",
    false,
    merge_driver_command};

}  // namespace callgate::cli
