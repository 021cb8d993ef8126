// Any bytes as a file of unknown kind: told apart in the same way twice, with places inside of the text; malformed JSON
// is said to be, and nothing else. Manifests, inspected containers and scripts are then resolved: every container runs,
// or is refused with words. (Compose projects have a body of their own.) SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "resolve/kind.h"
#include "resolve/resolve.h"

namespace {

using namespace callgate;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

void require_place(const base::Span& span, const base::SourceFile& file) {
  require(span.file == &file, "a place is in the file");
  require(span.begin <= span.end && span.end <= file.text().size(), "a place lies in the text");
}

void look(const manifest::Container& got) {
  const bool refused = got.outcome == manifest::Outcome::refused;
  require(refused == (got.refused_by != manifest::Party::nobody), "a refusal is somebody's");
  require(!refused || !got.message.empty(), "a refusal says why");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMax = std::size_t{1} << 16;
  if (size > kMax) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const base::SourceFile file("input", text);
  base::Diagnostics said, again;
  const resolve::Kind kind = resolve::classify(file, said);
  require(kind.kind == resolve::classify(file, again).kind, "it is repeatable");
  require(said.has_errors() == (kind.kind == resolve::InputKind::malformed), "malformed JSON alone is diagnosed");
  if (kind.kind == resolve::InputKind::mixed) {
    require_place(kind.first, file);
    require_place(kind.second, file);
  }
  if (kind.kind == resolve::InputKind::compose) return 0;
  manifest::Files files("/nonexistent");
  files.provide("input", text);
  manifest::Filters filters{{}};
  container::World world{.files = files, .filters = filters, .environment = {"HOME=/nonexistent"}};
  manifest::Answer answer;
  base::Diagnostics diagnostics;
  const std::vector<std::string> paths{"input"};
  const bool read = resolve::resolve_paths(paths, {}, world, answer, diagnostics);
  require(read || diagnostics.has_errors(), "what is not read is diagnosed");
  for (const manifest::Container& each : answer.containers) look(each);
  return 0;
}
