// What can be wrong with a file in another tool's format (CG12xx), and what a conversion loses (CG13xx).
// docs/diagnostics.md is made from these lines.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::convert {

// The filter's arithmetic or size is beyond the method that takes programs apart.
inline constexpr base::DiagnosticId kNotDecompiled{1201, base::Severity::error, "filter cannot be read as a profile"};
// A file holds several profiles, or none, and it was not said which one is meant.
inline constexpr base::DiagnosticId kSeveralProfiles{1202, base::Severity::error, "not one profile"};
// A field that this format's reader does not know; it refuses the file, or drops the field.
inline constexpr base::DiagnosticId kBadField{1203, base::Severity::error, "unknown field"};
// A value has another type or range than its field takes.
inline constexpr base::DiagnosticId kBadValue{1204, base::Severity::error, "bad value"};
// The format has no such call on this architecture, and its reader refuses the file.
inline constexpr base::DiagnosticId kNoSuchCall{1205, base::Severity::error, "unknown call"};
// The profile stands on another one (baseProfileName) that is not in the file.
inline constexpr base::DiagnosticId kBaseProfile{1206, base::Severity::error, "base profile is not read"};
// The API server drops the field, so it has no effect.
inline constexpr base::DiagnosticId kFieldDropped{1207, base::Severity::warning, "field dropped"};
// An errnoRet of 0 in a CRD is the same as none: the call gets EPERM.
inline constexpr base::DiagnosticId kErrnoZero{1208, base::Severity::warning, "errnoRet 0 is lost"};
// A disabled SeccompProfile object is not installed on any node.
inline constexpr base::DiagnosticId kDisabled{1209, base::Severity::warning, "profile is disabled"};
// The profile is refused, by the API server or by the program that reads it.
inline constexpr base::DiagnosticId kRefusedFile{1210, base::Severity::error, "refused by its reader"};
// seccompiler forgets a rule without conditions when the same call also has one with conditions.
inline constexpr base::DiagnosticId kRuleForgotten{1211, base::Severity::warning, "unconditional rule forgotten"};
// A dword comparison looks at the low 32 bits of the argument, and of the value.
inline constexpr base::DiagnosticId kValueCut{1212, base::Severity::warning, "value cut to 32 bits"};
// Parts of one file belong to two formats.
inline constexpr base::DiagnosticId kMixedFormats{1213, base::Severity::error, "mixed formats"};
// The Security Profiles Operator takes agents' sockets below its own directory only.
inline constexpr base::DiagnosticId kBadListener{1214, base::Severity::warning, "listener outside its directory"};

// The text does not follow its format's grammar; the tool it is for refuses it.
inline constexpr base::DiagnosticId kTextSyntax{1250, base::Severity::error, "does not follow the grammar"};
// The tool refuses a policy that names a call which the architecture does not have.
inline constexpr base::DiagnosticId kTextUnknownCall{1251, base::Severity::error, "unknown call"};
// The tool skips a name that the architecture does not have, with no more than a line in a log.
inline constexpr base::DiagnosticId kTextCallSkipped{1252, base::Severity::warning, "unknown call or group skipped"};
// Neither a number nor the name of a constant that is known.
inline constexpr base::DiagnosticId kTextUnknownConstant{1253, base::Severity::error, "unknown constant"};
// No group of that name is known for this tool.
inline constexpr base::DiagnosticId kTextUnknownGroup{1254, base::Severity::error, "unknown group of calls"};
// A number has more bits than its place takes.
inline constexpr base::DiagnosticId kTextBadNumber{1255, base::Severity::error, "number out of range"};
// A policy compares arguments with constants; a comparison of two arguments has no form in it.
inline constexpr base::DiagnosticId kTextTwoArguments{1256, base::Severity::error,
                                                      "arguments compared with each other"};
// An expression over the arguments needs more than 20000 clauses.
inline constexpr base::DiagnosticId kTextTooLarge{1257, base::Severity::error, "expression too large"};
// A file that is included cannot be read, includes itself, or the reader was given no means to open it.
inline constexpr base::DiagnosticId kTextInclude{1258, base::Severity::error, "included file"};
// A rule follows one for the same call that always decides; minijail refuses that.
inline constexpr base::DiagnosticId kTextDecidedTwice{1259, base::Severity::error, "call decided twice"};
// Not an action of this format, or not one that may stand here.
inline constexpr base::DiagnosticId kTextUnknownAction{1260, base::Severity::error, "unknown action"};
// A call has six arguments; kafel knows them by name.
inline constexpr base::DiagnosticId kTextUnknownArgument{1261, base::Severity::error, "unknown argument"};
// Not the name of an error number; the tool skips the entry, or keeps what it had.
inline constexpr base::DiagnosticId kTextUnknownErrno{1262, base::Severity::warning, "unknown error name"};
// kafel takes one DEFAULT.
inline constexpr base::DiagnosticId kTextDefaultTwice{1263, base::Severity::error, "default given twice"};
// For "condition; return errno" libminijail allows the call where the condition holds and returns the error
// otherwise; compile_seccomp_policy.py returns the error where it holds. A file that uses what only the latter knows
// is read its way, any other as libminijail reads it.
inline constexpr base::DiagnosticId kTextDialects{1264, base::Severity::warning,
                                                  "read differently by minijail's two compilers"};
