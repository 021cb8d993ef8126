// The words that the assembler and the disassembler share, and the shape of each instruction's operands.
//
// shape    operands            example
// none     -                   tax
// load     word, number, M, len  ld nr / ld [0] / ld #5 / ld M[3] / ld len
// loadx    number, M, len      ldx #5
// scratch  M                   st M[3]
// alu      number or x         and #0xff
// jump     number or x, labels  jeq #5, L1, L2
// always   label               ja L1
// ret      value, action or a  ret ERRNO(38)
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "bpf/program.h"

namespace callgate::bpf {

enum class Shape { none, load, loadx, scratch, alu, jump, always, ret };

struct Mnemonic {
  std::string_view name;
  std::uint16_t code;  // with operand K where there is a choice
  Shape shape;
  bool inverted = false;  // jne, jle, jlt: the other branch of jeq, jgt, jge
};

inline constexpr std::array<Mnemonic, 29> kMnemonics{{
    {"ld", op::kLdImm, Shape::load},
    {"ldx", op::kLdxImm, Shape::loadx},
    {"st", op::kSt, Shape::scratch},
    {"stx", op::kStx, Shape::scratch},
    {"tax", op::kTax, Shape::none},
    {"txa", op::kTxa, Shape::none},
    {"neg", op::kNeg, Shape::none},
    {"add", op::kAddK, Shape::alu},
    {"sub", op::kSubK, Shape::alu},
    {"mul", op::kMulK, Shape::alu},
    {"div", op::kDivK, Shape::alu},
    {"mod", op::kModK, Shape::alu},
    {"or", op::kOrK, Shape::alu},
    {"and", op::kAndK, Shape::alu},
    {"xor", op::kXorK, Shape::alu},
    {"lsh", op::kLshK, Shape::alu},
    {"rsh", op::kRshK, Shape::alu},
    {"ja", op::kJa, Shape::always},
    {"jmp", op::kJa, Shape::always},
    {"jeq", op::kJeqK, Shape::jump},
    {"jgt", op::kJgtK, Shape::jump},
    {"jge", op::kJgeK, Shape::jump},
    {"jset", op::kJsetK, Shape::jump},
    {"jne", op::kJeqK, Shape::jump, true},
    {"jneq", op::kJeqK, Shape::jump, true},
    {"jle", op::kJgtK, Shape::jump, true},
    {"jlt", op::kJgeK, Shape::jump, true},
    {"ret", op::kRetK, Shape::ret},
    {".raw", 0, Shape::none},
}};

struct ActionName {
  std::string_view name;
  std::uint32_t value;
};
inline constexpr std::array<ActionName, 8> kActionNames{{{"KILL_PROCESS", kRetKillProcess},
                                                         {"KILL_THREAD", kRetKillThread},
                                                         {"TRAP", kRetTrap},
                                                         {"ERRNO", kRetErrno},
                                                         {"NOTIFY", kRetNotify},
                                                         {"TRACE", kRetTrace},
                                                         {"LOG", kRetLog},
                                                         {"ALLOW", kRetAllow}}};

// "nr", "arch", "ip.hi", "args[2].lo"; empty for an offset that is no word of struct seccomp_data.
std::string word_name(std::uint32_t offset, bool little_endian);
std::optional<std::uint32_t> word_offset(std::string_view name, bool little_endian);

}  // namespace callgate::bpf
