// See run_tree.h.
// SPDX-License-Identifier: Apache-2.0
#include "compile/run_tree.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace callgate::compile {

namespace {

constexpr float kInfinite = std::numeric_limits<float>::infinity();
constexpr std::uint32_t kNarrow = 64;  // numbers a narrow window can span: as many as a bit map holds

// kZero[m]: bit n is set if (n & m) == 0. Its period is 64, so rotating it by r gives the map for numbers from r on.
constexpr auto kZero = [] {
  std::array<std::uint64_t, kNarrow> zero{};
  for (std::uint32_t m = 0; m < kNarrow; ++m)
    for (std::uint32_t n = 0; n < kNarrow; ++n)
      if ((n & m) == 0) zero[m] |= std::uint64_t{1} << n;
  return zero;
}();

std::uint64_t zero_map(std::uint32_t mask, std::uint32_t first) {
  return std::rotr(kZero[mask], static_cast<int>(first % kNarrow));
}

// std::popcount without the call that it is on processors that may lack the instruction.
int count_bits(std::uint64_t map) {
  map -= (map >> 1) & 0x5555555555555555;
  map = (map & 0x3333333333333333) + ((map >> 2) & 0x3333333333333333);
  map = (map + (map >> 4)) & 0x0f0f0f0f0f0f0f0f;
  return static_cast<int>((map * 0x0101010101010101) >> 56);
}

// If one of two bit maps, neither empty, lies wholly below the other: the place where the upper one begins; else 0.
std::uint32_t border(std::uint64_t a, std::uint64_t b) {
  const auto above = [](std::uint64_t low, std::uint64_t high) {
    return static_cast<int>(std::bit_width(low)) <= std::countr_zero(high);
  };
  if (above(a, b)) return static_cast<std::uint32_t>(std::countr_zero(b));
  return above(b, a) ? static_cast<std::uint32_t>(std::countr_zero(a)) : 0;
}

// min over c < n of a[c] + b[c]. Four lanes at once: this is the inner loop of the whole compiler.
float min_sum(const float* a, const float* b, std::size_t n) {
  using Lanes = float __attribute__((vector_size(16)));
  float best = kInfinite;
  std::size_t c = 0;
  if (n >= 4) {
    Lanes lanes = {kInfinite, kInfinite, kInfinite, kInfinite};
    for (; c + 4 <= n; c += 4) {
      Lanes x, y;
      std::memcpy(&x, a + c, sizeof(x));
      std::memcpy(&y, b + c, sizeof(y));
      const Lanes sum = x + y;
      lanes = sum < lanes ? sum : lanes;
    }
    best = std::min(std::min(lanes[0], lanes[1]), std::min(lanes[2], lanes[3]));
  }
  for (; c < n; ++c) best = std::min(best, a[c] + b[c]);
  return best;
}

}  // namespace

NodeId RunTree::build(std::span<const Piece> pieces, std::uint32_t last, float price) {
  price_ = price;
  return pieces.size() <= kMaxExact ? build_exact(pieces, last) : build_halves(pieces, last);
}

// Cuts where the weight (plus a little for each piece, so that light stretches are halved too) is nearest to equal.
NodeId RunTree::build_halves(std::span<const Piece> pieces, std::uint32_t last) {
  if (pieces.size() <= kMaxExact) return build_exact(pieces, last);
  const auto cost = [&](const Piece& piece) { return piece.weight + price_; };
  float total = 0;
  for (const Piece& piece : pieces) total += cost(piece);
  std::size_t cut = 0;
  for (float sum = 0; cut + 1 < pieces.size() && sum + cost(pieces[cut]) / 2 < total / 2; ++cut)
    sum += cost(pieces[cut]);
  cut = std::clamp(cut, pieces.size() / 8, pieces.size() - pieces.size() / 8);
  const NodeId above = build_halves(pieces.subspan(cut), last);
  const NodeId below = build_halves(pieces.first(cut), pieces[cut].first - 1);
  return graph_.test(bpf::op::kJgeK, pieces[cut].first, above, below);
}

NodeId RunTree::build_exact(std::span<const Piece> pieces, std::uint32_t last) {
  pieces_ = pieces;
  last_ = last;
  const std::size_t count = pieces.size();
  if (by_first_.size() < count * kShort) {
    by_first_.resize(count * kShort);
    by_last_.resize(count * kShort);
    leaf_.resize(count * kLongestLeaf);
  }
  sums_.resize(count + 1);
  sums_[0] = 0;
  for (std::size_t i = 0; i < count; ++i) sums_[i + 1] = sums_[i] + pieces[i].weight;
  solve();
  return emit(0, count - 1);
}

