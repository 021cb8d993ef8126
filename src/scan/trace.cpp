// SPDX-License-Identifier: Apache-2.0
#include "scan/trace.h"

#include <algorithm>

namespace callgate::scan {

namespace {

constexpr int kMaxDepth = 8;              // operations on the way
constexpr std::size_t kMaxSteps = 20000;  // instructions looked at, for one question
constexpr std::size_t kMaxValues = 64;
constexpr const char* kTooLarge = "the function is too large to look into";
constexpr const char* kTooDeep = "computed in too many steps";
constexpr const char* kTooManyWays = "too many ways lead here";
constexpr const char* kTooManyValues = "too many values";

}  // namespace

void Tracer::unknown(Query& q, const char* why) {
  Value v;
  v.why = why;
  v.node = q.graph.node();
  q.out.insert(v);
}

bool Tracer::is_cut_short(const Value& v) {
  return v.kind == Value::Kind::unknown &&
         (v.why == kTooLarge || v.why == kTooDeep || v.why == kTooManyWays || v.why == kTooManyValues);
}

const Graph& Tracer::graph(Node n) {
  auto& kept = graphs_[{n.module, n.function}];
  if (!kept) kept = std::make_unique<Graph>(link_, n);
  return *kept;
}

const std::vector<Tracer::Jump>& Tracer::jumps(std::uint32_t m) {
  const auto [at, fresh] = jumps_.try_emplace(m);
  if (!fresh) return at->second;
  const Module& module = link_.module(m);
  for (std::uint32_t i = 0; i < module.functions.size(); ++i) {
    if (!reach_.contains({m, i})) continue;
    for (const Ref& r : module.refs_of(module.functions[i]))
      if (r.kind == RefKind::jump || r.kind == RefKind::table || r.kind == RefKind::call ||
          (r.kind == RefKind::address && module.is_code(r.to)))
        at->second.push_back({r.to, r.from, r.kind == RefKind::address});
  }
  std::sort(at->second.begin(), at->second.end(),
            [](const Jump& a, const Jump& b) { return std::tie(a.to, a.from) < std::tie(b.to, b.from); });
  return at->second;
}

Values Tracer::before(Node n, Address a, Where where) {
  const auto at = graph(n).index_of(a);
  if (!at) {
    Value v;
    v.why = graph(n).too_large() ? kTooLarge : "data stands among the code";
    v.node = n;
    return {v};
  }
  return before(n, *at, where);
}

Values Tracer::before(Node n, std::uint32_t at, Where where) {
  std::size_t steps = 0;
  Query q{graph(n), {}, {}, {}, 0, &steps};
  return nested(q, n, at, where);
}

Values Tracer::nested(Query& outer, Node n, std::uint32_t at, Where where) {
  Query q{graph(n), {}, {}, {}, outer.depth + 1, outer.steps};
  if (q.graph.too_large())
    unknown(q, kTooLarge);
  else if (q.depth > kMaxDepth)
    unknown(q, kTooDeep);
  else
    q.work.emplace_back(at, where);
  while (!q.work.empty() && q.out.size() < kMaxValues) {
    const auto [i, w] = q.work.back();
    q.work.pop_back();
    if (q.seen.emplace(i, w).second) follow(q, i, w);
    if (++*q.steps > kMaxSteps) {
      unknown(q, kTooManyWays);
      break;
    }
  }
  if (q.out.size() >= kMaxValues) unknown(q, kTooManyValues);
  return std::move(q.out);
}

void Tracer::follow(Query& q, std::uint32_t at, Where where) {
  const Machine& machine = q.graph.machine();
  if (where.kind == Where::Kind::reg &&
      (where.place == machine.stack_pointer || where.place == machine.frame_pointer)) {
    const StackState& s = q.graph.stack(at);
    if (const auto& place = where.place == machine.stack_pointer ? s.pointer : s.frame) {
      q.out.insert({Value::Kind::frame, q.graph.node(), *place, 0, 8, ""});
      return;
    }
    if (where.place == machine.stack_pointer) return unknown(q, "the stack is not followed");
  }
  const auto from = q.graph.before(at);
  if (at == 0) {
    const bool stack = where.kind == Where::Kind::stack;
    if (stack && where.place < machine.return_address_size)
      unknown(q, "read from the stack before it is written");
    else if (where.kind != Where::Kind::reg && !stack)
      unknown(q, "a byte of a parameter");
    else
      q.out.insert({stack ? Value::Kind::stack_passed : Value::Kind::parameter, q.graph.node(), where.place, 0,
                    where.width, ""});
  } else if (at < q.graph.size()) {
    entered_elsewhere(q, at, where);
  }
  for (const std::uint32_t i : from) {
    if (const auto value = settled_by_branch(q.graph, i, at, where))
      q.out.insert({Value::Kind::constant, q.graph.node(), *value, 0, 8, ""});
    else
      after(q, i, where);
  }
}

std::optional<std::int64_t> Tracer::settled_by_branch(const Graph& graph, std::uint32_t branch, std::uint32_t at,
                                                      Where where) const {
  if (branch == 0 || at >= graph.size() || where.kind != Where::Kind::reg || graph.flow(branch) != Flow::branch)
    return std::nullopt;
  const bool next = graph.next_address(branch) == graph.address(at);
  const bool taken = graph.instruction(branch).target == graph.address(at);
  if (next == taken) return std::nullopt;
  return graph.machine().arch == arch::Arch::aarch64 ? arm64_settled(graph, branch, taken, where)
                                                     : x86_settled(graph, branch, taken, where);
}

void Tracer::after(Query& q, std::uint32_t at, Where where) {
  const bool done =
      q.graph.machine().arch == arch::Arch::aarch64 ? arm64_effect(q, at, where) : x86_effect(q, at, where);
  if (!done) q.work.emplace_back(at, where);
}

void Tracer::from_memory(Query& q, Address a, std::uint8_t width) const {
  const Node n = q.graph.node();
  const Module& module = link_.module(n.module);
  const elf::Segment* const s = module.file.segment_of(a);
  if (s == nullptr) return unknown(q, "read from outside of the file");
  if (s->writable) {
    q.out.insert({Value::Kind::global, n, static_cast<std::int64_t>(a), 0, width, ""});
    return;
  }
  std::uint32_t value = 0;
  if (width != 4 || !module.file.read(a, value)) return unknown(q, "read from memory");
  q.out.insert({Value::Kind::constant, n, value, 0, width, ""});
}

void Tracer::from_pointer(Query& q, std::uint32_t at, unsigned reg, std::int64_t distance, std::uint8_t width) {
  using K = Value::Kind;
  for (const Value& v : nested(q, q.graph.node(), at, Where{Where::Kind::reg, reg, 8})) {
    if (v.kind == K::frame)
      q.work.emplace_back(at, Where{Where::Kind::stack, v.place + distance, width});
    else if (v.kind == K::address)
      from_memory(q, static_cast<Address>(v.place + distance), width);
    else if (v.kind == K::parameter)
      q.out.insert({K::member, v.node, v.place, distance, width, ""});
    else if (v.kind == K::global)
      q.out.insert({K::global_member, v.node, v.place, distance, width, ""});
    else
      unknown(q, "read through a pointer");
  }
}

// Jumps of other functions into the middle of this one: parts that the compiler has split off come back that way.
void Tracer::entered_elsewhere(Query& q, std::uint32_t at, Where where) {
  const Node n = q.graph.node();
  const Range own = link_.function(n).code;
  const Address here = q.graph.address(at);
  const auto& all = jumps(n.module);
  bool any = !q.graph.before(at).empty();
  for (auto j = std::lower_bound(all.begin(), all.end(), here, [](const Jump& x, Address a) { return x.to < a; });
       j != all.end() && j->to == here; ++j) {
    if (own.contains(j->from) && !j->address) continue;
    any = true;
    if (j->address) {
      unknown(q, "the address of a place in the middle is taken");
      continue;
    }
    const auto other = link_.node_at({n.module, j->from});
    const auto index = other ? graph(*other).index_of(j->from) : std::nullopt;
    if (!index) {
      unknown(q, "entered from elsewhere");
      continue;
    }
    Where there = where;
    if (where.kind == Where::Kind::stack) {
      const auto& here_sp = q.graph.stack(at).pointer;
      const auto& there_sp = graph(*other).stack(*index).pointer;
      if (!here_sp || !there_sp) {
        unknown(q, "the stack is not followed");
        continue;
      }
      there.place += *there_sp - *here_sp;
    }
    for (Value v : nested(q, *other, *index, there)) {
      if (v.kind == Value::Kind::frame) v = Value{Value::Kind::unknown, n, 0, 0, 8, "an address on another stack"};
      q.out.insert(v);
    }
  }
  // Without any way to it, an instruction is never reached, unless exceptions lead there.
  if (!any && link_.function(n).handlers) unknown(q, "an exception handler");
}

RegisterSet Tracer::changed_by_call(const Graph& graph, std::uint32_t at, int depth) {
  if (graph.flow(at) != Flow::call) return graph.machine().caller_saved;
  return changed_at(graph.node().module, graph.instruction(at).target, depth);
}

RegisterSet Tracer::changed_at(std::uint32_t m, Address target, int depth) {
  const Module& module = link_.module(m);
  const Function* const f = module.function_at(target);
  if (f == nullptr || f->code.begin != target) return module.machine->caller_saved;
  return changed_by({m, module.id_of(*f)}, depth + 1);
}

RegisterSet Tracer::changed_by(Node n, int depth) {
  constexpr int kMaxCalls = 4;
  const Function& f = link_.function(n);
  const Machine& machine = *link_.module(n.module).machine;
  const RegisterSet any = machine.caller_saved;
  if (depth > kMaxCalls || f.indirect_jump || f.undecodable) return any;
  const auto known = changed_.find({n.module, n.function});
  if (known != changed_.end()) return known->second;
  RegisterSet out = machine.result;
  for (const Ref& r : link_.module(n.module).refs_of(f))
    if (r.kind == RefKind::jump)
      out |= changed_at(n.module, r.to, depth);
    else if (r.kind != RefKind::call && r.kind != RefKind::address && r.kind != RefKind::memory)
      out = any;
  const Graph& g = graph(n);
  if (g.too_large()) out = any;
  for (std::uint32_t i = 0; i < g.size() && (out & any) != any; ++i)
    out |= g.flow(i) == Flow::call ? changed_by_call(g, i, depth) : g.written(i);
  out &= any;
  changed_[{n.module, n.function}] = out;
  return out;
}

}  // namespace callgate::scan
