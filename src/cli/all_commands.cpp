// The commands of the whole program. callgate-static has fewer: static/commands.cpp.
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <vector>

#include "cli/commands.h"
#include "cli/session.h"

namespace callgate::cli {

namespace {

// Rows that stand in their command's own file.
std::span<const Command* const> rows_beside_commands() {
  static constexpr std::array kRows{&kDiffCommand,    &kSubsetCommand,    &kMergeCommand, &kConvertCommand,
                                    &kLintCommand,    &kPreflightCommand, &kTestCommand,  &kMergeDriverCommand,
                                    &kResolveCommand, &kInstallCommand,   &kScanCommand,  &kWhyCommand,
                                    &kRecordCommand,  &kHookCommand,      &kCloseCommand, &kHardenCommand};
  return kRows;
}

}  // namespace

std::span<const Command> commands() {
  // In the order of `callgate help`: the core, with the rows that stand beside their commands put before `run`.
  static const std::vector<Command> all = [] {
    std::vector<Command> rows;
    for (const Command& row : core_commands()) {
      if (row.name == "run")
        for (const Command* const other : rows_beside_commands()) rows.push_back(*other);
      rows.push_back(row);
    }
    return rows;
  }();
  return all;
}

}  // namespace callgate::cli