// Bottom up for the short intervals, where all the subtle choices are; top down for the long ones.
void RunTree::solve() {
  const std::size_t count = pieces_.size();
  for (std::size_t i = count; i-- > 0;) {
    leaves_from(i);
    const float* const leaf = &leaf_[i * kLongestLeaf];
    const std::size_t end = std::min(i + kShort, count);
    for (std::size_t j = i; j < end; ++j) {
      float cost = leaf[j - i];
      const float test = weight(i, j) + price_;
      // Nothing beats a single test.
      if (cost > test) {
        const float cut = i == j ? kInfinite : min_sum(&by_first(i, i), &by_last(i + 1, j), j - i);
        cost = std::min(cost, test + cut);
      }
      by_first(i, j) = cost;
      by_last(i, j) = cost;
    }
  }
  long_.assign(count <= kShort ? 0 : std::bit_ceil(count * kLongSlots), {});
  long_count_ = 0;
  cost(0, count - 1);
}

// Memoised by cost(); `key` is long_key(i, j).
float RunTree::long_cost(std::size_t i, std::size_t j, std::uint32_t key) {
  const auto [from, to] = cuts(i, j);
  float best = kInfinite;
  for (std::size_t c = from; c <= to; ++c) best = std::min(best, cost(i, c - 1) + cost(c, j));
  best = std::min(leaf(i, j), weight(i, j) + price_ + best);
  if (++long_count_ * 2 > long_.size()) grow_long();
  long_slot(key) = {key, best};
  return best;
}

void RunTree::grow_long() {
  std::vector<Long> old(long_.size() * 2);
  old.swap(long_);
  for (const Long& entry : old)
    if (entry.key != 0) long_slot(entry.key) = entry;
}

// The cuts tried for pieces i..j: all of them, or those next to where both sides weigh the same.
std::pair<std::size_t, std::size_t> RunTree::cuts(std::size_t i, std::size_t j) const {
  if (j - i < kShort) return {i + 1, j};
  const float half = (sums_[i] + sums_[j + 1]) / 2;
  const auto begin = sums_.begin() + static_cast<std::ptrdiff_t>(i);
  const auto after = std::lower_bound(begin, sums_.begin() + static_cast<std::ptrdiff_t>(j + 1), half);
  const auto middle = static_cast<std::size_t>(after - sums_.begin());
  return {std::max(i + 1 + kSlack, middle) - kSlack, std::min(std::max(middle, i + 1) + kSlack, j)};
}

void RunTree::leaves_from(std::size_t i) {
  float* const leaf = &leaf_[i * kLongestLeaf];
  std::fill_n(leaf, kLongestLeaf, kInfinite);
  Chain chain;
  const std::size_t end = std::min(i + kLongestLeaf, pieces_.size());
  for (std::size_t j = i; j < end && extend(chain, j); ++j) {
    const float w = weight(i, j);
    leaf[j - i] = chain.has_rest ? leaf_cost(chain, i, j, w) : settled_cost(chain, i, j, w);
  }
}

float RunTree::leaf_cost(const Chain& chain, std::size_t i, std::size_t j, float weight) const {
  const float cost = chain_cost(chain, weight);
  return chain.count > 1 ? std::min(cost, best_window(chain, i, j, weight).cost) : cost;
}

float RunTree::settled_cost(Chain chain, std::size_t i, std::size_t j, float weight) const {
  settle(chain);
  return leaf_cost(chain, i, j, weight);
}

// Takes piece j into the chain. False if it cannot: a second stretch that is no single number, or too many exceptions.
bool RunTree::extend(Chain& chain, std::size_t j) const {
  const Piece& piece = pieces_[j];
  const bool is_single = single(j);
  if (chain.has_rest ? piece.leaf == chain.rest : chain.count == 0 && !is_single) {
    chain.rest = piece.leaf;
    chain.has_rest = true;
    return true;
  }
  if (!is_single) {
    // Until now there were only single numbers; those that lead where this stretch leads are exceptions no more.
    if (chain.has_rest) return false;
    const auto end = std::remove_if(chain.items.begin(), chain.items.begin() + chain.count,
                                    [&](const Exception& e) { return e.leaf == piece.leaf; });
    chain.count = static_cast<std::size_t>(end - chain.items.begin());
    chain.rest = piece.leaf;
    chain.has_rest = true;
    return true;
  }
  if (chain.count == kMaxExceptions) return false;
  std::size_t at = chain.count++;
  for (; at > 0 && chain.items[at - 1].weight < piece.weight; --at) chain.items[at] = chain.items[at - 1];
  chain.items[at] = {piece.first, piece.leaf, piece.weight};
  return true;
}