// The tool does not know this architecture.
inline constexpr base::DiagnosticId kTextUnknownArchitecture{1265, base::Severity::error, "unknown architecture"};
// The tool ignores this part of the file, or a later line replaces it.
inline constexpr base::DiagnosticId kTextIgnored{1266, base::Severity::warning, "line without effect"};
// The setting makes the tool install a further filter, which is not part of what is read here.
inline constexpr base::DiagnosticId kTextOtherFilters{1267, base::Severity::warning, "other filters not read"};
// kafel uses policies that are defined before.
inline constexpr base::DiagnosticId kTextUnknownPolicy{1268, base::Severity::error, "unknown policy"};
// compile_seccomp_policy.py allows a call altogether as soon as its last filter is "allow", whatever stands before it.
inline constexpr base::DiagnosticId kTextAllowLast{1270, base::Severity::warning, "filters before a last allow"};
// The file has none of the settings that make a filter.
inline constexpr base::DiagnosticId kTextNothing{1269, base::Severity::error, "no filter in the file"};
// firejail reads the list of seccomp.32.keep with the calls of the machine itself, and restricts those: 32-bit programs
// are not restricted by it.
inline constexpr base::DiagnosticId kTextNotSecond{1271, base::Severity::warning, "no list for 32-bit programs"};
// firejail joins the refusals of a filter at its end and jumps there with eight bits: of lists that need a jump over
// more than 255 instructions it lets calls through.
inline constexpr base::DiagnosticId kTextTooLong{1272, base::Severity::error, "list too long for firejail"};
// firejail needs prctl to load the filters of a stack, and execve to start the program; the profile refuses one of
// them.
inline constexpr base::DiagnosticId kTextOwnCalls{1273, base::Severity::warning, "firejail's own calls refused"};
// What firejail needs itself to start a program (execve, execveat, prctl) is dropped by a library that it loads into
// the program. Here it counts as dropped; a program that is linked statically may make these calls.
inline constexpr base::DiagnosticId kTextLate{1274, base::Severity::warning, "dropped in dynamic programs alone"};
// firejail's groups, and the calls that it knows by name, are those of its release. A profile is read as the oldest one
// from 0.9.72 on that knows the machine reads it, or as the one that a comment "callgate:firejail 0.9.80" names.
// Without such a comment it is said where the newest release makes another filter of it.
inline constexpr base::DiagnosticId kTextRelease{1275, base::Severity::warning, "other filter in newer firejail"};

// A conversion that loses something is not written without --lossy; the losses are listed.
inline constexpr base::DiagnosticId kRefused{1300, base::Severity::error, "conversion refused"};
// The target covers fewer architectures: calls of the others get its answer for foreign architectures.
inline constexpr base::DiagnosticId kLostArchitecture{1301, base::Severity::warning, "architecture lost"};
// What the target answers on architectures that a profile does not list is fixed, and differs.
inline constexpr base::DiagnosticId kLostOther{1302, base::Severity::warning, "other architectures answered otherwise"};
// The numbers of x32 calls (bit 30 under x86_64's token) get another answer.
inline constexpr base::DiagnosticId kLostX32{1303, base::Severity::warning, "x32 answered otherwise"};
// The target names calls by name, so numbers that no call has get its default.
inline constexpr base::DiagnosticId kLostUnnamed{1304, base::Severity::warning, "numbers without a name"};
// What runc answers above the last named call (ENOSYS), or the lack of it, cannot be said.
inline constexpr base::DiagnosticId kLostBeyond{1305, base::Severity::warning, "numbers above the last call"};
// Conditions on arguments that the target cannot express are dropped or made stricter.
inline constexpr base::DiagnosticId kLostArguments{1306, base::Severity::warning, "argument conditions lost"};
// The action is the same, but its error number or datum differs.
inline constexpr base::DiagnosticId kLostData{1307, base::Severity::warning, "errno or datum lost"};
// The target has not this action, or not for this call.
inline constexpr base::DiagnosticId kLostAction{1308, base::Severity::warning, "action lost"};
// A conversion whose result grants a call that the source does not is always refused without --lossy.
inline constexpr base::DiagnosticId kWidens{1309, base::Severity::error, "conversion widens"};
// The target has no place for SECCOMP_FILTER_FLAG_ flags, or not for this one.
inline constexpr base::DiagnosticId kLostFlags{1310, base::Severity::warning, "filter flags lost"};
// The target has no place for the agent's socket, or not for this path.
inline constexpr base::DiagnosticId kLostListener{1311, base::Severity::warning, "listener lost"};
// The target has no comments where the source has them. Needs no --lossy.
inline constexpr base::DiagnosticId kLostComments{1312, base::Severity::warning, "comments lost"};
// Docker's rules may ask for capabilities, kernels and architectures; a conversion answers for one container on one
// machine, which --caps, --kernel and --arch describe. Needs no --lossy.
inline constexpr base::DiagnosticId kResolved{1313, base::Severity::warning, "rules decided for one container"};

}  // namespace callgate::convert
