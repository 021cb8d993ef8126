// Any bytes as a script, a Makefile, CI YAML, daemon.json and inspect output. No file is opened but below an empty
// directory's name, so paths in the input lead nowhere; whatever is refused has words for it.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string>

#include "container/container.h"
#include "manifest/go_json.h"
#include "text/node.h"

namespace {

using namespace callgate;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const manifest::Answer& answer) {
  for (const manifest::Container& each : answer.containers) {
    const bool refused = each.outcome == manifest::Outcome::refused;
    require(refused == (each.refused_by != manifest::Party::nobody));
    require(!refused || !each.message.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  manifest::Files files("/nonexistent");
  manifest::Filters filters({});
  container::World world{files, filters, {}, {28, 2}, {}, {"HOME=/nonexistent"}};
  for (const char* name : {"x.sh", "Makefile", "ci.yml"}) {
    manifest::Answer answer;
    base::Diagnostics diagnostics;
    container::resolve_script(files.keep(name, text), world, answer, diagnostics);
    check(answer);
  }
  base::Diagnostics diagnostics;
  container::Daemon daemon;
  container::read_daemon_json(files.keep("daemon.json", text), files, daemon, diagnostics);
  base::Diagnostics syntax;
  if (const auto document = text::read_json(files.keep("inspect.json", text), syntax)) {
    manifest::Answer answer;
    container::resolve_inspect(document->root(), world, answer, diagnostics);
    check(answer);
    // What is JSON to the strict reader is JSON to Go; the reverse does not hold.
    require(manifest::go_compact(text).has_value());
  }
  return 0;
}
