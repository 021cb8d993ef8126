// The load checks, pass by pass as the kernel makes them: every instruction alone (bpf_check_classic), the final
// return, scratch words (check_load_and_stores), then what seccomp forbids (seccomp_check_filter). Source:
// net/core/filter.c and kernel/seccomp.c. The order decides which instruction is named; the errno is always EINVAL.
// SPDX-License-Identifier: Apache-2.0
#include "bpf/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "bpf/dataflow.h"
#include "bpf/diagnostic_ids.h"

namespace callgate::bpf {
namespace {

constexpr std::uint32_t kScratchWords = 16;  // BPF_MEMWORDS

CheckFailure refuse(std::size_t insn, const base::DiagnosticId& id, std::string message) {
  return {insn, EINVAL, std::move(message), id.number};
}

bool uses_scratch(std::uint16_t code) {
  return code == op::kLdMem || code == op::kLdxMem || code == op::kSt || code == op::kStx;
}

bool is_return(std::uint16_t code) {
  return code == op::kRetK || code == op::kRetA;
}

// What seccomp_check_filter lets through; LD W ABS is looked at apart.
bool allowed_by_seccomp(std::uint16_t code) {
  if (is_conditional(code) || uses_scratch(code) || is_return(code)) return true;
  switch (code) {
    case op::kLdAbs:
    case op::kLdImm:
    case op::kLdLen:
    case op::kLdxImm:
    case op::kLdxLen:
    case op::kTax:
    case op::kTxa:
    case op::kNeg:
    case op::kJa:
      return true;
    default:
      break;
  }
  switch (code & ~op::kAluX) {
    case op::kAddK:
    case op::kSubK:
    case op::kMulK:
    case op::kDivK:
    case op::kOrK:
    case op::kAndK:
    case op::kLshK:
    case op::kRshK:
    case op::kXorK:
      return true;
    default:
      return false;
  }
}

// chk_code_allowed: classic BPF also has packet loads (halfword, byte, indirect, header length) and the remainder.
bool known_to_classic(std::uint16_t code) {
  constexpr std::uint16_t kLdHalfAbs = 0x28, kLdByteAbs = 0x30, kLdInd = 0x40, kLdHalfInd = 0x48, kLdByteInd = 0x50,
                          kLdxHeaderLength = 0xb1;
  switch (code) {
    case kLdHalfAbs:
    case kLdByteAbs:
    case kLdInd:
    case kLdHalfInd:
    case kLdByteInd:
    case kLdxHeaderLength:
    case op::kModK:
    case op::kModK | op::kAluX:
      return true;
    default:
      return allowed_by_seccomp(code);
  }
}

// A load at SKF_AD_OFF and above asks for packet metadata; the known ones are the multiples of 4 up to 60 from there.
bool unknown_ancillary(const Insn& insn) {
  constexpr std::uint32_t kAncillaryBase = 0xfffff000;  // SKF_AD_OFF
  constexpr std::uint32_t kLast = 60;                   // SKF_AD_VLAN_TPID
  const bool absolute = insn.code == op::kLdAbs || insn.code == 0x28 || insn.code == 0x30;
  if (!absolute || insn.k < kAncillaryBase) return false;
  const std::uint32_t which = insn.k - kAncillaryBase;
  return which > kLast || which % 4 != 0;
}

std::optional<CheckFailure> check_jump(const Insn& insn, std::size_t at, std::size_t size) {
  std::uint64_t furthest = 0;  // distance from the next instruction
  if (insn.code == op::kJa) {
    furthest = insn.k;
  } else if (is_conditional(insn.code)) {
    furthest = std::max(insn.jt, insn.jf);
  } else {
    return std::nullopt;
  }
  const std::uint64_t target = at + 1 + furthest;
  if (target < size) return std::nullopt;
  return refuse(at, kJumpOutside, fmt::format("jump to {} is outside the program of {} instructions", target, size));
}

std::optional<CheckFailure> check_classic(const Insn& insn, std::size_t at, std::size_t size) {
  if (!known_to_classic(insn.code)) {
    return refuse(at, kUnknownOpcode, fmt::format("0x{:04x} is not an opcode of classic BPF", insn.code));
  }
  if ((insn.code == op::kDivK || insn.code == op::kModK) && insn.k == 0) {
    return refuse(at, kDivisionByZero, "division by the constant 0");
  }
  if ((insn.code == op::kLshK || insn.code == op::kRshK) && insn.k >= 32) {
    return refuse(at, kShiftTooFar, fmt::format("shift by {}; the most is 31", insn.k));
  }
  if (uses_scratch(insn.code) && insn.k >= kScratchWords) {
    return refuse(at, kNoSuchScratch, fmt::format("scratch word {} does not exist; the last is 15", insn.k));
  }
  if (auto failure = check_jump(insn, at, size)) return failure;
  if (unknown_ancillary(insn)) {
    return refuse(at, kUnknownAncillary, fmt::format("load at 0x{:x} asks for unknown packet metadata", insn.k));
  }
  return std::nullopt;
}

// The kernel's approximation, not an exact reachability: after a jump everything counts as written unless some jump
// leads here, and a return does not end what is known.
std::optional<CheckFailure> check_scratch(std::span<const Insn> program) {
  constexpr std::uint16_t kAll = 0xffff;
  std::vector<std::uint16_t> written_at(program.size(), kAll);
  std::uint16_t written = 0;
  for (std::size_t i = 0; i < program.size(); ++i) {
    const Insn& insn = program[i];
    written = written & written_at[i];
    if (uses_scratch(insn.code)) {
      const auto bit = static_cast<std::uint16_t>(1U << insn.k);
      if (insn.code == op::kSt || insn.code == op::kStx) {
        written = written | bit;
      } else if ((written & bit) == 0) {
        return refuse(i, kUnwrittenScratch, fmt::format("scratch word {} may be read before it is written", insn.k));
      }
    } else if (insn.code == op::kJa) {
      written_at[i + 1 + insn.k] &= written;
      written = kAll;
    } else if (is_conditional(insn.code)) {
      written_at[i + 1 + insn.jt] &= written;
      written_at[i + 1 + insn.jf] &= written;
      written = kAll;
    }
  }
  return std::nullopt;
}

std::optional<CheckFailure> check_seccomp(std::span<const Insn> program) {
  for (std::size_t i = 0; i < program.size(); ++i) {
    const Insn& insn = program[i];
    if (!allowed_by_seccomp(insn.code)) {
      return refuse(i, kNotForSeccomp, fmt::format("opcode 0x{:02x} is not allowed in a seccomp filter", insn.code));
    }
    if (insn.code == op::kLdAbs && (insn.k >= kDataBytes || insn.k % 4 != 0)) {
      return refuse(
          i, kBadLoadOffset,
          fmt::format("load at {} is not an aligned word of the {} bytes of seccomp_data", insn.k, kDataBytes));
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<CheckFailure> check(std::span<const Insn> program) {
  if (program.empty()) return refuse(0, kEmptyFilter, "the filter has no instructions");
  if (program.size() > kMaxInsns) {
    return refuse(
        kMaxInsns, kTooLong,
        fmt::format("filter has {} instructions; the kernel takes {} (BPF_MAXINSNS)", program.size(), kMaxInsns));
  }
  for (std::size_t i = 0; i < program.size(); ++i) {
    if (auto failure = check_classic(program[i], i, program.size())) return failure;
  }
  if (!is_return(program.back().code)) {
    return refuse(program.size(), kNoFinalReturn, "the last instruction is not a return");
  }
  if (auto failure = check_scratch(program)) return failure;
  return check_seccomp(program);
}

std::size_t translated_size(std::span<const Insn> program) {
  std::size_t size = 3;  // clear A, clear X, keep the context
  for (const Insn& insn : program) {
    size += 1;
    if (insn.code == op::kRetK) size += 1;                // load the value, exit
    if (insn.code == (op::kDivK | op::kAluX)) size += 4;  // a divisor of 0 returns 0
    if (!is_conditional(insn.code)) continue;
    const bool negative = (insn.code & op::kAluX) == 0 && (insn.k >> 31) != 0;
    if (negative) size += 1;  // immediates of eBPF are signed: the operand goes through a register
    const bool inverts = (insn.code & ~op::kAluX) != op::kJsetK;
    if (insn.jf != 0 && !(insn.jt == 0 && inverts)) size += 1;  // two targets take two jumps
  }
  return size;
}

std::optional<CheckFailure> check_stack(std::span<const std::size_t> sizes) {
  constexpr std::size_t kPenalty = 4;  // an older filter counts that much more
  std::size_t older = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (older + sizes[i] > kMaxStackInsns) {
      return CheckFailure{i, ENOMEM,
                          fmt::format("filter {} of {} makes a stack of {} instructions; the kernel takes {}", i + 1,
                                      sizes.size(), older + sizes[i], kMaxStackInsns),
                          kStackTooLong.number};
    }
    older += sizes[i] + kPenalty;
  }
  return std::nullopt;
}

}  // namespace callgate::bpf
