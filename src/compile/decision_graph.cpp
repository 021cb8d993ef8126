// See decision_graph.h.
// SPDX-License-Identifier: Apache-2.0
#include "compile/decision_graph.h"

#include <algorithm>

namespace callgate::compile {

namespace {

std::uint64_t hash_words(std::span<const std::uint32_t> words) {
  std::uint64_t h = words.size();
  for (const std::uint32_t word : words) h = (h ^ word) * 0x9e3779b97f4a7c15ULL + (h >> 29);
  return h ^ h >> 32;
}

// Guesses at how often a test on an argument holds: small values and cleared flags are the rule.
float chance(const Node& node) {
  switch (node.code) {
    case bpf::op::kJeqK:
      return node.k == 0 ? 0.7F : 0.2F;
    case bpf::op::kJsetK:
      return 0.3F;
    default:
      return 0.4F;
  }
}

}  // namespace

float argument_price(Objective objective) {
  switch (objective) {
    case Objective::size:
      return 4.0F;
    case Objective::speed:
      return 0.05F;
    case Objective::balanced:
      break;
  }
  return 0.25F;
}

// Room for a decision of a dozen clauses, so that an ordinary policy never makes one of these vectors move.
DecisionGraph::DecisionGraph(Graph& graph, RunTree& trees, float price) : graph_(graph), trees_(trees), price_(price) {
  order_.reserve(12);
  tests_.reserve(32);
  outcomes_.reserve(32);
  words_.reserve(256);
  solved_.reserve(32);
  border_stack_.reserve(32);
  piece_stack_.reserve(32);
  clause_.reserve(16);
}

NodeId DecisionGraph::build(const policy::Decision& decision, bool little_endian) {
  if (decision.is_constant()) return graph_.ret(policy::to_return_value(decision.otherwise));
  little_endian_ = little_endian;
  words_.clear();
  tests_.clear();
  test_ids_.clear();
  outcomes_.clear();
  max_steps_ = kMaxSteps;
  max_work_ = kMaxWork;
  work_ = 0;
  too_long_ = 0;
  return choose_order(initial(decision));
}

DecisionGraph::Residual DecisionGraph::initial(const policy::Decision& decision) {
  for (const policy::Clause& clause : decision.clauses) {
    clause_.clear();
    bool possible = true;
    for (const policy::Condition& condition : clause.conditions) {
      const Outcome outcome = to_test(condition);
      if (outcome.decided) {
        possible = possible && outcome.truth;
      } else {
        clause_.push_back(intern(outcome.test));
      }
    }
    if (!possible) continue;
    const NodeId target = graph_.ret(policy::to_return_value(clause.action));
    std::sort(clause_.begin(), clause_.end());
    clause_.erase(std::unique(clause_.begin(), clause_.end()), clause_.end());
    if (clause_.empty()) return finish(0, target);
    add_clause(0, clause_, target);
  }
  return finish(0, graph_.ret(policy::to_return_value(decision.otherwise)));
}

// Local search: the arguments as the clauses name them, low words first; then halves and neighbours are swapped for as
// long as that makes the graph cheaper.
NodeId DecisionGraph::choose_order(Residual decision) {
  order_.clear();
  std::array<std::uint8_t, 6> words{};  // of each argument, those that are looked at
  for_tests(decision, [&](std::uint32_t id) {
    const std::uint8_t arg = tests_[id].arg;
    words[arg] |= tests_[id].words;
    if (std::none_of(order_.begin(), order_.end(), [&](const WordRef& w) { return w.arg == arg; })) {
      order_.push_back({arg, Word::low});
      order_.push_back({arg, Word::high});
    }
  });
  NodeId best = try_order(decision);
  if (gave_up_) return clause_by_clause(decision);
  if (order_.empty()) return best;
  float best_cost = cost(best);
  std::size_t tried = 1;
  const auto swapped = [&](std::size_t a, std::size_t b, std::size_t count) {
    const auto swap = [&] {
      for (std::size_t i = 0; i < count; ++i) std::swap(order_[a + i], order_[b + i]);
    };
    if (tried == kMaxOrders) return false;
    ++tried;
    swap();
    const NodeId node = try_order(decision);
    if (const float node_cost = gave_up_ ? best_cost : cost(node); node_cost < best_cost) {
      best = node;
      best_cost = node_cost;
      return true;
    }
    swap();
    return false;
  };
  for (bool better = true; better;) {
    better = false;
    for (std::size_t i = 0; i < order_.size(); i += 2)
      if (words[order_[i].arg] == kBothWords) better |= swapped(i, i + 1, 1);
    for (std::size_t i = 0; i + 2 < order_.size(); i += 2) better |= swapped(i, i + 2, 2);
    if (order_.size() == 2) break;
  }
  return best;
}

NodeId DecisionGraph::try_order(Residual decision) {
  solved_.clear();
  slots_.assign(64, 0);
  words_.resize(decision.offset + decision.size);
  steps_ = 0;
  gave_up_ = false;
  return solve(decision);
}

NodeId DecisionGraph::clause_by_clause(Residual decision) {
  std::vector<std::uint32_t> starts;
  for (std::uint32_t at = decision.offset; words_[at] != 0; at += words_[at] + 2) starts.push_back(at);
  NodeId node = words_[decision.offset + decision.size - 1];
  // Each takes an instruction of its own: no two are alike up to what follows them.
  if (starts.size() > bpf::kMaxInsns) {
    too_long_ = starts.size();
    return node;
  }
  max_steps_ = ~std::size_t{0};
  max_work_ = ~std::uint64_t{0};
  for (; !starts.empty(); starts.pop_back()) {
    const std::uint32_t at = starts.back(), count = words_[at];
    words_.resize(decision.offset + decision.size);
    const auto begin = words_.begin() + at + 1;
    clause_.assign(begin, begin + count);
    const NodeId target = words_[at + 1 + count];
    const auto start = words_.size();
    add_clause(start, clause_, target);
    node = try_order(finish(start, node));
  }
  return node;
}

float DecisionGraph::cost(NodeId root) {
  node_cost_.resize(std::max(node_cost_.size(), root + std::size_t{1}));
  float size = 0;
  for (const NodeId id : graph_.reachable(root)) {
    const Node& node = graph_[id];
    node_cost_[id] = 1;
    if (node.is_ret()) continue;
    size += 1;
    const float p = node.is_jump() ? chance(node) : 1;
    node_cost_[id] += p * node_cost_[node.t] + (1 - p) * node_cost_[node.f];
  }
  return price_ * size + node_cost_[root];
}

NodeId DecisionGraph::solve(Residual residual) {
  WordRef at;
  if (!next_word(residual, at)) return words_[residual.offset + residual.size - 1];
  if (const NodeId* known = find_solved(residual)) return *known;
  const std::size_t index = solved_.size() - 1;
  if (++steps_ > max_steps_) gave_up_ = true;
  const NodeId node = gave_up_ ? words_[residual.offset + residual.size - 1] : solve_word(residual, at);
  solved_[index].node = node;
  return node;
}

NodeId DecisionGraph::solve_word(Residual residual, WordRef at) {
  const std::size_t borders_from = border_stack_.size(), pieces_from = piece_stack_.size();
  border_stack_.push_back(0);
  for_tests(residual, [&](std::uint32_t id) {
    const ArgTest& test = tests_[id];
    if (test.involves(at.arg, at.word) && !test.masked)
      borders(test, at.word, [&](std::uint32_t n) { border_stack_.push_back(n); });
  });
  const auto from = border_stack_.begin() + static_cast<std::ptrdiff_t>(borders_from);
  std::sort(from, border_stack_.end());
  border_stack_.erase(std::unique(from, border_stack_.end()), border_stack_.end());
  const std::size_t borders_end = border_stack_.size();
  if (!spend((borders_end - borders_from) * residual.size)) {
    border_stack_.resize(borders_from);
    return words_[residual.offset + residual.size - 1];
  }
  for (std::size_t i = borders_from; i < borders_end; ++i) {
    const std::uint32_t first = border_stack_[i];
    for_tests(residual, [&](std::uint32_t id) {
      if (!tests_[id].involves(at.arg, at.word) || tests_[id].masked) return;
      const Outcome outcome = learn_interval(tests_[id], at.word, first);
      outcomes_[id] = outcome.decided ? (outcome.truth ? kTrue : kFalse) : intern(outcome.test) + kFirstTest;
    });
    Place place;
    place.cube.first = first;
    place.cube.last = i + 1 < borders_end ? border_stack_[i + 1] - 1 : 0xffffffff;
    place.refuted_from = refuted_.size();
    const NodeId leaf = solve_masks(restrict(residual), at, place);
    if (piece_stack_.size() == pieces_from || piece_stack_.back().leaf != leaf)
      piece_stack_.push_back({first, leaf, 0});
  }
  border_stack_.resize(borders_from);
  return tree(pieces_from, at);
}

// Consumes the pieces from `from` on.
NodeId DecisionGraph::tree(std::size_t from, WordRef at) {
  const std::span<Piece> pieces(piece_stack_.data() + from, piece_stack_.size() - from);
  // Nothing is known of how often a value occurs. Zero is the likeliest, in high words by far; a range is likelier
  // than a single value.
  float total = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const bool wide = i + 1 == pieces.size() || pieces[i + 1].first - pieces[i].first > 1;
    pieces[i].weight = wide ? 2.0F : 1.0F;
    if (pieces[i].first == 0) pieces[i].weight += at.word == Word::high ? 8.0F : 2.0F;
    total += pieces[i].weight;
  }
  for (Piece& piece : pieces) piece.weight /= total;
  const NodeId node = pieces.size() == 1 ? pieces[0].leaf : trees_.build(pieces, 0xffffffff, price_);
  piece_stack_.resize(from);
  return graph_.load(load_offset(at), node);
}

