// What can be wrong with a command line, its files and its outcome (CG60xx).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::cli {

// The first word names no command.
inline constexpr base::DiagnosticId kUnknownCommand{6001, base::Severity::error, "unknown command"};
// The command has no such option.
inline constexpr base::DiagnosticId kUnknownOption{6002, base::Severity::error, "unknown option"};
// The option takes another kind of value, or none, or must have one.
inline constexpr base::DiagnosticId kBadOptionValue{6003, base::Severity::error, "bad option value"};
// A word is missing or there is one too many.
inline constexpr base::DiagnosticId kBadOperands{6004, base::Severity::error, "missing or superfluous word"};
// The kernel would not open, read or write the file.
inline constexpr base::DiagnosticId kFile{6005, base::Severity::error, "file cannot be read or written"};
// Something is larger than a stated limit.
inline constexpr base::DiagnosticId kLimit{6006, base::Severity::error, "limit exceeded"};
// This kernel or machine, or the rights we have, do not suffice.
inline constexpr base::DiagnosticId kUnsupported{6007, base::Severity::error, "not possible here"};
// A defect of callgate: please report it.
inline constexpr base::DiagnosticId kInternal{6008, base::Severity::error, "internal error"};
// The compiled filter could not be proved equal to the profile, so it is not given out. A defect of callgate.
inline constexpr base::DiagnosticId kNotProved{6009, base::Severity::error, "filter not proved"};
// A line of a batch is not `arch call [argument …]`.
inline constexpr base::DiagnosticId kBadBatchLine{6010, base::Severity::error, "malformed batch line"};
// The architecture has no call of that name.
inline constexpr base::DiagnosticId kNoSuchCall{6011, base::Severity::error, "no such call"};
// A line of a weights file is not `arch call number`.
inline constexpr base::DiagnosticId kBadWeight{6012, base::Severity::error, "malformed weight"};

// The process is not confined by seccomp, which is rarely what was asked about. It counts as a profile that allows
// everything.
inline constexpr base::DiagnosticId kNoFilter{6013, base::Severity::warning, "process without a filter"};
// Two changes of a profile answer a call in two ways; git is told of a conflict.
inline constexpr base::DiagnosticId kMergeConflict{6014, base::Severity::error, "conflicting changes"};
// What a merge writes holds for one container; rules that depend on more would be lost.
inline constexpr base::DiagnosticId kMergeResolved{6015, base::Severity::error, "merge would decide rules"};
// The engine would run containers without a filter under this profile.
inline constexpr base::DiagnosticId kTurnsOff{6016, base::Severity::error, "profile that turns seccomp off"};
// Only root can make files root's; profiles of others can be changed by them.
inline constexpr base::DiagnosticId kNotRoots{6017, base::Severity::warning, "installed, but not root's"};
// callgate-static knows fewer formats than callgate does.
inline constexpr base::DiagnosticId kOtherFormat{6018, base::Severity::error, "not a format of callgate-static"};
// The root's own data base (dpkg's, apk's) has no package of that name installed.
inline constexpr base::DiagnosticId kNoPackage{6019, base::Severity::error, "no such package"};
// The image's configuration names no program, or one that no layer holds.
inline constexpr base::DiagnosticId kNoEntryPoint{6020, base::Severity::error, "image without a program"};

}  // namespace callgate::cli
