// The commands' bodies, one file each: read the arguments, call the library, print. Each returns its exit status.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace callgate::cli {

class Session;
struct Command;

int compile_command(Session& session);
int disasm_command(Session& session);
int eval_command(Session& session);
int explain_command(Session& session);
int prove_command(Session& session);
int run_command(Session& session);
int version_command(Session& session);
int completion_command(Session& session);
int help_command(Session& session);

// Rows that stand beside their command's body, table.cpp lists them.
extern const Command kCloseCommand;
extern const Command kConvertCommand;
extern const Command kDiffCommand;
extern const Command kHardenCommand;
extern const Command kHookCommand;
extern const Command kInstallCommand;
extern const Command kLintCommand;
extern const Command kMergeCommand;
extern const Command kMergeDriverCommand;
extern const Command kPreflightCommand;
extern const Command kRecordCommand;
extern const Command kResolveCommand;
extern const Command kScanCommand;
extern const Command kSubsetCommand;
extern const Command kTestCommand;
extern const Command kWhyCommand;

}  // namespace callgate::cli
