// Text to instructions, in two steps: each line becomes an instruction whose jumps still name labels, then labels
// become distances. A line with an error still takes its place, so that later distances are right and one run
// reports everything.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/text.h"
#include "bpf/assembly.h"
#include "bpf/diagnostic_ids.h"
#include "bpf/mnemonics.h"

namespace callgate::bpf {
namespace {

constexpr std::uint64_t kMaxK = 0xffffffff;

// A jump's label; empty text: fall through to the next instruction.
struct Target {
  std::string_view label;
  base::Span span;
};

struct Statement {
  Insn insn;
  bool jumps = false;
  Target yes, no;  // JA uses `yes` only
};

struct Label {
  std::size_t index = 0;
  base::Span span;
};

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '_' && c != '.') return false;
  }
  return true;
}

bool is_x(std::string_view text) {
  return text == "x" || text == "X" || text == "%x";
}

class Assembler {
 public:
  Assembler(const base::SourceFile& file, base::Diagnostics& diagnostics, bool little_endian)
      : file_(file), diagnostics_(diagnostics), little_endian_(little_endian) {}

  std::optional<Program> assemble() {
    const std::size_t errors_before = diagnostics_.error_count();
    read_lines();
    Program program;
    program.reserve(statements_.size());
    for (std::size_t i = 0; i < statements_.size(); ++i) program.push_back(resolve(i));
    for (const Label* label : labels_at_end()) {
      add(kLabelAtEnd, label->span, fmt::format("label {} stands after the last instruction", quoted(label->span)));
    }
    if (program.empty() && diagnostics_.error_count() == errors_before) {
      add(kEmptyFilter, {&file_, 0, 0}, "the filter has no instructions");
    }
    if (program.size() > kMaxInsns) {
      add(kTooLong, {&file_, 0, 0},
          fmt::format("filter has {} instructions; the kernel takes {} (BPF_MAXINSNS)", program.size(), kMaxInsns));
    }
    if (diagnostics_.error_count() != errors_before) return std::nullopt;
    return program;
  }

 private:
  base::Span span_of(std::string_view part) const {
    const auto begin = static_cast<std::uint32_t>(part.data() - file_.text().data());
    return {&file_, begin, begin + static_cast<std::uint32_t>(part.size())};
  }
  static std::string quoted(const base::Span& span) { return fmt::format("'{}'", base::printable(span.text())); }
  static std::string quoted(std::string_view text) { return fmt::format("'{}'", base::printable(text)); }
  void add(const base::DiagnosticId& id, base::Span span, std::string message, std::string help = {}) {
    diagnostics_.add(id, span, std::move(message), std::move(help));
  }

  // The message's subject is the offending operand; `wanted` says what the instruction takes.
  void bad_operand(std::string_view part, std::string_view mnemonic, std::string_view wanted) {
    std::string message = part.empty() ? fmt::format("'{}' lacks an operand", mnemonic)
                                       : fmt::format("'{}' does not take {}", mnemonic, quoted(part));
    add(kBadOperand, span_of(part.empty() ? mnemonic : part), std::move(message), fmt::format("it takes {}", wanted));
  }

