// What can be wrong with a profile (CG10xx), and what engines do with one without a word (CG11xx).
// docs/diagnostics.md is made from these lines.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::format {

// A value has another type than its field takes: a string where a list is wanted, for instance.
inline constexpr base::DiagnosticId kWrongType{1001, base::Severity::error, "wrong type"};
// A field without which the reader refuses the profile.
inline constexpr base::DiagnosticId kMissingField{1002, base::Severity::error, "missing field"};
// A key that this reader does not know and skips.
inline constexpr base::DiagnosticId kUnknownKey{1003, base::Severity::warning, "unknown key"};
// No architecture has a call of that name; runtimes skip it. With --strict an error.
inline constexpr base::DiagnosticId kUnknownCall{1004, base::Severity::warning, "unknown call name"};
// Not one of the nine SCMP_ACT_ actions.
inline constexpr base::DiagnosticId kUnknownAction{1005, base::Severity::error, "unknown action"};
// Not one of the seven SCMP_CMP_ operators.
inline constexpr base::DiagnosticId kUnknownOperator{1006, base::Severity::error, "unknown operator"};
// The runtime does not know this architecture.
inline constexpr base::DiagnosticId kUnknownArchitecture{1007, base::Severity::error, "unknown architecture"};
// The runtime does not know this SECCOMP_FILTER_FLAG_ flag.
inline constexpr base::DiagnosticId kUnknownFlag{1008, base::Severity::error, "unknown flag"};
// A rule has both the old 'name' and 'names'.
inline constexpr base::DiagnosticId kNameAndNames{1009, base::Severity::error, "both name and names"};
// A profile has both 'architectures' and 'archMap'.
inline constexpr base::DiagnosticId kArchitecturesAndArchMap{1010, base::Severity::error,
                                                             "both architectures and archMap"};
// A call has six arguments, numbered 0 to 5.
inline constexpr base::DiagnosticId kArgumentIndex{1011, base::Severity::error, "argument index above 5"};
// The field takes an unsigned integer of at most 64 bits (32 for index and errnoRet), without fraction or exponent.
inline constexpr base::DiagnosticId kBadInteger{1012, base::Severity::error, "integer out of range"};
// minKernel is written "major.minor", each at most 255, and not 0.0.
inline constexpr base::DiagnosticId kBadMinKernel{1013, base::Severity::error, "malformed minKernel"};
// The kernel knows error numbers up to 4095 (MAX_ERRNO), libseccomp one less; a tracer gets 16 bits.
inline constexpr base::DiagnosticId kErrnoTooLarge{1014, base::Severity::error, "errno too large"};
// errnoRet goes with SCMP_ACT_ERRNO and SCMP_ACT_TRACE alone.
inline constexpr base::DiagnosticId kErrnoNotTaken{1015, base::Severity::error, "errno on an action that takes none"};
// runc cannot start a container whose default action waits for an agent.
inline constexpr base::DiagnosticId kNotifyDefault{1016, base::Severity::error, "SCMP_ACT_NOTIFY as default"};
// runc itself must write to its parent after the filter is in force.
inline constexpr base::DiagnosticId kNotifyWrite{1017, base::Severity::error, "SCMP_ACT_NOTIFY on write"};
// There are rules but no default action.
inline constexpr base::DiagnosticId kNoDefaultAction{1018, base::Severity::error, "no default action"};
// containers/common takes error names of Linux and decimal numbers.
inline constexpr base::DiagnosticId kUnknownErrno{1019, base::Severity::error, "unknown error name"};
// libseccomp puts architectures of different byte order into no one filter.
inline constexpr base::DiagnosticId kMixedEndian{1020, base::Severity::error, "architectures of both byte orders"};
// The file holds no object, or several documents.
inline constexpr base::DiagnosticId kNotAProfile{1021, base::Severity::error, "not a profile"};
// listenerMetadata means nothing without listenerPath, and the specification forbids it.
inline constexpr base::DiagnosticId kMetadataAlone{1023, base::Severity::error,
                                                   "listenerMetadata without listenerPath"};
// A call's name is the empty string. runc refuses it; crun skips it as an unknown name.
inline constexpr base::DiagnosticId kEmptyName{1024, base::Severity::error, "empty call name"};
// The same field is given twice in different spelling; the last one counts.
inline constexpr base::DiagnosticId kDuplicateKey{1025, base::Severity::warning, "field given twice"};
// A rule without any name decides nothing.
inline constexpr base::DiagnosticId kNoNames{1026, base::Severity::warning, "rule without names"};