// `residual` with the outcomes put in; clears them.
DecisionGraph::Residual DecisionGraph::restrict(Residual residual) {
  const std::size_t start = words_.size();
  const std::uint32_t end = residual.offset + residual.size;
  work_ += residual.size;
  Residual result;
  for (std::uint32_t at = residual.offset; at < end;) {
    const std::uint32_t count = words_[at++];
    const NodeId target = words_[at + count];
    clause_.clear();
    bool possible = true;
    for (std::uint32_t i = 0; i < count && possible; ++i) {
      const std::uint32_t id = words_[at + i], outcome = outcomes_[id];
      possible = outcome != kFalse;
      if (outcome == kUnknown) clause_.push_back(id);
      if (outcome >= kFirstTest) clause_.push_back(outcome - kFirstTest);
    }
    at += count + 1;
    if (!possible) continue;
    std::sort(clause_.begin(), clause_.end());
    clause_.erase(std::unique(clause_.begin(), clause_.end()), clause_.end());
    if (clause_.empty()) {
      result = finish(start, target);
      break;
    }
    add_clause(start, clause_, target);
  }
  for_tests(residual, [&](std::uint32_t id) { outcomes_[id] = kUnknown; });
  return result;
}

// Leaves the clause out if an earlier one matches whenever it does, and drops clauses just before it that lead to the
// same target and match less often.
void DecisionGraph::add_clause(std::size_t start, std::span<const std::uint32_t> tests, NodeId target) {
  std::size_t same_from = start, clauses = 0;
  for (std::size_t at = start; at < words_.size() && clauses < kManyClauses; at += words_[at] + 2, ++clauses) {
    const std::span<const std::uint32_t> earlier(&words_[at] + 1, words_[at]);
    if (std::includes(tests.begin(), tests.end(), earlier.begin(), earlier.end())) return;
    if (words_[at + 1 + words_[at]] != target) same_from = at + 2 + words_[at];
  }
  for (std::size_t at = same_from; at < words_.size() && clauses < kManyClauses;) {
    const std::span<const std::uint32_t> earlier(&words_[at] + 1, words_[at]);
    const std::size_t next = at + 2 + words_[at];
    if (std::includes(earlier.begin(), earlier.end(), tests.begin(), tests.end())) {
      words_.erase(words_.begin() + static_cast<std::ptrdiff_t>(at),
                   words_.begin() + static_cast<std::ptrdiff_t>(next));
    } else {
      at = next;
    }
  }
  words_.push_back(static_cast<std::uint32_t>(tests.size()));
  words_.insert(words_.end(), tests.begin(), tests.end());
  words_.push_back(target);
}

