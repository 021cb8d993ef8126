// SPDX-License-Identifier: Apache-2.0
#include "scan/arm64_code.h"

#include <algorithm>
#include <set>
#include <unordered_set>

namespace callgate::scan::arm64 {

Code::Code(const Module& module, Range range) : begin_(range.begin) {
  const elf::Bytes there = module.file.at(range.begin);
  const std::size_t count = std::min<std::uint64_t>(there.size(), range.end - range.begin) / 4;
  words_.resize(count);
  insns_.reserve(count);
  if (count != 0) std::memcpy(words_.data(), there.data(), count * 4);
  for (const std::uint32_t word : words_) insns_.push_back(decode(word));
  for (std::uint32_t i = 0; i < count; ++i) bring_back(module, i);
  labels_.resize(count);
  for (std::uint32_t i = 0; i < count; ++i)
    if (insns_[i].flow == Flow::jump || insns_[i].flow == Flow::branch)
      if (const auto to = index_of(target(i))) labels_[*to] = true, branches_.emplace_back(*to, i);
  std::sort(branches_.begin(), branches_.end());
}

// A linker that mends a processor's fault (843419) moves a load or store behind the code: it is jumped to, and what
// follows it jumps back.
void Code::bring_back(const Module& module, std::uint32_t i) {
  if (insns_[i].flow != Flow::jump || index_of(target(i))) return;
  std::uint32_t word = 0, next = 0;
  const Address there = target(i);
  if (!module.is_code(there) || !module.file.read(there, word) || !module.file.read(there + 4, next)) return;
  const A64 moved = decode(word), back = decode(next);
  if ((moved.op != Op::load && moved.op != Op::store) || moved.mode == Mode::literal || back.flow != Flow::jump ||
      target_of(back, there + 4) != address(i) + 4)
    return;
  insns_[i] = moved;
  words_[i] = word;
}

std::optional<std::uint32_t> Code::index_of(Address a) const {
  if (a < begin_ || (a - begin_) % 4 != 0 || (a - begin_) / 4 >= insns_.size()) return std::nullopt;
  return static_cast<std::uint32_t>((a - begin_) / 4);
}

std::optional<std::vector<std::uint32_t>> Code::definitions(std::uint32_t i, unsigned reg, std::size_t& budget) const {
  std::vector<std::uint32_t> out, work{i};
  std::unordered_set<std::uint32_t> seen;
  while (!work.empty()) {
    const std::uint32_t at = work.back();
    work.pop_back();
    if (!seen.insert(at).second) continue;
    if (budget == 0) return std::nullopt;
    --budget;
    const auto before = [&](std::uint32_t from) {
      if (reg < kZero && (insns_[from].written & bit(reg)) != 0)
        out.push_back(from);
      else
        work.push_back(from);
    };
    if (at != 0 && !is_end(insns_[at - 1].flow)) before(at - 1);
    for (auto b = std::lower_bound(branches_.begin(), branches_.end(), std::pair(at, std::uint32_t{0}));
         b != branches_.end() && b->first == at; ++b)
      before(b->second);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::optional<std::uint32_t> Code::definition(std::uint32_t i, unsigned reg) const {
  constexpr int kNear = 128;
  for (int n = 0; n < kNear && i != 0 && !labels_[i]; ++n) {
    --i;
    if (is_end(insns_[i].flow)) return std::nullopt;
    if (reg < kZero && (insns_[i].written & bit(reg)) != 0) return i;
  }
  return std::nullopt;
}

namespace {

// What a register may hold: nothing that is known, one address (maybe), or one of several. A page is half of one; what
// is whole may be another's base: compilers reach variables by their distance from one that they have named.
struct Held {
  enum class Kind : std::uint8_t { nothing, one, maybe, several } kind = Kind::nothing;
  bool whole = false;
  Address value = 0;
  bool operator==(const Held&) const = default;
};

Held joined(const Held& a, const Held& b) {
  using K = Held::Kind;
  if (a == b) return a;
  if (a.kind == K::several || b.kind == K::several) return {K::several, false, 0};
  if (a.kind == K::nothing) return {K::maybe, b.whole, b.value};
  if (b.kind == K::nothing) return {K::maybe, a.whole, a.value};
  return a.value == b.value && a.whole == b.whole ? Held{K::maybe, a.whole, a.value} : Held{K::several, false, 0};
}

constexpr std::size_t kRegisters = 31;
using State = std::array<Held, kRegisters>;

class Pages {
 public:
  // No function has more parts, or names more addresses by a word; a hostile one that does is said not to be
  // understood.
  static constexpr std::size_t kMaxBlocks = 200000, kMaxPerWord = 64;

  Pages(const Module& module, const Code& code) : module_(module), code_(code) {}

  AllNamed run() {
    if (!collect()) return {};
    cut();
    if (blocks_.size() > kMaxBlocks) return {{}, false};
    enter_orphans();
    flow();
    for (std::size_t b = 0; b < blocks_.size() && out_.complete; ++b) {
      State s = in_[b];
      out_.complete = out_.all.size() <= kMaxPerWord * (std::size_t{code_.size()} + kMaxPerWord);
      for (std::uint32_t i = blocks_[b]; i < end_of(b); ++i) {
        use(s, i);
        step(s, i);
      }
    }
    return std::move(out_);
  }

 private:
  // What the instruction gives its register by itself.
  Held formed(std::uint32_t i) const {
    const A64& in = code_.insn(i);
    if (in.op == Op::page) return {Held::Kind::one, false, code_.target(i)};
    // A linker that mends a processor's fault makes adr of adrp.
    if (in.op == Op::address) return {Held::Kind::one, code_.target(i) % 4096 != 0, code_.target(i)};
    return {};
  }

  // All that each register is given anywhere, copies and second halves included.
  bool collect() {
    std::set<std::pair<std::uint8_t, std::uint8_t>> copies;
    for (std::uint32_t i = 0; i < code_.size(); ++i) {
      const A64& in = code_.insn(i);
      if (in.rd >= kRegisters || in.vector || !in.wide) continue;
      if (const Held held = formed(i); held.kind != Held::Kind::nothing) all_[in.rd].insert({held.value, held.whole});
      if (in.op == Op::copy && in.rn < kRegisters && in.rd != in.rn) copies.emplace(in.rd, in.rn);
      if (in.op != Op::add) continue;
      if (const auto page = code_.definition(i, in.rn); page && formed(*page).kind != Held::Kind::nothing)
        all_[in.rd].insert({formed(*page).value + static_cast<Address>(in.imm), true});
    }
    for (bool more = !copies.empty(); more;) {
      more = false;
      for (const auto& [to, from] : copies) {
        const std::size_t before = all_[to].size();
        all_[to].insert(all_[from].begin(), all_[from].end());
        more = more || all_[to].size() != before;
      }
    }
    return std::any_of(all_.begin(), all_.end(), [](const auto& each) { return !each.empty(); });
  }
  static Held whole(const Held& held, std::int64_t distance) {
    return {held.kind, true, held.value + static_cast<Address>(distance)};
  }

  void cut() {
    for (std::uint32_t i = 0; i < code_.size(); ++i) {
      const Flow before = i == 0 ? Flow::stops : code_.insn(i - 1).flow;
      if (code_.is_label(i) || before == Flow::branch || is_end(before)) blocks_.push_back(i);
    }
  }
  void enter_orphans() {
    in_.resize(blocks_.size());
    known_.resize(blocks_.size());
    // Where nothing is known to lead, anything may.
    for (std::size_t b = 1; b < blocks_.size(); ++b)
      if (code_.is_orphan(blocks_[b])) {
        for (std::size_t r = 0; r < kRegisters; ++r)
          if (!all_[r].empty()) in_[b][r] = {Held::Kind::several, false, 0};
        known_[b] = true;
      }
    if (!blocks_.empty()) known_[0] = true;
  }
  std::uint32_t end_of(std::size_t b) const { return b + 1 < blocks_.size() ? blocks_[b + 1] : code_.size(); }

  void flow() {
    std::vector<std::size_t> work;
    for (std::size_t b = blocks_.size(); b-- > 0;)
      if (known_[b]) work.push_back(b);
    while (!work.empty()) {
      const std::size_t b = work.back();
      work.pop_back();
      State s = in_[b];
      for (std::uint32_t i = blocks_[b]; i < end_of(b); ++i) step(s, i);
      const std::uint32_t last = end_of(b) - 1;
      const A64& in = code_.insn(last);
      if (!is_end(in.flow) && b + 1 < blocks_.size()) enter(b + 1, s, work);
      if (in.flow != Flow::jump && in.flow != Flow::branch) continue;
      if (const auto to = code_.index_of(code_.target(last)))
        enter(static_cast<std::size_t>(std::lower_bound(blocks_.begin(), blocks_.end(), *to) - blocks_.begin()), s,
              work);
    }
  }
  void enter(std::size_t b, const State& s, std::vector<std::size_t>& work) {
    State now = s;
    if (known_[b])
      for (std::size_t r = 0; r < kRegisters; ++r) now[r] = joined(in_[b][r], s[r]);
    if (known_[b] && now == in_[b]) return;
    in_[b] = now;
    known_[b] = true;
    work.push_back(b);
  }

  void step(State& s, std::uint32_t i) const {
    const A64& in = code_.insn(i);
    Held result = formed(i);
    if ((in.op == Op::copy || in.op == Op::add) && in.wide && in.rn < kRegisters) {
      result = s[in.rn];
      if (in.op == Op::add && result.kind != Held::Kind::several && result.kind != Held::Kind::nothing)
        result = whole(result, in.imm);
    }
    for (RegisterSet set = in.written & 0x7fffffffU; set != 0; set &= set - 1)
      s[static_cast<std::size_t>(std::countr_zero(set))] = {};
    if (in.rd < kRegisters && !in.vector && (in.written & bit(in.rd)) != 0) s[in.rd] = result;
  }

  void use(const State& s, std::uint32_t i) {
    const A64& in = code_.insn(i);
    const bool transfers = (in.op == Op::load || in.op == Op::store) && in.mode == Mode::offset;
    const bool forms = in.op == Op::add && in.wide;
    if ((!transfers && !forms) || in.rn >= kRegisters) return;
    const Held& held = s[in.rn];
    const auto name = [&](const Held& base) {
      if (forms && base.whole && module_.is_code(base.value)) return;  // no way to other code
      const bool sure = held.kind == Held::Kind::one;
      out_.all.push_back({i, base.value + static_cast<Address>(in.imm), transfers, sure, sure && !base.whole});
    };
    if (held.kind == Held::Kind::several)
      for (const auto& [value, is_whole] : all_[in.rn]) name({Held::Kind::several, is_whole, value});
    else if (held.kind != Held::Kind::nothing)
      name(held);
  }

  const Module& module_;
  const Code& code_;
  std::array<std::set<std::pair<Address, bool>>, kRegisters> all_;  // and whether it is whole
  std::vector<std::uint32_t> blocks_;
  std::vector<State> in_;
  std::vector<bool> known_;
  AllNamed out_;
};

}  // namespace

AllNamed named_in_pages(const Module& module, const Code& code) {
  return Pages(module, code).run();
}

}  // namespace callgate::scan::arm64
