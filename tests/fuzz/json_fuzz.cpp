// Any bytes as JSON: refused with exactly one error inside the file, or accepted, and then simdjson's DOM accepts them
// too, the tree keeps its promises, and every value's own bytes read to the same value.
// SPDX-License-Identifier: Apache-2.0
#include <simdjson.h>

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

void check_refusal(const checks::JsonRead& read, std::size_t size) {
  require(read.diagnostics.error_count() == 1, "one error for a refused text");
  const auto& error = read.diagnostics.items().back();
  require(error.span.begin <= error.span.end && error.span.end <= size, "the error lies in the file");
  require(error.help != "report this file", "the fast reader and the scanner agree");
  require(!callgate::base::render_text(read.diagnostics, false).empty(), "the error can be shown");
}

void check_acceptance(const checks::JsonRead& read) {
  const Document& document = *read.document;
  require(!read.diagnostics.has_errors(), "no error for an accepted text");
  const std::string broken = checks::broken_promise(document);
  require(broken.empty(), broken.c_str());
  // Reading all values again is quadratic in the depth; the first ones are enough.
  constexpr std::uint32_t kValues = 64;
  for (std::uint32_t i = 0; i < document.nodes().size() && i < kValues; ++i) {
    const Node node(&document, i);
    const auto again = checks::json(node.span().text());
    require(again.document.has_value(), "a value's own bytes are JSON");
    require(checks::shape(again.document->root()) == checks::shape(node), "a value's own bytes mean the same");
    if (node.key_span().begin == node.key_span().end) continue;
    const auto key = checks::json(node.key_span().text());
    require(key.document && key.document->root().text() == node.key(), "a key's own bytes mean the same");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = checks::json(text);
  if (read.document)
    check_acceptance(read);
  else
    check_refusal(read, size);
  // The DOM refuses numbers that fit no double or 64-bit integer; our depth limit is lower than its own.
  simdjson::dom::parser parser;
  const auto error = parser.parse(simdjson::padded_string(text)).error();
  const bool comparable = error != simdjson::NUMBER_ERROR && checks::findings(read.diagnostics).find("CG0119") != 0;
  if (comparable) require(read.document.has_value() == (error == simdjson::SUCCESS), "agreement with simdjson's DOM");
  return 0;
}
