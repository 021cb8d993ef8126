// Jumps through tables: compilers add an entry of 1, 2 or 4 bytes, often counted in instructions, to an address in the
// function, and jump there.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_set>

#include "scan/arm64_code.h"
#include "scan/sweep.h"

namespace callgate::scan::arm64 {

namespace {

constexpr std::uint8_t kSignedByte = 5, kSignedHalf = 6, kSignedWord = 7;
constexpr std::uint32_t kHigher = 8;  // the condition of b.hi

// How an entry is read, and what it is added to.
struct Shape {
  std::size_t width = 4;
  bool is_signed = true;
  unsigned shift = 0;
  std::uint64_t count = 0;  // 0: not known
  std::vector<Address> tables, bases;
  bool from_table = false;  // entries may also be distances from the table itself
  bool from_entry = false;  // each is the distance from its own place
  bool a_pointer = false;   // no table: two numbers in memory make a pointer (of a module's base and a distance)
};

class Finder {
 public:
  Finder(const Module& module, const scan::Function& f, const Code& code) : m_(module), f_(f), code_(code) {}

  Jumps run() {
    for (std::uint32_t i = 0; i < code_.size(); ++i)
      if (code_.insn(i).flow == Flow::indirect_jump)
        for (const std::uint32_t sum : sums_before(i)) jump(i, sum);
    // What could not be looked at may go anywhere.
    if (budget_ == 0) out_.unresolved.push_back(0);
    std::sort(out_.targets.begin(), out_.targets.end());
    out_.targets.erase(std::unique(out_.targets.begin(), out_.targets.end()), out_.targets.end());
    return std::move(out_);
  }

  static bool is_sum(const A64& in) { return in.op == Op::combine && in.function == Function::add && in.wide; }

  // The addition right before i whose result is jumped to there.
  static std::optional<std::uint32_t> sum_before(const Code& code, std::uint32_t i) {
    auto at = code.definition(i, code.insn(i).rn);
    while (at && code.insn(*at).op == Op::copy) at = code.definition(*at, code.insn(*at).rn);
    return at && is_sum(code.insn(*at)) ? at : std::nullopt;
  }

 private:
  // All of them, where several ways lead to the jump.
  std::vector<std::uint32_t> sums_before(std::uint32_t i) {
    if (const auto near = sum_before(code_, i)) return {*near};
    std::vector<std::uint32_t> out, work;
    const auto look = [&](std::uint32_t at) {
      if (const auto more = code_.definitions(at, code_.insn(at).rn, budget_))
        work.insert(work.end(), more->begin(), more->end());
    };
    look(i);
    std::unordered_set<std::uint32_t> seen;
    while (!work.empty()) {
      const std::uint32_t at = work.back();
      work.pop_back();
      if (!seen.insert(at).second) continue;
      if (is_sum(code_.insn(at))) out.push_back(at);
      if (code_.insn(at).op == Op::copy) look(at);
    }
    return out;
  }

  void jump(std::uint32_t i, std::uint32_t sum) {
    const Shape shape = shape_of(sum);
    if (shape.a_pointer) return;
    const std::size_t before = out_.targets.size();
    for (const Address table : shape.tables) {
      if (budget_ == 0) break;
      for (const Address base : shape.bases) read(i, shape, table, base);
      if (shape.from_table || shape.from_entry) read(i, shape, table, table);
    }
    if (out_.targets.size() == before) out_.unresolved.push_back(i);
  }

  Shape shape_of(std::uint32_t sum) const {
    const A64& in = code_.insn(sum);
    Shape out;
    out.shift = in.shift;
    bool extended = in.extend >= kSignedByte && in.extend <= kSignedWord;
    const auto load_of = [&](std::uint8_t reg) {
      auto at = code_.definition(sum, reg);
      // sxtw before the addition
      if (at && code_.insn(*at).op == Op::bits && code_.insn(*at).imm == 31) {
        extended = extended || code_.insn(*at).is_signed;
        at = code_.definition(*at, code_.insn(*at).rn);
      }
      const bool narrow = at && code_.insn(*at).op == Op::load && code_.insn(*at).size < 8 && !code_.insn(*at).pair;
      return narrow ? at : std::nullopt;
    };
    auto load = load_of(in.rm);
    std::uint8_t base = in.rn;
    if (!load && in.extend == 0 && in.shift == 0) {
      load = load_of(in.rn);
      if (load) base = in.rm;
    }
    out.width = in.extend == kSignedByte ? 1 : in.extend == kSignedHalf ? 2 : 4;
    if (load) {
      const A64& read = code_.insn(*load);
      out.width = read.size;
      out.is_signed = read.is_signed || extended;
      if (const auto table = address_of(*load, read.rn)) out.tables = {*table};
      if (read.mode == Mode::indexed) out.count = bound(*load, read.rm);
      out.from_entry = read.mode == Mode::offset && read.imm == 0 && read.rn == base;
    } else {
      out.a_pointer = in.extend == 0 && in.shift == 0 && !address_of(sum, in.rn) && !address_of(sum, in.rm);
    }
    if (out.from_entry) {
      const auto entry = code_.definition(*load, base);
      const auto table =
          entry && code_.insn(*entry).op == Op::combine ? address_of(*entry, code_.insn(*entry).rn) : std::nullopt;
      if (table) out.tables = {*table};
    }
    if (out.tables.empty()) out.tables = data_named();
    if (out.from_entry) return out;
    if (const auto known = address_of(sum, base)) {
      out.bases = {*known};
    } else {
      out.bases = own_places();
      out.from_table = true;
    }
    return out;
  }

