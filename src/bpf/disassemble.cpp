// Instructions to text. An instruction whose unused fields are not zero, or that has no mnemonic, is written as
// `.raw code jt jf k`, so the text always assembles to the same bytes.
// SPDX-License-Identifier: Apache-2.0
#include "bpf/disassemble.h"

#include <fmt/format.h>

#include "bpf/mnemonics.h"

namespace callgate::bpf {
namespace {

std::string_view mnemonic_of(std::uint16_t code, Shape shape) {
  for (const Mnemonic& m : kMnemonics) {
    if (m.shape == shape && m.code == code && !m.inverted) return m.name;
  }
  return {};
}

std::string raw(const Insn& insn) {
  return fmt::format(".raw 0x{:x} {} {} 0x{:x}", insn.code, insn.jt, insn.jf, insn.k);
}

std::string number(std::uint32_t k) {
  return k < 10 ? fmt::format("#{}", k) : fmt::format("#0x{:x}", k);
}

std::string load_text(const Insn& insn, bool little_endian) {
  switch (insn.code) {
    case op::kLdAbs: {
      const std::string word = word_name(insn.k, little_endian);
      return word.empty() ? fmt::format("ld [{}]", insn.k) : "ld " + word;
    }
    case op::kLdImm:
      return "ld " + number(insn.k);
    case op::kLdMem:
      return fmt::format("ld M[{}]", insn.k);
    case op::kLdxImm:
      return "ldx " + number(insn.k);
    case op::kLdxMem:
      return fmt::format("ldx M[{}]", insn.k);
    case op::kSt:
      return fmt::format("st M[{}]", insn.k);
    case op::kStx:
      return fmt::format("stx M[{}]", insn.k);
    case op::kLdLen:
      return insn.k == 0 ? "ld len" : "";
    case op::kLdxLen:
      return insn.k == 0 ? "ldx len" : "";
    default:
      return {};
  }
}

std::string ret_text(std::uint32_t k) {
  const std::string action = action_text(k);
  return action.find("(0x") == std::string::npos ? "ret " + action : fmt::format("ret #0x{:x}", k);
}

std::string jump_text(const Insn& insn, std::size_t at, std::size_t size) {
  if (insn.code == op::kJa) {
    const std::uint64_t target = std::uint64_t{at} + 1 + insn.k;
    return insn.jt == 0 && insn.jf == 0 && target < size ? fmt::format("ja L{}", target) : "";
  }
  const bool with_x = (insn.code & op::kAluX) != 0;
  const std::size_t yes = at + 1 + insn.jt, no = at + 1 + insn.jf;
  if (yes >= size || no >= size || (with_x && insn.k != 0)) return {};
  const auto code = static_cast<std::uint16_t>(insn.code & ~op::kAluX);
  return fmt::format("{} {}, L{}, L{}", mnemonic_of(code, Shape::jump), with_x ? "x" : number(insn.k), yes, no);
}

// Empty if only `.raw` can say it.
std::string plain_text(const Insn& insn, std::size_t at, std::size_t size, bool little_endian) {
  if (insn.code == op::kJa || is_conditional(insn.code)) return jump_text(insn, at, size);
  if (insn.jt != 0 || insn.jf != 0) return {};
  if (std::string load = load_text(insn, little_endian); !load.empty()) return load;
  if (insn.code == op::kRetK) return ret_text(insn.k);
  if (insn.code == op::kRetA) return insn.k == 0 ? "ret a" : "";
  if (const auto name = mnemonic_of(insn.code, Shape::none); !name.empty() && insn.code != 0) {
    return insn.k == 0 ? std::string(name) : "";
  }
  if (const auto name = mnemonic_of(insn.code, Shape::alu); !name.empty()) {
    return fmt::format("{} {}", name, number(insn.k));
  }
  const auto with_k = static_cast<std::uint16_t>(insn.code & ~op::kAluX);
  if (const auto name = mnemonic_of(with_k, Shape::alu); !name.empty() && insn.k == 0) {
    return fmt::format("{} x", name);
  }
  return {};
}

// Names come from outside; a comment may end neither a line nor a C comment.
std::string harmless(std::string text) {
  for (char& c : text) {
    if (c < ' ' || c > '~' || c == '*' || c == '\\') c = '?';
  }
  return text;
}

std::string comment_of(const Insn& insn, const Known& known, const Names& names, bool little_endian) {
  if (insn.code == op::kRetK) {
    const std::string action = action_text(insn.k);
    return action.find("(0x") == std::string::npos ? "" : action;
  }
  if (!is_conditional(insn.code) || !known.word) return {};
  const bool little = known.arch ? (*known.arch & 0x40000000) != 0 : little_endian;
  const bool whole = known.mask == 0xffffffff;
  const bool constant = (insn.code & op::kAluX) == 0 && insn.code != op::kJsetK;
  std::string meaning;
  if (whole && constant && *known.word == kOffsetNr && names.call) {
    meaning = names.call(known.arch.value_or(0), insn.k);
  } else if (whole && constant && *known.word == kOffsetArch && names.arch) {
    meaning = names.arch(insn.k);
  }
  if (!meaning.empty()) return meaning;
  std::string word = word_name(*known.word, little);
  if (!whole) word += fmt::format(" & 0x{:x}", known.mask);
  return word;
}

}  // namespace

std::string word_name(std::uint32_t offset, bool little_endian) {
  if (offset % 4 != 0 || offset >= kDataBytes) return {};
  if (offset == kOffsetNr) return "nr";
  if (offset == kOffsetArch) return "arch";
  const std::string_view half = (offset % 8 == 0) == little_endian ? "lo" : "hi";
  if (offset < kOffsetArgs) return fmt::format("ip.{}", half);
  return fmt::format("args[{}].{}", (offset - kOffsetArgs) / 8, half);
}

std::optional<std::uint32_t> word_offset(std::string_view name, bool little_endian) {
  if (name == "nr") return kOffsetNr;
  if (name == "arch") return kOffsetArch;
  const bool low = name.ends_with(".lo");
  if (!low && !name.ends_with(".hi")) return std::nullopt;
  const std::uint32_t half = low == little_endian ? 0 : 4;
  name.remove_suffix(3);
  if (name == "ip") return kOffsetIp + half;
  if (name.size() != 7 || !name.starts_with("args[") || name[6] != ']') return std::nullopt;
  if (name[5] < '0' || name[5] > '5') return std::nullopt;
  return kOffsetArgs + 8 * static_cast<std::uint32_t>(name[5] - '0') + half;
}

std::string action_text(std::uint32_t return_value) {
  const std::uint32_t data = return_value & 0xffff;
  for (const ActionName& action : kActionNames) {
    if (action.value != (return_value & 0xffff0000)) continue;
    const bool always_with_data = action.value == kRetErrno || action.value == kRetTrace;
    if (data == 0 && !always_with_data) return std::string(action.name);
    return fmt::format("{}({})", action.name, data);
  }
  return fmt::format("KILL_PROCESS(0x{:x})", return_value);
}

std::vector<Line> to_lines(std::span<const Insn> program, const Names& names, bool little_endian) {
  const std::vector<Known> known = known_before(program);
  std::vector<Line> lines(program.size());
  for (std::size_t i = 0; i < program.size(); ++i) {
    lines[i].text = plain_text(program[i], i, program.size(), little_endian);
    if (lines[i].text.empty()) lines[i].text = raw(program[i]);
    lines[i].comment = harmless(comment_of(program[i], known[i], names, little_endian));
  }
  return lines;
}

std::vector<bool> jump_targets(std::span<const Insn> program) {
  std::vector<bool> targets(program.size());
  const auto mark = [&targets](std::uint64_t index) {
    if (index < targets.size()) targets[index] = true;
  };
  for (std::size_t i = 0; i < program.size(); ++i) {
    if (program[i].code == op::kJa) mark(std::uint64_t{i} + 1 + program[i].k);
    if (!is_conditional(program[i].code)) continue;
    mark(i + 1 + program[i].jt);
    mark(i + 1 + program[i].jf);
  }
  return targets;
}

std::string disassemble(std::span<const Insn> program, const Names& names, const DisasmOptions& options) {
  const std::vector<Line> lines = to_lines(program, names, options.little_endian);
  const std::vector<bool> targets = jump_targets(program);
  const std::size_t width = fmt::formatted_size("L{}:", program.size());
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string label = options.addresses || targets[i] ? fmt::format("L{}:", i) : std::string();
    if (lines[i].comment.empty()) {
      out += fmt::format("{:<{}} {}\n", label, width, lines[i].text);
    } else {
      out += fmt::format("{:<{}} {:<32} ; {}\n", label, width, lines[i].text, lines[i].comment);
    }
  }
  return out;
}

}  // namespace callgate::bpf
