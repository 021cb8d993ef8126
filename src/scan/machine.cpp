// SPDX-License-Identifier: Apache-2.0
#include "scan/machine.h"

#include <elf.h>

#include <algorithm>

#include "arch/calls.h"
#include "scan/arm64.h"
#include "scan/registers.h"

namespace callgate::scan {

namespace {

// System V ABI, AMD64 supplement.
constexpr Machine kX8664{
    .arch = arch::Arch::x86_64,
    .elf = EM_X86_64,
    .call_number = kRax,
    .call_arguments = {kRdi, kRsi, kRdx, kR10, kR8, kR9},
    .parameters = {kRdi, kRsi, kRdx, kRcx, kR8, kR9},
    .result = bit(kRax),
    .results = bit(kRax) | bit(kRdx),
    .stack_pointer = kRsp,
    .frame_pointer = kRbp,
    .caller_saved = kCallerSaved,
    .return_address_size = 8,
    .code_alignment = 1,
    .library_folder = "lib/x86_64-linux-gnu",
    .platform = "x86_64",
    .cache_flags = 0x0303,  // FLAG_X8664_LIB64, FLAG_ELF_LIBC6
    .library_directories = {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib",
                            "/usr/lib"},
};

// AAPCS64, and the kernel's calling convention (syscall(2)).
constexpr Machine kAarch64{
    .arch = arch::Arch::aarch64,
    .elf = EM_AARCH64,
    .call_number = 8,
    .call_arguments = {0, 1, 2, 3, 4, 5},
    .parameters = {0, 1, 2, 3, 4, 5},
    .result = bit(0),
    .results = bit(0) | bit(1),
    .stack_pointer = arm64::kStackPointer,
    .frame_pointer = arm64::kFramePointer,
    .caller_saved = arm64::kCallerSaved,
    .return_address_size = 0,
    .code_alignment = 4,
    .library_folder = "lib/aarch64-linux-gnu",
    .platform = "aarch64",
    .cache_flags = 0x0a03,  // FLAG_AARCH64_LIB64, FLAG_ELF_LIBC6
    .library_directories = {"/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib",
                            "/usr/lib"},
};

constexpr std::array<Machine, 2> kMachines{kX8664, kAarch64};

}  // namespace

std::optional<std::uint32_t> Machine::number_of(std::string_view call) const {
  return arch::number(arch, call);
}

std::span<const Machine> machines() {
  return kMachines;
}

const Machine* find_machine(std::uint16_t elf) {
  const auto found = std::find_if(kMachines.begin(), kMachines.end(), [&](const Machine& m) { return m.elf == elf; });
  return found == kMachines.end() ? nullptr : &*found;
}

}  // namespace callgate::scan
