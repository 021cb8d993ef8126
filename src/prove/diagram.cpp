// SPDX-License-Identifier: Apache-2.0
#include "prove/diagram.h"

#include <algorithm>
#include <bit>
#include <set>

namespace callgate::prove {

namespace {

// The leaves of a condition: actions that no return value stands for.
constexpr policy::Action kNo{policy::ActionKind::allow, 1}, kYes{policy::ActionKind::allow, 2};

// The order in which nodes ask: by argument, then wider masks first.
std::tuple<std::uint8_t, int, std::uint64_t> order(const DiagramNode& node) {
  return {node.arg, -std::popcount(node.mask), node.mask};
}

// The leading bits that all of [first, last] share.
std::uint64_t common_bits(std::uint64_t first, std::uint64_t last) {
  const int shared = std::countl_zero(first ^ last);
  return shared == 0 ? 0 : kWholeArgument << (64 - shared);
}

}  // namespace

std::uint64_t pack(std::uint64_t value, std::uint64_t mask) {
  if (mask == kWholeArgument) return value;
  std::uint64_t packed = 0;
  for (std::uint64_t to = 1; mask != 0; mask &= mask - 1, to <<= 1)
    if ((value & mask & (~mask + 1)) != 0) packed |= to;
  return packed;
}

std::uint64_t unpack(std::uint64_t packed, std::uint64_t mask) {
  if (mask == kWholeArgument) return packed;
  std::uint64_t value = 0;
  for (; mask != 0; mask &= mask - 1, packed >>= 1)
    if ((packed & 1) != 0) value |= mask & (~mask + 1);
  return value;
}

std::uint64_t packed_limit(std::uint64_t mask) {
  return mask == 0 ? 0 : kWholeArgument >> (64 - std::popcount(mask));
}

NodeId Diagrams::intern(DiagramNode node) {
  const auto [at, fresh] = ids_.try_emplace(std::move(node), static_cast<NodeId>(nodes_.size()));
  if (fresh) nodes_.push_back(at->first);
  return at->second;
}

NodeId Diagrams::leaf(policy::Action action) {
  DiagramNode node;
  node.action = action;
  return intern(std::move(node));
}

NodeId Diagrams::child_at(NodeId id, std::uint64_t packed) const {
  const DiagramNode& node = nodes_[id];
  const auto after = std::upper_bound(node.firsts.begin(), node.firsts.end(), packed);
  return node.children[static_cast<std::size_t>(after - node.firsts.begin()) - 1];
}

NodeId Diagrams::restrict(NodeId id, const Known& known) {
  if (nodes_[id].arg != known.arg || known.mask == 0) return id;
  const DiagramNode node = nodes_[id];
  if ((node.mask & ~known.mask) == 0) return restrict(child_at(id, pack(known.bits, node.mask)), known);
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < node.firsts.size(); ++i)
    pieces.push_back({node.firsts[i], restrict(node.children[i], known)});
  return make(node.arg, node.mask, pieces);
}

void Diagrams::add_piece(DiagramNode& node, std::uint64_t first, std::uint64_t last, NodeId child) {
  if (++work_ > kMaxWork) return;
  Known known{node.arg, 0, 0};
  if (node.mask == kWholeArgument)
    known = {node.arg, common_bits(first, last), first};
  else if (first == last)
    known = {node.arg, node.mask, unpack(first, node.mask)};
  child = restrict(child, known);
  const bool one_high_word = node.mask == kWholeArgument && first >> 32 == last >> 32;
  if (one_high_word && nodes_[child].arg == node.arg && nodes_[child].mask == kLowWord) {
    const DiagramNode low = nodes_[child];
    const std::uint64_t high = first & ~kLowWord;
    for (std::size_t i = 0; i < low.firsts.size(); ++i) {
      const std::uint64_t from = std::max(first, high | low.firsts[i]);
      const std::uint64_t to =
          std::min(last, i + 1 < low.firsts.size() ? high | (low.firsts[i + 1] - 1) : high | kLowWord);
      if (from <= to) add_piece(node, from, to, low.children[i]);
    }
    return;
  }
  if (!node.children.empty() && node.children.back() == child) return;
  node.firsts.push_back(first);
  node.children.push_back(child);
}