// Single numbers only: lets those that lead where most of them lead be the rest.
void RunTree::settle(Chain& chain) {
  if (chain.has_rest || chain.count == 0) return;
  std::size_t most = 0;
  const auto items = std::span(chain.items.data(), chain.count);
  for (const Exception& candidate : items) {
    const auto same = static_cast<std::size_t>(
        std::count_if(items.begin(), items.end(), [&](const Exception& e) { return e.leaf == candidate.leaf; }));
    // Of equals the last, which is the lightest, needs no test.
    if (same >= most) {
      most = same;
      chain.rest = candidate.leaf;
    }
  }
  const auto end = std::remove_if(items.begin(), items.end(), [&](const Exception& e) { return e.leaf == chain.rest; });
  chain.count = static_cast<std::size_t>(end - items.begin());
}

float RunTree::chain_cost(const Chain& chain, float weight) const {
  float cost = 0, left = weight;
  for (std::size_t e = 0; e < chain.count; ++e) {
    cost += left + price_;
    left -= chain.items[e].weight;
  }
  return cost;
}

RunTree::Window RunTree::best_window(const Chain& chain, std::size_t i, std::size_t j, float weight) const {
  for (std::size_t e = 1; e < chain.count; ++e)
    if (chain.items[e].leaf != chain.items[0].leaf) return {0, kInfinite};
  const std::uint32_t first = pieces_[i].first;
  const std::uint32_t span = end_of(j) - first;
  return span < kNarrow ? narrow_window(chain, first, span, weight) : wide_window(chain, first, end_of(j), weight);
}

// Masks of the low six bits. Tried: the bits that no exception has (all exceptions on the zero side), the same with one
// exception left out, and the bits that nothing but exceptions has.
RunTree::Window RunTree::narrow_window(const Chain& chain, std::uint32_t first, std::uint32_t span,
                                       float weight) const {
  const std::uint64_t all = ~std::uint64_t{0} >> (kNarrow - 1 - span);
  std::uint64_t exceptions = 0;
  for (std::size_t e = 0; e < chain.count; ++e) exceptions |= std::uint64_t{1} << (chain.items[e].number - first);
  Window best{0, kInfinite};
  const float share = weight / static_cast<float>(span + 1);
  const auto side = [&](std::uint64_t map) {
    // Most masks that are worth trying leave one target only on this side.
    if ((map & exceptions) == 0 || (map & ~exceptions) == 0) return 0.0F;
    int tests = std::min(count_bits(map & exceptions), count_bits(map & ~exceptions));
    if (tests > 1 && border(map & exceptions, map & ~exceptions) != 0) tests = 1;
    return static_cast<float>(tests) * (price_ + share * static_cast<float>(count_bits(map)));
  };
  const auto try_mask = [&](std::uint32_t mask) {
    const std::uint64_t zero = zero_map(mask, first) & all;
    if (zero == 0 || zero == all) return;
    const float cost = weight + price_ + side(zero) + side(all & ~zero);
    if (cost < best.cost) best = {mask, cost};
  };
  std::uint32_t only_exceptions = 0;
  for (std::uint32_t bit = 1; bit < kNarrow; bit <<= 1)
    if ((~zero_map(bit, first) & all & ~exceptions) == 0) only_exceptions |= bit;
  try_mask(only_exceptions);
  // Without one of two, a plain test does as well.
  for (std::size_t left_out = chain.count > 2 ? 0 : chain.count; left_out <= chain.count; ++left_out) {
    std::uint32_t used = 0;
    for (std::size_t e = 0; e < chain.count; ++e)
      if (e != left_out) used |= chain.items[e].number;
    try_mask(~used % kNarrow);
  }
  return best;
}

