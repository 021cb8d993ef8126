// SPDX-License-Identifier: Apache-2.0
#include "scan/chain.h"

#include <fmt/format.h>

#include <algorithm>

#include "scan/opens.h"

namespace callgate::scan {

namespace {

std::string how(RefKind kind) {
  switch (kind) {
    case RefKind::call:
    case RefKind::call_slot:
      return "is called";
    case RefKind::jump:
    case RefKind::jump_slot:
    case RefKind::table:
      return "is jumped to";
    case RefKind::fall:
    case RefKind::after_call:
      return "follows on";
    case RefKind::address:
    case RefKind::memory:
      return "has its address taken, so it may be called";
  }
  return "";
}

std::string how(const Cause& c) {
  switch (c.root) {
    case RootKind::none:
      return how(c.kind);
    case RootKind::entry:
      return "is where the kernel enters";
    case RootKind::start:
      return "initialises or finalises the module";
    case RootKind::relocation:
      return fmt::format("is named by a pointer in data, at {:#x}", c.from);
    case RootKind::exception:
      return "handles exceptions";
    case RootKind::by_name:
      return "is looked up by its name";
    case RootKind::runtime:
      return "belongs to a runtime all of whose code counts";
    case RootKind::opened:
      return "is exported by a library that is opened while it runs";
    case RootKind::held:
      return "had its address taken before, so it may be called";
    case RootKind::resumed:
      return "was called before, and goes on";
  }
  return "";
}

}  // namespace

std::vector<Step> chain(const Link& link, const Reach& life, const Reach* after, Node node, Address at) {
  std::vector<Step> out;
  out.push_back({place_name(link.module(node.module), at), "enters the kernel, or calls what does"});
  const Reach* reach = after != nullptr ? after : &life;
  for (std::optional<Node> n = node; n;) {
    const Cause& c = reach->cause(*n);
    const std::string where = place_name(link.module(n->module), link.function(*n).code.begin);
    out.push_back({where, reach == after && c.root == RootKind::entry ? "begins then" : how(c)});
    if (c.root == RootKind::held) reach = &life;
    n = c.root == RootKind::none || c.root == RootKind::held ? std::optional(c.parent) : std::nullopt;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace callgate::scan
