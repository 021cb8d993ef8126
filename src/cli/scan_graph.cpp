// SPDX-License-Identifier: Apache-2.0
#include "cli/scan_graph.h"

#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "cli/scan_print.h"

namespace callgate::cli {

namespace {

constexpr std::size_t kMaxLabel = 200;

// A label in quotes: names come out of the file.
std::string dot_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : base::printable(text, kMaxLabel)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

class Graph {
 public:
  std::string run(const scan::Answer& answer, std::optional<std::uint32_t> only) {
    for (const scan::Call& call : answer.calls)
      if (!only || *only == call.nr) add(call);
    std::string out = fmt::format("digraph {} {{\n  rankdir=LR;\n  node [shape=box];\n", dot_quoted(answer.path));
    std::size_t box = 0;
    for (const auto& [file, nodes] : files_) {
      out += fmt::format("  subgraph cluster_{} {{\n    label={};\n", box++, dot_quoted(file));
      for (const auto& [where, number] : nodes) out += fmt::format("    n{} [label={}];\n", number, dot_quoted(where));
      out += "  }\n";
    }
    for (const scan::Call& call : answer.calls)
      if (!only || *only == call.nr)
        out += fmt::format("  c{} [label={},shape=ellipse{}];\n", call.nr,
                           dot_quoted(scanned_call_name(answer.arch, call.nr)), call.assumed ? ",style=dashed" : "");
    for (const auto& [each, why] : roots_) out += fmt::format("  {} [style=bold,tooltip={}];\n", each, dot_quoted(why));
    for (const auto& [edge, label] : edges_) out += fmt::format("  {} [label={}];\n", edge, dot_quoted(label));
    return out + "}\n";
  }

 private:
  // "libc.so.6: fopen" → the file, and what in it.
  std::string node(const std::string& where) {
    const auto colon = where.find(": ");
    const std::string file = colon == std::string::npos ? "" : where.substr(0, colon);
    const std::string name = colon == std::string::npos ? where : where.substr(colon + 2);
    const auto [at, fresh] = files_[file].emplace(name, next_);
    if (fresh) ++next_;
    return fmt::format("n{}", at->second);
  }

  void add(const scan::Call& call) {
    std::string from;
    for (const scan::Step& step : call.chain) {
      const std::string to = node(step.where);
      if (from.empty())
        roots_.emplace(to, step.how);
      else if (from != to)
        edges_.emplace(fmt::format("{} -> {}", from, to), step.how);
      from = to;
    }
    if (!from.empty()) edges_.emplace(fmt::format("{} -> c{}", from, call.nr), "");
  }

  std::map<std::string, std::map<std::string, std::size_t>> files_;
  std::map<std::string, std::string> edges_;
  std::map<std::string, std::string> roots_;
  std::size_t next_ = 0;
};

}  // namespace

std::string scan_graph(const scan::Answer& answer, std::optional<std::uint32_t> only) {
  return Graph().run(answer, only);
}

}  // namespace callgate::cli