// Drops clauses at the end that lead where `otherwise` leads.
DecisionGraph::Residual DecisionGraph::finish(std::size_t start, NodeId otherwise) {
  std::size_t keep = start;
  for (std::size_t at = start; at < words_.size();) {
    const std::size_t next = at + 2 + words_[at];
    if (words_[next - 1] != otherwise) keep = next;
    at = next;
  }
  words_.resize(keep);
  words_.push_back(0);
  words_.push_back(otherwise);
  return {static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(words_.size() - start)};
}

bool DecisionGraph::next_word(Residual residual, WordRef& at) const {
  for (const WordRef& word : order_) {
    bool found = false;
    for_tests(residual, [&](std::uint32_t id) { found = found || tests_[id].involves(word.arg, word.word); });
    if (!found) continue;
    at = word;
    return true;
  }
  return false;
}

// False, and everything is given up, if that would be too much.
bool DecisionGraph::spend(std::uint64_t tests) {
  work_ += tests;
  gave_up_ = gave_up_ || work_ > max_work_;
  return !gave_up_;
}

std::uint32_t DecisionGraph::intern(const ArgTest& test) {
  constexpr std::size_t kFewTests = 64;
  if (tests_.size() >= kFewTests) {
    if (test_ids_.empty())
      for (std::size_t i = 0; i < tests_.size(); ++i) test_ids_.emplace(tests_[i], static_cast<std::uint32_t>(i));
    const auto [at, fresh] = test_ids_.try_emplace(test, static_cast<std::uint32_t>(tests_.size()));
    if (fresh) {
      tests_.push_back(test);
      outcomes_.push_back(kUnknown);
    }
    return at->second;
  }
  const auto found = std::find(tests_.begin(), tests_.end(), test);
  const auto id = static_cast<std::uint32_t>(found - tests_.begin());
  if (found == tests_.end()) {
    tests_.push_back(test);
    outcomes_.push_back(kUnknown);
  }
  return id;
}