  // What the register holds before i, if that is an address formed right before.
  std::optional<Address> address_of(std::uint32_t i, unsigned reg) const {
    const auto at = code_.definition(i, reg);
    if (!at) return std::nullopt;
    const A64& in = code_.insn(*at);
    if (in.op == Op::address) return code_.target(*at);
    if (in.op != Op::add) return std::nullopt;
    const auto page = code_.definition(*at, in.rn);
    if (!page || code_.insn(*page).op != Op::page) return std::nullopt;
    return code_.target(*page) + static_cast<Address>(in.imm);
  }

  // cmp index, #n; b.hi to elsewhere: entries 0 to n. Nothing between may change the index.
  std::uint64_t bound(std::uint32_t load, std::uint8_t index) const {
    if (index >= kStackPointer) return 0;
    for (std::uint32_t i = load; i != 0 && !code_.is_label(i); --i) {
      const A64& in = code_.insn(i - 1);
      if ((in.written & bit(index)) != 0 || is_end(in.flow)) return 0;
      if (in.flow != Flow::branch) continue;
      if (code_.word(i - 1) >> 24U != 0x54 || (code_.word(i - 1) & 15U) != kHigher || i < 2) return 0;
      const A64& compared = code_.insn(i - 2);
      if (code_.is_label(i - 1) || compared.op != Op::compare_constant || compared.rn != index) return 0;
      return static_cast<std::uint64_t>(compared.imm) + 1;
    }
    return 0;
  }

  std::vector<Address> data_named() const {
    std::vector<Address> out;
    for (const Ref& r : m_.refs_of(f_))
      if (r.kind == RefKind::address && (!m_.is_code(r.to) || (m_.file.sections.empty() && !f_.code.contains(r.to))))
        out.push_back(r.to);
    return out;
  }
  std::vector<Address> own_places() const {
    std::vector<Address> out;
    for (std::uint32_t i = 0; i < code_.size(); ++i)
      if (code_.insn(i).op == Op::address && f_.code.contains(code_.target(i))) out.push_back(code_.target(i));
    for (const Ref& r : m_.refs_of(f_))
      if (r.kind == RefKind::address && f_.code.contains(r.to)) out.push_back(r.to);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  void read(std::uint32_t jump, const Shape& shape, Address table, Address base) {
    const elf::Segment* const segment = m_.file.segment_of(table);
    if (segment == nullptr || segment->writable) return;
    const elf::Bytes b = m_.file.at(table);
    const Address limit = table_limit(m_, table);
    std::uint64_t count = std::min<std::uint64_t>(b.size(), limit > table ? limit - table : 0) / shape.width;
    if (shape.count != 0) count = std::min<std::uint64_t>(b.size() / shape.width, shape.count);
    for (std::uint64_t n = 0; n < count && budget_ != 0; ++n) {
      --budget_;
      std::uint64_t value = 0;
      std::memcpy(&value, b.data() + n * shape.width, shape.width);
      const unsigned spare = 64 - 8 * static_cast<unsigned>(shape.width);
      if (shape.is_signed) value = static_cast<std::uint64_t>(static_cast<std::int64_t>(value << spare) >> spare);
      const Address target = base + (value << shape.shift) + (shape.from_entry ? n * shape.width : 0);
      if (!m_.is_code(target) || target % 4 != 0) {
        const bool unused = shape.from_entry && value == 0;  // an entry that is there for its place alone
        if (shape.count == 0 && !unused) return;
        continue;
      }
      out_.targets.push_back(target);
      if (!f_.code.contains(target)) out_.outside.emplace_back(jump, target);
    }
  }

  const Module& m_;
  const scan::Function& f_;
  const Code& code_;
  Jumps out_;
  std::size_t budget_ = std::size_t{1} << 20;  // entries and instructions looked at
};

}  // namespace

Jumps jumps_by_tables(const Module& module, const scan::Function& function, const Code& code) {
  return Finder(module, function, code).run();
}

bool is_base_of_jump(const Code& code, std::uint32_t i) {
  constexpr std::uint32_t kNear = 12;
  const std::uint8_t reg = code.insn(i).rd;
  for (std::uint32_t j = i + 1; j < code.size() && j <= i + kNear; ++j) {
    if (code.insn(j).flow != Flow::indirect_jump) continue;
    const auto sum = Finder::sum_before(code, j);
    return sum && (code.insn(*sum).rn == reg || code.insn(*sum).rm == reg) && code.definition(*sum, reg) == i;
  }
  return false;
}

}  // namespace callgate::scan::arm64