// Masks of all 32 bits whose zero side holds exceptions only: the numbers with no bit outside `free`.
RunTree::Window RunTree::wide_window(const Chain& chain, std::uint32_t first, std::uint32_t end, float weight) const {
  constexpr int kMaxFreeBits = 3;  // 8 numbers; a chain has no more than 7 and one of them may be outside the interval
  Window best{0, kInfinite};
  if (chain.count < 3) return best;
  for (std::size_t left_out = 0; left_out <= chain.count; ++left_out) {
    std::uint32_t free = 0;
    for (std::size_t e = 0; e < chain.count; ++e)
      if (e != left_out) free |= chain.items[e].number;
    if (std::popcount(free) > kMaxFreeBits) continue;
    std::size_t members = 0, inside = 0;
    float zero_weight = 0;
    for (std::size_t e = 0; e < chain.count; ++e)
      if ((chain.items[e].number & ~free) == 0) ++members, zero_weight += chain.items[e].weight;
    std::uint32_t number = free;
    do {
      if (number >= first && number <= end) ++inside;
      number = (number - 1) & free;
    } while (number != free);
    if (inside != members) continue;
    const auto rest = static_cast<float>(chain.count - members);
    const float cost = weight + price_ + rest * (price_ + weight - zero_weight);
    if (cost < best.cost) best = {~free, cost};
  }
  return best;
}

NodeId RunTree::emit(std::size_t i, std::size_t j) {
  if (leaf(i, j) <= cost(i, j)) return emit_leaf(i, j);
  const auto [from, to] = cuts(i, j);
  std::size_t cut = from;
  const auto sum = [&](std::size_t c) { return cost(i, c - 1) + cost(c, j); };
  for (std::size_t c = from + 1; c <= to; ++c)
    if (sum(c) < sum(cut)) cut = c;
  const NodeId above = emit(cut, j);
  const NodeId below = emit(i, cut - 1);
  return graph_.test(bpf::op::kJgeK, pieces_[cut].first, above, below);
}

NodeId RunTree::emit_leaf(std::size_t i, std::size_t j) {
  Chain chain;
  for (std::size_t x = i; x <= j; ++x) extend(chain, x);
  settle(chain);
  const std::span<const Exception> items(chain.items.data(), chain.count);
  if (chain.count > 1) {
    const Window window = best_window(chain, i, j, weight(i, j));
    if (window.cost < chain_cost(chain, weight(i, j))) {
      const NodeId nonzero = emit_window_side(chain, i, j, window.mask, false);
      const NodeId zero = emit_window_side(chain, i, j, window.mask, true);
      return graph_.test(bpf::op::kJsetK, window.mask, nonzero, zero);
    }
  }
  return emit_chain(items, chain.rest);
}

NodeId RunTree::emit_chain(std::span<const Exception> items, NodeId rest) {
  NodeId node = rest;
  for (std::size_t e = items.size(); e-- > 0;) node = graph_.test(bpf::op::kJeqK, items[e].number, items[e].leaf, node);
  return node;
}

NodeId RunTree::emit_window_side(const Chain& chain, std::size_t i, std::size_t j, std::uint32_t mask, bool zero) {
  const std::uint32_t first = pieces_[i].first, span = end_of(j) - first;
  const NodeId other = chain.items[0].leaf;
  const std::span<const Exception> all(chain.items.data(), chain.count);
  std::array<Exception, kMaxExceptions> items;
  std::size_t count = 0;
  for (const Exception& e : all)
    if (((e.number & mask) == 0) == zero) items[count++] = e;
  // A wide window has nothing but exceptions on its zero side.
  if (span >= kNarrow) return zero ? other : emit_chain({items.data(), count}, chain.rest);
  const std::uint64_t window = ~std::uint64_t{0} >> (kNarrow - 1 - span);
  const std::uint64_t map = window & (zero ? zero_map(mask, first) : ~zero_map(mask, first));
  std::uint64_t exceptions = 0;
  for (const Exception& e : all) exceptions |= std::uint64_t{1} << (e.number - first);
  const std::uint64_t inside = map & exceptions;
  std::uint64_t rest = map & ~exceptions;
  const int tests = std::min(std::popcount(inside), std::popcount(rest));
  if (const std::uint32_t cut = tests > 1 ? border(inside, rest) : 0; cut != 0) {
    const bool exceptions_above = (inside >> cut) != 0;
    return graph_.test(bpf::op::kJgeK, first + cut, exceptions_above ? other : chain.rest,
                       exceptions_above ? chain.rest : other);
  }
  if (std::popcount(inside) <= std::popcount(rest)) return emit_chain({items.data(), count}, chain.rest);
  for (count = 0; rest != 0; rest &= rest - 1)
    items[count++] = {first + static_cast<std::uint32_t>(std::countr_zero(rest)), chain.rest, 0};
  return emit_chain({items.data(), count}, other);
}

}  // namespace callgate::compile