std::uint32_t DecisionGraph::load_offset(WordRef at) const {
  return at.word == Word::low ? bpf::low_word_offset(at.arg, little_endian_)
                              : bpf::high_word_offset(at.arg, little_endian_);
}

// The entry for `residual`; null if it is new, after making one at the end of solved_.
NodeId* DecisionGraph::find_solved(Residual residual) {
  const std::span<const std::uint32_t> key(words_.data() + residual.offset, residual.size);
  const std::uint64_t h = hash_words(key);
  if (solved_.size() * 2 >= slots_.size()) {
    slots_.assign(slots_.size() * 4, 0);
    for (std::size_t i = 0; i < solved_.size(); ++i) {
      std::size_t slot = solved_[i].hash % slots_.size();
      while (slots_[slot] != 0) slot = (slot + 1) % slots_.size();
      slots_[slot] = static_cast<std::uint32_t>(i + 1);
    }
  }
  std::size_t slot = h % slots_.size();
  for (; slots_[slot] != 0; slot = (slot + 1) % slots_.size()) {
    Solved& entry = solved_[slots_[slot] - 1];
    if (entry.hash == h && std::equal(key.begin(), key.end(), words_.begin() + entry.residual.offset,
                                      words_.begin() + entry.residual.offset + entry.residual.size))
      return &entry.node;
  }
  solved_.push_back({h, residual, 0});
  slots_[slot] = static_cast<std::uint32_t>(solved_.size());
  return nullptr;
}

}  // namespace callgate::compile
