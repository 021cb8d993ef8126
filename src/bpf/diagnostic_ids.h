// What can be wrong with a filter file, a program or its assembly text. docs/diagnostics.md is made from these lines.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::bpf {

// A filter file or program without any instruction; the kernel answers EINVAL.
inline constexpr base::DiagnosticId kEmptyFilter{2001, base::Severity::error, "empty filter"};
// A filter file consists of 8-byte struct sock_filter records; this one has bytes left over.
inline constexpr base::DiagnosticId kOddLength{2002, base::Severity::error, "filter length not a multiple of 8"};
// The kernel takes at most 4096 instructions a filter (BPF_MAXINSNS).
inline constexpr base::DiagnosticId kTooLong{2003, base::Severity::error, "filter too long"};
// The instruction's code is not one of classic BPF.
inline constexpr base::DiagnosticId kUnknownOpcode{2010, base::Severity::error, "unknown opcode"};
// A division or remainder by the constant 0.
inline constexpr base::DiagnosticId kDivisionByZero{2011, base::Severity::error, "division by zero"};
// A shift by a constant of 32 or more.
inline constexpr base::DiagnosticId kShiftTooFar{2012, base::Severity::error, "shift too far"};
// Scratch memory has the words M[0] to M[15].
inline constexpr base::DiagnosticId kNoSuchScratch{2013, base::Severity::error, "no such scratch word"};
// A jump leads past the last instruction.
inline constexpr base::DiagnosticId kJumpOutside{2014, base::Severity::error, "jump outside the program"};
// A load at a negative offset asks for packet metadata that does not exist.
inline constexpr base::DiagnosticId kUnknownAncillary{2015, base::Severity::error, "unknown ancillary load"};
// The last instruction must be a return, whether or not it can be reached.
inline constexpr base::DiagnosticId kNoFinalReturn{2016, base::Severity::error, "no return at the end"};
// Some path reads a scratch word that nothing has written before.
inline constexpr base::DiagnosticId kUnwrittenScratch{2017, base::Severity::error, "scratch word read before written"};
// A seccomp filter reads only aligned words of struct seccomp_data: multiples of 4 below 64.
inline constexpr base::DiagnosticId kBadLoadOffset{2018, base::Severity::error, "load outside seccomp_data"};
// Classic BPF knows the instruction, but seccomp filters may not use it (packet loads, mod).
inline constexpr base::DiagnosticId kNotForSeccomp{2019, base::Severity::error, "opcode not for seccomp"};
// All filters of a process together may have 32768 instructions, counted after the kernel's translation; ENOMEM.
inline constexpr base::DiagnosticId kStackTooLong{2020, base::Severity::error, "too many stacked filters"};
// The first word of the line is neither an instruction nor a label.
inline constexpr base::DiagnosticId kUnknownMnemonic{2030, base::Severity::error, "unknown mnemonic"};
// An operand is missing, superfluous or of a form that this instruction does not take.
inline constexpr base::DiagnosticId kBadOperand{2031, base::Severity::error, "bad operand"};
// A jump names a label that no line defines.
inline constexpr base::DiagnosticId kUndefinedLabel{2032, base::Severity::error, "undefined label"};
// Two lines define the same label.
inline constexpr base::DiagnosticId kDuplicateLabel{2033, base::Severity::error, "duplicate label"};
// Classic BPF only jumps forward; the label stands at or before the jump.
inline constexpr base::DiagnosticId kBackwardJump{2034, base::Severity::error, "backward jump"};
// A conditional jump skips at most 255 instructions.
inline constexpr base::DiagnosticId kJumpTooFar{2035, base::Severity::error, "jump too far"};
// A number does not fit its field (k has 32 bits, code 16, jt and jf 8).
inline constexpr base::DiagnosticId kNumberOutOfRange{2036, base::Severity::error, "number out of range"};
// A label at the end of the text names no instruction.
inline constexpr base::DiagnosticId kLabelAtEnd{2037, base::Severity::error, "label without instruction"};

}  // namespace callgate::bpf