// The reader takes the file as "no seccomp": the container may make every call.
inline constexpr base::DiagnosticId kSeccompOff{1101, base::Severity::warning, "seccomp is off"};
// A rule that says what the default says is skipped, so it shields no call from a later rule.
inline constexpr base::DiagnosticId kRuleEqualsDefault{1102, base::Severity::warning, "rule equals the default"};
// Runtimes turn a rule that uses one argument index twice into one rule a condition: any of them is enough.
inline constexpr base::DiagnosticId kOrRule{1103, base::Severity::warning, "conditions joined by OR"};
// runc drops errnoRet on an action that takes none.
inline constexpr base::DiagnosticId kErrnoIgnored{1104, base::Severity::warning, "errno ignored"};
// Runtimes keep 16 bits of errnoRet; what is left may be quite another error.
inline constexpr base::DiagnosticId kErrnoCut{1105, base::Severity::warning, "errno cut"};
// archMap is Docker's and Podman's; other readers cover the native architecture alone.
inline constexpr base::DiagnosticId kArchMapIgnored{1106, base::Severity::warning, "archMap ignored"};
// includes and excludes are Docker's and Podman's; elsewhere the rule holds always.
inline constexpr base::DiagnosticId kConditionsIgnored{1107, base::Severity::warning, "includes or excludes ignored"};
// The old 'name' is Docker's and Podman's; elsewhere the rule has no names.
inline constexpr base::DiagnosticId kNameIgnored{1108, base::Severity::warning, "name ignored"};
// Podman knows no minKernel: the rule holds on every kernel.
inline constexpr base::DiagnosticId kMinKernelIgnored{1109, base::Severity::warning, "minKernel ignored"};
// A rule without conditions swallows every rule with conditions on the same call, whatever their order.
inline constexpr base::DiagnosticId kUnconditionalWins{1110, base::Severity::warning, "conditions swallowed"};
// Rules with different actions hold for one call at once; libseccomp leaves open which one counts.
inline constexpr base::DiagnosticId kOverlap{1111, base::Severity::warning, "overlapping rules"};
// On this architecture the call can also be made through socketcall or ipc, where its arguments cannot be seen.
inline constexpr base::DiagnosticId kMultiplexed{1112, base::Severity::warning,
                                                 "arguments not seen through a multiplexer"};
// libseccomp always covers the machine's own architecture, listed or not.
inline constexpr base::DiagnosticId kNativeAdded{1113, base::Severity::warning, "native architecture added"};
// The runtime takes this flag and does nothing with it.
inline constexpr base::DiagnosticId kFlagIgnored{1114, base::Severity::warning, "flag ignored"};
// crun looks at the first six conditions of a rule only.
inline constexpr base::DiagnosticId kConditionDropped{1115, base::Severity::warning, "condition dropped"};
// On 32-bit architectures and x32 only the low 32 bits of a value are compared.
inline constexpr base::DiagnosticId kHighWordIgnored{1116, base::Severity::warning, "high 32 bits ignored"};
// A call has several rules without conditions; the first one counts.
inline constexpr base::DiagnosticId kRuleShadowed{1117, base::Severity::warning, "rule shadowed"};
// No container ever holds a capability of that name.
inline constexpr base::DiagnosticId kUnknownCapability{1118, base::Severity::warning, "unknown capability"};
// No machine has an architecture of that name in this list; Docker's lists use Go's names.
inline constexpr base::DiagnosticId kUnknownArches{1119, base::Severity::warning, "unknown name in arches"};
// Bits of valueTwo outside the mask are dropped by libseccomp; read literally the condition could never hold.
inline constexpr base::DiagnosticId kMaskDatum{1120, base::Severity::warning, "valueTwo outside its mask"};
// errno and defaultErrno are Podman's; other readers use errnoRet or EPERM.
inline constexpr base::DiagnosticId kErrnoNameIgnored{1121, base::Severity::warning, "error name ignored"};
// archMap has no entry for this machine, so only its own architecture is covered.
inline constexpr base::DiagnosticId kArchMapUnused{1122, base::Severity::warning,
                                                   "archMap has no entry for this machine"};

}  // namespace callgate::format
