// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "arch/calls.h"
#include "base/text.h"
#include "closure/diagnostic_ids.h"
#include "closure/file.h"
#include "closure/pins.h"
#include "recording/members.h"
#include "syntax/words.h"
#include "text/node.h"

namespace callgate::closure {

namespace {

using recording::Members;

// Far more than a closure has; a hostile file is refused before it costs memory.
constexpr std::size_t kMost = 65536;

class Reader {
 public:
  explicit Reader(base::Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  bool read(const text::Node& root) {
    const Members members = at(root);
    if (!root.is_object() || !root.find("closure")) return members.wrong(root, "this is no closure");
    std::uint64_t version = 0;
    if (!members.get("closure", version)) return false;
    if (version < kEarliestVersion || version > kVersion) {
      diagnostics_.add(
          kLaterClosure, root.find("closure").span(),
          fmt::format("this closure has version {}; {} to {} are known", version, kEarliestVersion, kVersion),
          "a newer callgate reads it");
      return false;
    }
    return members.each("recordings", kMost, [&](const text::Node& node) { return object(node, &Reader::source); }) &&
           phases(members, version < 2 ? 2 : kPhaseCount) && tiers(members) && capabilities(members) &&
           incomplete(members) && strings(members, "notes", out_.notes) && budget(members);
  }
  Closure take() { return std::move(out_); }

 private:
  Members at(const text::Node& node) const { return {node, diagnostics_, kBadClosure}; }

  bool object(const text::Node& node, bool (Reader::*each)(const Members&)) {
    const Members members = at(node);
    return node.is_object() ? (this->*each)(members) : members.wrong(node, "an object should stand here");
  }

  bool strings(const Members& members, std::string_view name, std::vector<std::string>& out) {
    return members.each(name, kMost, [&](const text::Node& node) {
      if (!node.is_string()) return members.wrong(node, fmt::format("'{}' holds something that is no text", name));
      out.emplace_back(node.text());
      return true;
    });
  }

  bool source(const Members& members) {
    Source& out = out_.sources.emplace_back();
    bool complete = false;
    if (!members.get("id", out.id) || !members.get("started", out.started) || !members.get("kernel", out.kernel) ||
        !members.get_word("arch", arch::find, out.arch) || !strings(members, "command", out.command) ||
        !members.get("arguments", out.with_arguments) || !members.get("complete", complete))
      return false;
    if (!complete) out.incomplete = "?";  // told below
    return !members.has("known") || members.get("known", out.known);
  }

  bool incomplete(const Members& members) {
    auto next = out_.sources.begin();
    const bool read = members.each("incomplete", kMost, [&](const text::Node& node) {
      const Members each = at(node);
      std::string id, why;
      if (!node.is_object() || !each.get("run", id) || !each.get("why", why))
        return node.is_object() ? false : each.wrong(node, "an object should stand here");
      while (next != out_.sources.end() && next->incomplete.empty()) ++next;
      if (next == out_.sources.end() || next->id != id || why.empty())
        return each.wrong(node, "this is none of the recordings that are not complete");
      (next++)->incomplete = std::move(why);
      return true;
    });
    if (!read) return false;
    while (next != out_.sources.end() && next->incomplete.empty()) ++next;
    return next == out_.sources.end() ||
           members.wrong(members.node().find("incomplete"), "a recording that is not complete is missing here");
  }

  // Earlier versions had fewer.
  bool phases(const Members& members, std::size_t count) {
    const text::Node all = members.need("phases");
    if (!all) return false;
    if (!all.is_object() || all.size() != count)
      return members.wrong(all, "'phases' has startup, serving and, since version 2, shutdown");
    for (std::size_t i = 0; i < count; ++i) {
      const text::Node phase = at(all).need(name(static_cast<Phase>(i)));
      if (!phase) return false;
      if (!phase.is_object()) return members.wrong(phase, "a phase is an object");
      if (!at(phase).each("core", kMost, [&](const text::Node& node) { return entry(node, out_.core[i]); }))
        return false;
      std::ranges::sort(out_.core[i], {}, [](const Entry& e) { return std::pair(e.audit, e.nr); });
      const auto twice = std::ranges::adjacent_find(
          out_.core[i], [](const Entry& a, const Entry& b) { return a.audit == b.audit && a.nr == b.nr; });
      if (twice != out_.core[i].end())
        return members.wrong(phase,
                             fmt::format("'{}' stands here twice", recording::call_name(twice->audit, twice->nr)));
    }
    return true;
  }

  bool entry(const text::Node& node, std::vector<Entry>& into) {
    const Members members = at(node);
    if (!node.is_object()) return members.wrong(node, "an object should stand here");
    Entry out;
    if (!members.get_call(out.audit, out.nr, "call") || !members.get("count", out.evidence.count) ||
        !members.get_word("origin", find_origin, out.origin) ||
        !members.each("args", 6, [&](const text::Node& each) { return pin(each, out); }))
      return false;
    if (combinations(out.pins) > kMostCombinations)
      return members.wrong(node.find("args"), "these are too many values");
    const text::Node evidence = members.need("evidence");
    if (!evidence) return false;
    if (!evidence.is_object()) return members.wrong(evidence, "an object should stand here");
    if (!evidence_of(at(evidence), out)) return false;
    into.push_back(std::move(out));
    return true;
  }

  bool evidence_of(const Members& members, Entry& out) {
    if (out.origin != Origin::observed) return members.get("why", out.why);
    Evidence& seen = out.evidence;
    return members.get("runs", seen.runs) && strings(members, "programs", seen.programs) &&
           members.get("thread", seen.thread) && members.get("ns", seen.first_ns) &&
           (!members.has("refused") || members.get("refused", seen.refused)) &&
           (!members.has("vsyscall") || members.get("vsyscall", seen.vsyscall));
  }

  bool pin(const text::Node& node, Entry& into) {
    const Members members = at(node);
    if (!node.is_object()) return members.wrong(node, "an object should stand here");
    Pin out;
    if (!members.get("arg", out.place)) return false;
    if (out.place > 5) return members.wrong(node.find("arg"), "calls have six arguments, 0 to 5");
    if (members.has("mask") && !members.get("mask", out.mask)) return false;
    if (members.has("values") == members.has("bits"))
      return members.wrong(node, "an argument has either 'values' or 'bits'");
    if (members.has("bits") && !members.get("bits", out.allowed.emplace())) return false;
    if (members.has("values") && !members.each("values", kMostCombinations, [&](const text::Node& value) {
          const auto number = value.as_u64();
          if (!number || (*number & ~out.mask) != 0)
            return members.wrong(value, "a value is a number of 64 bits, within the mask");
          out.values.push_back(*number);
          return true;
        }))
      return false;
    if (!out.allowed && out.values.empty()) return members.wrong(node.find("values"), "no value is allowed here");
    if (out.allowed && (*out.allowed & ~out.mask) != 0)
      return members.wrong(node.find("bits"), "these bits are not within the mask");
    std::ranges::sort(out.values);
    if (std::ranges::adjacent_find(out.values) != out.values.end())
      return members.wrong(node.find("values"), "a value stands here twice");
    const auto same = [&](const Pin& other) { return other.place == out.place; };
    if (std::ranges::any_of(into.pins, same)) return members.wrong(node, "this argument stands here twice");
    into.pins.push_back(std::move(out));
    return true;
  }

  bool tiers(const Members& members) {
    const text::Node frontier = members.need("frontier"), outside = members.need("outside");
    if (!frontier || !outside || !members.get("scanned", out_.scanned)) return false;
    if (!frontier.is_object() || !outside.is_object()) return members.wrong(outside, "an object should stand here");
    if (!at(frontier).get_word("action", policy::parse_action, out_.on_frontier) ||
        !at(outside).get_word("action", policy::parse_action, out_.outside))
      return false;
    return at(frontier).each("calls", kMost, [&](const text::Node& node) { return object(node, &Reader::reachable); });
  }

  bool reachable(const Members& members) {
    Reachable& out = out_.frontier.emplace_back();
    return members.get_call(out.audit, out.nr, "call") && members.get("evidence", out.evidence);
  }

  bool capabilities(const Members& members) {
    const text::Node all = members.need("capabilities");
    if (!all) return false;
    if (all.is_null()) return true;
    out_.capabilities.emplace();
    return members.each("capabilities", kMost,
                        [&](const text::Node& node) { return object(node, &Reader::capability); });
  }

  bool capability(const Members& members) {
    Capability& out = out_.capabilities->emplace_back();
    bool keep = false;
    if (!members.get("capability", out.name) || !members.get("keep", keep) || !strings(members, "calls", out.calls))
      return false;
    if (!syntax::is_capability(out.name) && !out.name.starts_with("CAP_"))
      return members.wrong(members.node().find("capability"), "a capability is called CAP_…");
    return keep || (members.get("caution", out.caution) &&
                    (!out.caution.empty() || members.wrong(members.node(), "why is it not kept?")));
  }

  bool budget(const Members& members) {
    if (!members.has("budget")) return true;
    const text::Node budget = members.need("budget");
    if (!budget.is_object()) return members.wrong(budget, "an object should stand here");
    return at(budget).get("limit", out_.budget.emplace());
  }

  base::Diagnostics& diagnostics_;
  Closure out_;
};

}  // namespace

std::optional<Closure> read(const base::SourceFile& file, base::Diagnostics& diagnostics) {
  const auto document = text::read_json(file, diagnostics);
  if (!document) return std::nullopt;
  Reader reader(diagnostics);
  if (!reader.read(document->root())) return std::nullopt;
  return reader.take();
}

}  // namespace callgate::closure