  void read_lines() {
    std::string_view rest = file_.text();
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      line = base::trim(line.substr(0, line.find(';')));
      line = read_labels(line);
      if (!line.empty()) read_instruction(line);
    }
  }

  // Takes `name:` off the front of the line, as often as there is one.
  std::string_view read_labels(std::string_view line) {
    for (;;) {
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) return line;
      const std::string_view name = base::trim(line.substr(0, colon));
      if (!is_name(name)) return line;
      const auto [place, is_new] = labels_.try_emplace(name, Label{statements_.size(), span_of(name)});
      if (!is_new) {
        auto& found =
            diagnostics_.add(kDuplicateLabel, span_of(name), fmt::format("label {} is defined twice", quoted(name)));
        found.notes.push_back({place->second.span, "first defined here"});
      }
      line = base::trim(line.substr(colon + 1));
    }
  }

  void read_instruction(std::string_view line) {
    const std::size_t space = line.find_first_of(" \t");
    const std::string_view word = line.substr(0, space);
    const std::string_view operands =
        space == std::string_view::npos ? line.substr(line.size()) : base::trim(line.substr(space));
    Statement& statement = statements_.emplace_back();
    if (word == ".raw") {
      read_raw(statement, word, operands);
      return;
    }
    for (const Mnemonic& mnemonic : kMnemonics) {
      if (mnemonic.name != word) continue;
      statement.insn.code = mnemonic.code;
      read_operands(statement, mnemonic, word, operands);
      return;
    }
    unknown_mnemonic(word);
  }

  void unknown_mnemonic(std::string_view word) {
    std::array<std::string_view, kMnemonics.size()> known;
    for (std::size_t i = 0; i < known.size(); ++i) known[i] = kMnemonics[i].name;
    constexpr std::size_t kLongestWorthComparing = 16;
    const auto near = word.size() <= kLongestWorthComparing ? base::closest(word, known) : std::nullopt;
    add(kUnknownMnemonic, span_of(word), fmt::format("unknown mnemonic {}", quoted(word)),
        near ? fmt::format("did you mean '{}'?", *near) : std::string());
  }

  void read_operands(Statement& statement, const Mnemonic& mnemonic, std::string_view word, std::string_view text) {
    std::vector<std::string_view> parts;
    if (!text.empty()) {
      for (const std::string_view part : base::split(text, ',')) parts.push_back(base::trim(part));
    }
    const std::size_t most = mnemonic.shape == Shape::none ? 0 : mnemonic.shape == Shape::jump ? 3 : 1;
    if (parts.size() > most) {
      add(kBadOperand, span_of(text),
          fmt::format("'{}' takes {} operand{}, not {}", word, most, most == 1 ? "" : "s", parts.size()));
      return;
    }
    const std::string_view first = parts.empty() ? word.substr(0, 0) : parts[0];
    switch (mnemonic.shape) {
      case Shape::none:
        return;
      case Shape::load:
        return read_load(statement.insn, word, first);
      case Shape::loadx:
        return read_loadx(statement.insn, word, first);
      case Shape::scratch:
        if (!read_scratch(statement.insn, first)) bad_operand(first, word, "a scratch word such as M[3]");
        return;
      case Shape::alu:
        if (!read_number_or_x(statement.insn, first)) bad_operand(first, word, "a number such as #0xff, or x");
        return;
      case Shape::ret:
        return read_ret(statement.insn, word, first);
      case Shape::always:
        return read_always(statement, word, first);
      case Shape::jump:
        return read_jump(statement, mnemonic, word, parts);
    }
  }

  // `text` without its `#` as a number of at most `most`. A number that is too large is reported and taken as 0, so
  // that false only means "not a number".
  bool read_number(std::string_view text, std::uint64_t most, std::uint64_t& value) {
    const auto parsed = base::parse_u64(text);
    const bool hex =
        text.starts_with("0x") && text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos;
    const bool digits = text.find_first_not_of("0123456789") == std::string_view::npos;
    if (!parsed && (text.size() < 3 || !(hex || digits))) return false;
    if (!parsed || *parsed > most) {
      add(kNumberOutOfRange, span_of(text), fmt::format("{} is out of range; the most is 0x{:x}", quoted(text), most));
      return true;
    }
    value = *parsed;
    return true;
  }
  bool read_k(Insn& insn, std::string_view text) {
    std::uint64_t k = 0;
    if (!read_number(text, kMaxK, k)) return false;
    insn.k = static_cast<std::uint32_t>(k);
    return true;
  }
  bool read_immediate(Insn& insn, std::string_view text) {
    return text.starts_with('#') && read_k(insn, text.substr(1));
  }
  bool read_scratch(Insn& insn, std::string_view text) {
    return text.starts_with("M[") && text.ends_with(']') && read_k(insn, base::trim(text.substr(2, text.size() - 3)));
  }
  bool read_number_or_x(Insn& insn, std::string_view text) {
    if (!is_x(text)) return read_immediate(insn, text);
    insn.code |= op::kAluX;
    return true;
  }

  void read_load(Insn& insn, std::string_view word, std::string_view text) {
    if (const auto offset = word_offset(text, little_endian_)) {
      insn = {op::kLdAbs, 0, 0, *offset};
    } else if (text == "len" || text == "#len") {
      insn.code = op::kLdLen;
    } else if (read_scratch(insn, text)) {
      insn.code = op::kLdMem;
    } else if (text.starts_with('[') && text.ends_with(']') &&
               read_k(insn, base::trim(text.substr(1, text.size() - 2)))) {
      insn.code = op::kLdAbs;
    } else if (!read_immediate(insn, text)) {
      bad_operand(text, word, "nr, arch, ip.lo, args[0].lo, [16], #5, M[3] or len");
    }
  }

  void read_loadx(Insn& insn, std::string_view word, std::string_view text) {
    if (text == "len" || text == "#len") {
      insn.code = op::kLdxLen;
    } else if (read_scratch(insn, text)) {
      insn.code = op::kLdxMem;
    } else if (!read_immediate(insn, text)) {
      bad_operand(text, word, "#5, M[3] or len");
    }
  }

  void read_ret(Insn& insn, std::string_view word, std::string_view text) {
    if (text == "a" || text == "A" || text == "%a") {
      insn.code = op::kRetA;
    } else if (!read_immediate(insn, text) && !read_action(insn, text)) {
      bad_operand(text, word, "#0x7fff0000, a, or an action such as ALLOW or ERRNO(38)");
    }
  }

  bool read_action(Insn& insn, std::string_view text) {
    const std::size_t open = text.find('(');
    std::uint64_t data = 0;
    if (open != std::string_view::npos) {
      if (!text.ends_with(')')) return false;
      if (!read_number(base::trim(text.substr(open + 1, text.size() - open - 2)), 0xffff, data)) return false;
    }
    for (const ActionName& action : kActionNames) {
      if (action.name != base::trim(text.substr(0, open))) continue;
      insn.k = action.value | static_cast<std::uint32_t>(data);
      return true;
    }
    return false;
  }

  void read_always(Statement& statement, std::string_view word, std::string_view text) {
    if (!is_name(text)) return bad_operand(text, word, "a label");
    statement.jumps = true;
    statement.yes = {text, span_of(text)};
  }

  void read_jump(Statement& statement, const Mnemonic& mnemonic, std::string_view word,
                 const std::vector<std::string_view>& parts) {
    const std::string_view first = parts.empty() ? word.substr(0, 0) : parts[0];
    if (!read_number_or_x(statement.insn, first)) return bad_operand(first, word, "a number such as #0xff, or x");
    if (parts.size() < 2) return bad_operand(word.substr(0, 0), word, "a label after its first operand");
    for (std::size_t i = 1; i < parts.size(); ++i) {
      if (!is_name(parts[i])) return bad_operand(parts[i], word, "labels after its first operand");
    }
    statement.jumps = true;
    statement.yes = {parts[1], span_of(parts[1])};
    if (parts.size() == 3) statement.no = {parts[2], span_of(parts[2])};
    if (mnemonic.inverted) std::swap(statement.yes, statement.no);
  }

  void read_raw(Statement& statement, std::string_view word, std::string_view text) {
    constexpr std::array<std::uint64_t, 4> kMost{0xffff, 0xff, 0xff, kMaxK};
    std::array<std::uint64_t, 4> fields{};
    std::size_t count = 0;
    for (std::string_view part : base::split(text, ' ')) {
      part = base::trim(part);
      if (part.empty()) continue;
      if (count == fields.size() || !read_number(part, kMost[count], fields[count])) {
        return bad_operand(part, word, "four numbers: code jt jf k");
      }
      ++count;
    }
    if (count != fields.size()) return bad_operand(word.substr(0, 0), word, "four numbers: code jt jf k");
    statement.insn = {static_cast<std::uint16_t>(fields[0]), static_cast<std::uint8_t>(fields[1]),
                      static_cast<std::uint8_t>(fields[2]), static_cast<std::uint32_t>(fields[3])};
  }

  // How many instructions lie between the jump at `at` and its label; 0 after an error.
  std::size_t distance(std::size_t at, const Target& target, std::size_t most) {
    if (target.label.empty()) return 0;
    const auto found = labels_.find(target.label);
    if (found == labels_.end()) {
      add(kUndefinedLabel, target.span, fmt::format("label {} is not defined", quoted(target.label)));
      return 0;
    }
    const Label& label = found->second;
    if (label.index >= statements_.size()) return 0;  // reported as a label at the end
    if (label.index <= at) {
      auto& back =
          diagnostics_.add(kBackwardJump, target.span,
                           fmt::format("jump back to {}; classic BPF only jumps forward", quoted(target.label)));
      back.notes.push_back({label.span, "the label stands here"});
      return 0;
    }
    const std::size_t skipped = label.index - at - 1;
    if (skipped <= most) return skipped;
    add(kJumpTooFar, target.span,
        fmt::format("jump to {} skips {} instructions; a conditional jump skips at most {}", quoted(target.label),
                    skipped, most),
        "jump to a 'ja' on the way, which reaches any distance");
    return 0;
  }

  Insn resolve(std::size_t at) {
    const Statement& statement = statements_[at];
    Insn insn = statement.insn;
    if (!statement.jumps) return insn;
    if (insn.code == op::kJa) {
      insn.k = static_cast<std::uint32_t>(distance(at, statement.yes, kMaxK));
    } else {
      insn.jt = static_cast<std::uint8_t>(distance(at, statement.yes, 0xff));
      insn.jf = static_cast<std::uint8_t>(distance(at, statement.no, 0xff));
    }
    return insn;
  }

  // In text order, so that the report does not depend on the table's.
  std::vector<const Label*> labels_at_end() const {
    std::vector<const Label*> found;
    for (const auto& [name, label] : labels_) {
      if (label.index == statements_.size() && !statements_.empty()) found.push_back(&label);
    }
    std::sort(found.begin(), found.end(), [](const Label* a, const Label* b) { return a->span.begin < b->span.begin; });
    return found;
  }

  const base::SourceFile& file_;
  base::Diagnostics& diagnostics_;
  bool little_endian_;
  std::vector<Statement> statements_;
  std::unordered_map<std::string_view, Label> labels_;
};

}  // namespace

std::optional<Program> assemble(const base::SourceFile& file, base::Diagnostics& diagnostics, bool little_endian) {
  return Assembler(file, diagnostics, little_endian).assemble();
}

}  // namespace callgate::bpf
