// Any bytes as YAML: refused with errors inside the file, or accepted, and then the trees keep their promises, quoted
// values' own bytes read to the same text, and the same bytes read to the same trees again.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "unit/text/tree_checks.h"

namespace {

using namespace callgate::text;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

// A quoted value on one line does not depend on indentation or on what surrounds it.
bool stands_alone(const Node& node, std::string_view bytes) {
  if (node.style() == ScalarStyle::double_quoted || node.style() == ScalarStyle::single_quoted)
    return bytes.find('\n') == std::string_view::npos && (bytes.front() == '"' || bytes.front() == '\'');
  return false;
}

void check_document(const Document& document, bool has_aliases) {
  require(!document.nodes().empty(), "a document has a root");
  const std::string broken = checks::broken_promise(document, has_aliases);
  require(broken.empty(), broken.c_str());
  constexpr std::uint32_t kValues = 64;
  for (std::uint32_t i = 0; i < document.nodes().size() && i < kValues; ++i) {
    const Node node(&document, i);
    const std::string_view bytes = node.span().text();
    if (bytes.empty() || !stands_alone(node, bytes)) continue;
    const auto again = checks::yaml(bytes);
    require(again.documents && again.documents->size() == 1, "a quoted value's own bytes are YAML");
    require(again.documents->front().root().text() == node.text(), "a quoted value's own bytes mean the same");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Small limits, so that a long run of aliases stays fast.
  const ReadLimits limits{.max_depth = 64, .max_nodes = 20'000, .max_expanded = 5'000};
  const auto read = checks::yaml(text, limits);
  require(read.documents.has_value() != read.diagnostics.has_errors(), "either documents or errors");
  for (const auto& item : read.diagnostics.items())
    require(item.span.begin <= item.span.end && item.span.end <= size, "a finding lies in the file");
  require(read.diagnostics.items().empty() || !callgate::base::render_text(read.diagnostics, false).empty(),
          "findings can be shown");
  if (!read.documents) return 0;
  const bool has_aliases = text.find('*') != std::string_view::npos;
  const auto again = checks::yaml(text, limits);
  for (std::size_t i = 0; i < read.documents->size(); ++i) {
    const Document& document = (*read.documents)[i];
    check_document(document, has_aliases);
    require(checks::shape(document.root()) == checks::shape((*again.documents)[i].root()), "reading is repeatable");
  }
  return 0;
}
