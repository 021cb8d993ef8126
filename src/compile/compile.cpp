// Tokens, in order of their weight, are told apart by JEQ on the architecture; each token's numbers by a RunTree whose
// leaves are decisions. Everything goes into one graph, so that architectures share what is equal.
// SPDX-License-Identifier: Apache-2.0
#include "compile/compile.h"

#include <algorithm>
#include <utility>

#include "arch/calls.h"
#include "compile/decision_graph.h"
#include "compile/emit.h"
#include "compile/report.h"

namespace callgate::compile {

namespace {

constexpr policy::SyscallNr kLastNumber = 0xffffffff;

// What one instruction less in a tree over numbers is worth, in instructions executed per call.
float number_price(Objective objective) {
  switch (objective) {
    case Objective::size:
      return 1.0F;
    case Objective::speed:
      return 0.002F;
    case Objective::balanced:
      break;
  }
  return 0.035F;
}

// Shares of a token's weight. Known calls count alike: loading a filter runs it once for each of them (for the kernel's
// cache), and which of those it cannot cache a program will make is not known. Measured weights, if any, outweigh that.
constexpr float kMeasuredShare = 0.95F;   // of measured weights, where there are any
constexpr float kX32Share = 0.005F;       // of x86_64's token; hardly any kernel takes x32 calls today
constexpr float kUnknownShare = 0.0005F;  // of all numbers without a name, together

class Compiler {
 public:
  Compiler(const policy::Policy& policy, const Options& options)
      : policy_(policy),
        options_(options),
        price_(number_price(options.objective)),
        trees_(graph_),
        decisions_(graph_, trees_, argument_price(options.objective)),
        nodes_of_(policy.decisions.size() * 2) {}

  // Where a decision is too long by itself: how many instructions there would be at least. Otherwise 0.
  std::size_t too_long() const { return too_long_; }

  bpf::Program run() {
    std::vector<const policy::ArchRuns*> order;
    for (const policy::ArchRuns& runs : policy_.archs) order.push_back(&runs);
    std::sort(order.begin(), order.end(), [&](const auto* a, const auto* b) {
      return std::pair(rank(a->audit), a->audit) < std::pair(rank(b->audit), b->audit);
    });
    // Among tokens that are not listed both byte orders occur; bit 30 of the token (__AUDIT_ARCH_LE) tells which.
    constexpr policy::AuditArch kLittleEndian = 0x40000000;
    NodeId node = graph_.test(bpf::op::kJsetK, kLittleEndian, token_root(kLittleEndian, policy_.other),
                              token_root(0, policy_.other));
    for (std::size_t i = order.size(); i-- > 0;)
      node = graph_.test(bpf::op::kJeqK, order[i]->audit, token_root(order[i]->audit, order[i]->runs), node);
    return emit(graph_, graph_.load(bpf::kOffsetArch, node));
  }

 private:
  // Heavier tokens come first; by default 64-bit ones, for they carry nearly all calls wherever both exist.
  double rank(policy::AuditArch audit) const {
    double calls = arch::is_64bit(audit) ? 1e-9 : 0;
    for (const Weight& weight : options_.weights)
      if (weight.audit == audit) calls += weight.calls;
    return -calls;
  }

  NodeId token_root(policy::AuditArch audit, const std::vector<policy::Run>& runs);
  NodeId decision(policy::DecisionId id, bool little_endian);
  void add_weights(policy::AuditArch audit, std::span<Piece> pieces);

