// Programs as C, Graphviz and JSON.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/json_write.h"
#include "bpf/assembly.h"
#include "bpf/disassemble.h"

namespace callgate::bpf {
namespace {

// "BPF_JMP | BPF_JEQ | BPF_K"; empty for a code that linux/filter.h's names do not spell.
std::string c_code(std::uint16_t code) {
  switch (code) {
      // clang-format off
    case op::kLdAbs:  return "BPF_LD | BPF_W | BPF_ABS";
    case op::kLdImm:  return "BPF_LD | BPF_IMM";
    case op::kLdMem:  return "BPF_LD | BPF_MEM";
    case op::kLdLen:  return "BPF_LD | BPF_W | BPF_LEN";
    case op::kLdxImm: return "BPF_LDX | BPF_IMM";
    case op::kLdxMem: return "BPF_LDX | BPF_MEM";
    case op::kLdxLen: return "BPF_LDX | BPF_W | BPF_LEN";
    case op::kSt:     return "BPF_ST";
    case op::kStx:    return "BPF_STX";
    case op::kTax:    return "BPF_MISC | BPF_TAX";
    case op::kTxa:    return "BPF_MISC | BPF_TXA";
    case op::kNeg:    return "BPF_ALU | BPF_NEG";
    case op::kRetK:   return "BPF_RET | BPF_K";
    case op::kRetA:   return "BPF_RET | BPF_A";
    case op::kJa:     return "BPF_JMP | BPF_JA";
    default: break;
      // clang-format on
  }
  const std::string_view source = (code & op::kAluX) != 0 ? "BPF_X" : "BPF_K";
  const auto spell = [source](std::string_view kind) { return fmt::format("{} | {}", kind, source); };
  switch (code & ~op::kAluX) {
      // clang-format off
    case op::kAddK:  return spell("BPF_ALU | BPF_ADD");
    case op::kSubK:  return spell("BPF_ALU | BPF_SUB");
    case op::kMulK:  return spell("BPF_ALU | BPF_MUL");
    case op::kDivK:  return spell("BPF_ALU | BPF_DIV");
    case op::kModK:  return spell("BPF_ALU | BPF_MOD");
    case op::kOrK:   return spell("BPF_ALU | BPF_OR");
    case op::kAndK:  return spell("BPF_ALU | BPF_AND");
    case op::kXorK:  return spell("BPF_ALU | BPF_XOR");
    case op::kLshK:  return spell("BPF_ALU | BPF_LSH");
    case op::kRshK:  return spell("BPF_ALU | BPF_RSH");
    case op::kJeqK:  return spell("BPF_JMP | BPF_JEQ");
    case op::kJgtK:  return spell("BPF_JMP | BPF_JGT");
    case op::kJgeK:  return spell("BPF_JMP | BPF_JGE");
    case op::kJsetK: return spell("BPF_JMP | BPF_JSET");
    default:         return {};
      // clang-format on
  }
}

std::string c_initialiser(const Insn& insn) {
  const std::string code = c_code(insn.code);
  if (!code.empty() && is_conditional(insn.code)) {
    return fmt::format("BPF_JUMP({}, 0x{:x}, {}, {})", code, insn.k, insn.jt, insn.jf);
  }
  if (!code.empty() && insn.jt == 0 && insn.jf == 0) return fmt::format("BPF_STMT({}, 0x{:x})", code, insn.k);
  return fmt::format("{{0x{:x}, {}, {}, 0x{:x}}}", insn.code, insn.jt, insn.jf, insn.k);
}

bool ends_block(std::uint16_t code) {
  return is_conditional(code) || code == op::kJa || code == op::kRetK || code == op::kRetA;
}

std::string with_comment(const Line& line) {
  return line.comment.empty() ? line.text : fmt::format("{} ; {}", line.text, line.comment);
}

std::string dot_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// The edges that leave the block which begins at `block` and ends with instruction `last`.
std::string dot_edges(std::span<const Insn> program, std::size_t block, std::size_t last) {
  const Insn& insn = program[last];
  const auto node = [&program](std::uint64_t target) {
    return target < program.size() ? fmt::format("b{}", target) : std::string("outside");
  };
  if (insn.code == op::kRetK || insn.code == op::kRetA) return {};
  if (insn.code == op::kJa) return fmt::format("  b{} -> {};\n", block, node(std::uint64_t{last} + 1 + insn.k));
  if (!is_conditional(insn.code)) return fmt::format("  b{} -> {};\n", block, node(last + 1));
  return fmt::format("  b{} -> {} [label=\"yes\"];\n  b{} -> {} [label=\"no\", style=dashed];\n", block,
                     node(last + 1 + insn.jt), block, node(last + 1 + insn.jf));
}

}  // namespace

std::string to_c(std::span<const Insn> program, const Names& names, std::string_view name) {
  const std::vector<Line> lines = to_lines(program, names, looks_little_endian(program));
  std::string out = fmt::format("static const struct sock_filter {}[] = {{\n", name);
  for (std::size_t i = 0; i < program.size(); ++i) {
    out += fmt::format("  {:<56} /* {:4}: {} */\n", c_initialiser(program[i]) + ",", i, with_comment(lines[i]));
  }
  return out + "};\n";
}

std::string to_dot(std::span<const Insn> program, const Names& names) {
  const std::vector<Line> lines = to_lines(program, names, looks_little_endian(program));
  const std::vector<bool> targets = jump_targets(program);
  std::string nodes, edges;
  for (std::size_t block = 0; block < program.size();) {
    std::size_t last = block;
    std::string label;
    for (;; ++last) {
      label += fmt::format("L{}: {}\\l", last, dot_escape(with_comment(lines[last])));
      if (ends_block(program[last].code) || last + 1 == program.size() || targets[last + 1]) break;
    }
    nodes += fmt::format("  b{} [label=\"{}\"];\n", block, label);
    edges += dot_edges(program, block, last);
    block = last + 1;
  }
  return "digraph filter {\n  node [shape=box, fontname=\"monospace\"];\n" + nodes + edges + "}\n";
}

std::string to_json(std::span<const Insn> program, const Names& names) {
  const std::vector<Line> lines = to_lines(program, names, looks_little_endian(program));
  base::JsonWriter json;
  json.begin_object().key("instructions").begin_array();
  for (std::size_t i = 0; i < program.size(); ++i) {
    const Insn& insn = program[i];
    json.begin_object().member("index", i).member("code", insn.code).member("jt", insn.jt).member("jf", insn.jf);
    json.member("k", insn.k).member("text", lines[i].text);
    if (!lines[i].comment.empty()) json.member("comment", lines[i].comment);
    json.end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace callgate::bpf
