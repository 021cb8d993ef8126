// Where a value comes from, followed backwards within one function: constants, what the function got from its caller,
// what stands in memory, or "unknown" with a reason. Never fewer values than there can be.
//
// Two rules of the ABI are relied on: a call gives back rbx, rbp, rsp and r12-r15, and does not write to its caller's
// stack except through an address that it was given; a number or text put into a structure for a callee is taken not
// to be changed by another function on the way.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <set>

#include "scan/graph.h"
#include "scan/reach.h"

namespace callgate::scan {

struct Where {
  enum class Kind : std::uint8_t { reg, low_byte, stack, vector } kind = Kind::reg;
  std::int64_t place = 0;   // a register's number, or a distance from the entry's stack pointer
  std::uint8_t width = 8;   // bytes, of a stack place or of a part of a vector register
  std::uint8_t offset = 0;  // of that part
  auto operator<=>(const Where&) const = default;
};

struct Value {
  enum class Kind : std::uint8_t {
    constant,
    address,        // of a place in the function's module
    frame,          // an address on the function's own stack
    parameter,      // what register `place` held on entry
    stack_passed,   // what stood on the stack on entry
    member,         // memory at offset `detail` from what register `place` held on entry
    global,         // the memory at address `place`
    global_member,  // memory at offset `detail` from the pointer at address `place`
    unknown,
  } kind = Kind::unknown;
  Node node;
  std::int64_t place = 0, detail = 0;
  std::uint8_t width = 8;
  const char* why = "";
  bool operator<(const Value& o) const {
    return std::tuple(kind, node.module, node.function, place, detail) <
           std::tuple(o.kind, o.node.module, o.node.function, o.place, o.detail);
  }
};
using Values = std::set<Value>;

class Tracer {
 public:
  Tracer(const Link& link, const Reach& reach) : link_(link), reach_(reach) {}

  const Graph& graph(Node n);
  // The values of `where` before the instruction at index `at`.
  Values before(Node n, std::uint32_t at, Where where);
  Values before(Node n, Address at, Where where);
  // Unknown only because looking for it would take too long.
  static bool is_cut_short(const Value& v);

 private:
  // One question within one function: what is found, and where there is still to look.
  struct Query {
    const Graph& graph;
    Values out;
    std::set<std::pair<std::uint32_t, Where>> seen;
    std::vector<std::pair<std::uint32_t, Where>> work;
    int depth = 0;
    std::size_t* steps = nullptr;
  };
  void follow(Query& q, std::uint32_t at, Where where);
  // A register's value on the way from a branch that compared it with a constant.
  std::optional<std::int64_t> settled_by_branch(const Graph& graph, std::uint32_t branch, std::uint32_t at,
                                                Where where) const;
  void after(Query& q, std::uint32_t at, Where where);
  // The instruction at `at` determines what is asked for: true, and what it is, or where to look on, is noted.
  //
  // trace_x86.cpp. Branches: the constant that the register was found to be equal to, if the branch is `taken` or not.
  std::optional<std::int64_t> x86_settled(const Graph& graph, std::uint32_t branch, bool taken, Where where) const;
  bool x86_effect(Query& q, std::uint32_t at, Where where);
  bool register_effect(Query& q, std::uint32_t at, Where where);
  bool conditional_effect(Query& q, std::uint32_t at, Where where);
  bool constant_effect(Query& q, std::uint32_t at, Where where);
  bool copy_effect(Query& q, std::uint32_t at, Where where);
  bool address_effect(Query& q, std::uint32_t at);
  bool arithmetic_effect(Query& q, std::uint32_t at, Where where);
  void low_byte_becomes(Query& q, std::uint32_t at, Where where, std::int64_t byte);
  bool stack_effect(Query& q, std::uint32_t at, Where where);
  bool vector_effect(Query& q, std::uint32_t at, Where where);
  void load(Query& q, std::uint32_t at, std::uint8_t width);
  void source(Query& q, std::uint32_t at, bool byte);
  void combine(Query& q, std::uint32_t at, Where a, Where b, unsigned opcode);
  // trace_arm64.cpp
  std::optional<std::int64_t> arm64_settled(const Graph& graph, std::uint32_t branch, bool taken, Where where) const;
  bool arm64_effect(Query& q, std::uint32_t at, Where where);
  bool arm64_register(Query& q, std::uint32_t at, Where where);
  bool arm64_moved(Query& q, std::uint32_t at);
  bool arm64_computed(Query& q, std::uint32_t at);
  bool arm64_stack(Query& q, std::uint32_t at, Where where);
  bool arm64_stored(Query& q, std::uint32_t at, Where where, std::int64_t place);
  bool arm64_vector(Query& q, std::uint32_t at, Where where);
  void arm64_load(Query& q, std::uint32_t at, std::uint8_t reg);
  Values arm64_operand(Query& q, std::uint32_t at, std::uint8_t reg);

  // What a direct call of a function of the same module may change: compilers that know the callee rely on it.
  RegisterSet changed_by_call(const Graph& graph, std::uint32_t at, int depth);
  RegisterSet changed_at(std::uint32_t module, Address target, int depth);
  RegisterSet changed_by(Node n, int depth);
  // What stands at an address of the module; at a distance from where a register points.
  void from_memory(Query& q, Address a, std::uint8_t width) const;
  void from_pointer(Query& q, std::uint32_t at, unsigned reg, std::int64_t distance, std::uint8_t width);
  // Applies f to the values of `where` before `at` that are known; what it says no to becomes unknown.
  template <class F>
  void apply(Query& q, std::uint32_t at, Where where, F f) {
    for (const Value& v : nested(q, q.graph.node(), at, where)) {
      Value out = v;
      if (v.kind == Value::Kind::unknown) {
        q.out.insert(v);
      } else if (!f(out)) {
        unknown(q, "computed from what is not constant");
      } else {
        q.out.insert(out);
      }
    }
  }
  void entered_elsewhere(Query& q, std::uint32_t at, Where where);
  Values nested(Query& q, Node n, std::uint32_t at, Where where);
  static void unknown(Query& q, const char* why);

  struct Jump {
    Address to;
    Address from;
    bool address;  // only its address is formed
  };
  const std::vector<Jump>& jumps(std::uint32_t module);

  const Link& link_;
  const Reach& reach_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::unique_ptr<Graph>> graphs_;
  std::map<std::uint32_t, std::vector<Jump>> jumps_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, RegisterSet> changed_;
};

}  // namespace callgate::scan