  const policy::Policy& policy_;
  const Options& options_;
  float price_;
  Graph graph_;
  RunTree trees_;
  DecisionGraph decisions_;
  std::vector<NodeId> nodes_of_;  // per decision and byte order: node + 1, 0: none yet
  std::vector<Piece> pieces_;
  std::size_t too_long_ = 0;
};

NodeId Compiler::decision(policy::DecisionId id, bool little_endian) {
  NodeId& known = nodes_of_[id * std::size_t{2} + (little_endian ? 1 : 0)];
  if (known != 0) return known - 1;
  known = decisions_.build(policy_.decisions[id], little_endian) + 1;
  too_long_ = std::max(too_long_, decisions_.too_long());
  return known - 1;
}

// Runs that lead to one node become one piece; those of x32, if there are many, a tree of their own, so that each tree
// stays small.
NodeId Compiler::token_root(policy::AuditArch audit, const std::vector<policy::Run>& runs) {
  constexpr std::size_t kManyRuns = 4;
  pieces_.clear();
  std::size_t x32_from = 0;
  for (const policy::Run& run : runs) {
    const NodeId leaf = decision(run.decision, arch::little_endian(audit));
    if (pieces_.empty() || pieces_.back().leaf != leaf) pieces_.push_back({run.first, leaf, 0});
    if (run.first < arch::kX32Bit) x32_from = pieces_.size();
  }
  add_weights(audit, pieces_);
  if (pieces_.size() - x32_from > kManyRuns) {
    // The last run below may reach beyond bit 30; its part there opens the upper tree.
    std::vector<Piece> upper(pieces_.begin() + static_cast<std::ptrdiff_t>(x32_from), pieces_.end());
    if (upper.front().first != arch::kX32Bit)
      upper.insert(upper.begin(), {arch::kX32Bit, pieces_[x32_from - 1].leaf, 0});
    pieces_.resize(x32_from);
    float weight = 0;
    for (const Piece& piece : upper) weight += piece.weight;
    for (Piece& piece : upper) piece.weight /= std::max(weight, 1e-6F);
    pieces_.push_back({arch::kX32Bit, trees_.build(upper, kLastNumber, price_), weight});
  }
  return graph_.load(bpf::kOffsetNr, trees_.build(pieces_, kLastNumber, price_));
}

void Compiler::add_weights(policy::AuditArch audit, std::span<Piece> pieces) {
  const auto piece_of = [&](policy::SyscallNr nr) {
    const auto after = std::upper_bound(pieces.begin(), pieces.end(), nr,
                                        [](policy::SyscallNr n, const Piece& piece) { return n < piece.first; });
    return after - 1;
  };
  double measured = 0;
  for (const Weight& weight : options_.weights)
    if (weight.audit == audit) measured += weight.calls;
  const float named = measured > 0 ? 1 - kMeasuredShare : 1;
  for (const arch::Arch arch : arch::with_audit(audit)) {
    const std::span<const arch::CallEntry> table = arch::table(arch);
    if (table.empty()) continue;
    // Sorted by number, so one walk along the pieces finds them all.
    auto piece = piece_of(table.front().nr);
    const float of_token = arch == arch::Arch::x32 ? kX32Share : 1 - kX32Share;
    const float share = named * of_token / static_cast<float>(table.size());
    if (piece + 1 == pieces.end() || table.back().nr < (piece + 1)->first) {
      piece->weight += share * static_cast<float>(table.size());
      continue;
    }
    for (const arch::CallEntry& call : table) {
      while (piece + 1 != pieces.end() && call.nr >= (piece + 1)->first) ++piece;
      piece->weight += share;
    }
  }
  for (Piece& piece : pieces) piece.weight += kUnknownShare / static_cast<float>(pieces.size());
  for (const Weight& weight : options_.weights)
    if (weight.audit == audit)
      piece_of(weight.nr)->weight += kMeasuredShare * static_cast<float>(weight.calls / measured);
}

}  // namespace

base::Result<Compiled> compile(const policy::Policy& policy, const Options& options) {
  Compiler compiler(policy, options);
  Compiled compiled{compiler.run()};
  if (compiler.too_long() > 0)
    return base::fail(base::ErrorCode::limit, too_long_message(policy, options, compiler.too_long(), true));
  if (compiled.program.size() <= bpf::kMaxInsns) return compiled;
  return base::fail(base::ErrorCode::limit, too_long_message(policy, options, compiled.program.size(), false));
}

}  // namespace callgate::compile