NodeId Diagrams::make(std::uint8_t arg, std::uint64_t mask, const std::vector<Piece>& pieces) {
  DiagramNode node;
  node.arg = arg;
  node.mask = mask;
  for (std::size_t i = 0; i < pieces.size(); ++i)
    add_piece(node, pieces[i].first, i + 1 < pieces.size() ? pieces[i + 1].first - 1 : packed_limit(mask),
              pieces[i].child);
  if (node.children.size() == 1) return node.children.front();
  return intern(std::move(node));
}

NodeId Diagrams::condition(std::uint8_t arg, bool high, const WordTest& test) {
  const NodeId yes = leaf(test.negated ? kNo : kYes), no = leaf(test.negated ? kYes : kNo);
  const bool equal = test.relation == Relation::eq;
  if (equal && (test.k & ~test.mask) != 0) return no;
  const bool leading = test.mask != 0 && std::countl_one(test.mask) == std::popcount(test.mask);
  // The first value of the word, under its mask, that the test accepts, and the first after those.
  std::uint64_t from = test.k, to = 0;  // 0: up to the end
  std::uint64_t mask = test.mask;
  if (leading) {  // leading bits are an interval of the word
    const std::uint64_t rest = ~test.mask & kLowWord;
    from = equal ? test.k : (test.k | rest) + 1;
    if (equal) to = (test.k | rest) + 1;
    mask = kLowWord;
    if (from > kLowWord) return no;
    if (to > kLowWord) to = 0;
  } else {
    const std::uint32_t floor = previous_matching(test.k, ~test.mask, 0).value_or(0);
    from = pack(floor, test.mask) + (equal ? 0 : 1);
    if (equal) to = from + 1;
    if (from > packed_limit(mask)) return no;
    if (to > packed_limit(mask)) to = 0;
  }
  if (high) {
    mask = leading ? kWholeArgument : mask << 32;
    if (leading) {
      from <<= 32;
      to <<= 32;
    }
  }
  std::vector<Piece> pieces;
  if (from != 0) pieces.push_back({0, no});
  pieces.push_back({from, yes});
  if (to != 0) pieces.push_back({to, no});
  return make(arg, mask, pieces);
}

NodeId Diagrams::select(NodeId condition, NodeId yes, NodeId no) {
  if (exhausted()) return yes;
  if (nodes_[condition].is_leaf()) return nodes_[condition].action == kYes ? yes : no;
  if (yes == no) return yes;
  const std::tuple<NodeId, NodeId, NodeId> key{condition, yes, no};
  if (const auto found = selected_.find(key); found != selected_.end()) return found->second;
  auto top = order(nodes_[condition]);
  for (const NodeId id : {yes, no}) top = std::min(top, order(nodes_[id]));
  std::vector<std::uint64_t> firsts;
  const auto is_top = [&](NodeId id) { return order(nodes_[id]) == top; };
  for (const NodeId id : {condition, yes, no})
    if (is_top(id)) firsts.insert(firsts.end(), nodes_[id].firsts.begin(), nodes_[id].firsts.end());
  std::sort(firsts.begin(), firsts.end());
  firsts.erase(std::unique(firsts.begin(), firsts.end()), firsts.end());
  work_ += firsts.size();
  std::vector<Piece> pieces;
  const auto [arg, bits, mask] = top;
  for (const std::uint64_t first : firsts) {
    const auto part = [&, this](NodeId id) { return is_top(id) ? child_at(id, first) : id; };
    pieces.push_back({first, select(part(condition), part(yes), part(no))});
  }
  const NodeId made = make(arg, mask, pieces);
  selected_[key] = made;
  return made;
}

NodeId Diagrams::branch(std::uint8_t arg, bool high, const WordTest& test, NodeId yes, NodeId no) {
  if (yes == no) return yes;
  return select(condition(arg, high, test), yes, no);
}

bool Diagrams::asks(NodeId root, std::uint8_t arg) const {
  std::vector<NodeId> open{root};
  std::set<NodeId> seen{root};
  while (!open.empty()) {
    const DiagramNode& node = nodes_[open.back()];
    open.pop_back();
    if (node.arg == arg) return true;
    for (const NodeId child : node.children)
      if (seen.insert(child).second) open.push_back(child);
  }
  return false;
}

}  // namespace callgate::prove
