// Any bytes as a Compose file and, behind a line "--- .env", a .env file: loaded or refused, with findings that lie in
// a file, and the same way twice. What it extends or includes is looked for where nothing is. SPDX-License-Identifier:
// Apache-2.0
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "compose/dotenv.h"
#include "compose/loader.h"
#include "compose/project.h"

namespace {

using namespace callgate;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

struct Outcome {
  bool loaded = false;
  std::string message;
  std::size_t values = 0;
};

Outcome load(std::string_view compose, std::string_view variables) {
  manifest::Files files("/");
  base::Diagnostics diagnostics;
  compose::Loader loader(files, "/root", diagnostics);
  const base::SourceFile& file = files.keep("compose.yaml", std::string(compose));
  compose::Environment environment;
  const base::SourceFile& dotenv = files.keep(".env", std::string(variables));
  const compose::Lookup none = [](std::string_view) { return std::optional<std::string>(); };
  if (auto ok = compose::read_dotenv(dotenv, none, environment); !ok)
    require(!ok.error().message.empty(), "a refusal says why");
  const std::vector<compose::ConfigFile> configs{{"compose.yaml", &file}};
  const auto model = loader.load(configs, "/nonexistent", environment);
  for (const auto& item : diagnostics.items())
    require(!item.span.file || item.span.end <= item.span.file->text().size(), "a finding lies in its file");
  if (!model) {
    require(!model.error().message.empty(), "a refusal says why");
    const base::Span place = model.error().place;
    require(!place.file || place.end <= place.file->text().size(), "a refusal lies in its file");
    return {false, model.error().message, 0};
  }
  compose::Project project;
  project.model = *model;
  const auto consistent = compose::check_consistency(project);
  return {consistent.has_value(), consistent ? "" : consistent.error().message, compose::count(*model)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMax = std::size_t{1} << 16;
  if (size > kMax) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::string_view kMark = "\n--- .env\n";
  const std::size_t mark = text.find(kMark);
  const std::string_view compose = text.substr(0, mark);
  const std::string_view variables = mark == std::string_view::npos ? "" : text.substr(mark + kMark.size());
  const Outcome first = load(compose, variables), second = load(compose, variables);
  require(first.loaded == second.loaded && first.message == second.message && first.values == second.values,
          "loading is repeatable");
  return 0;
}
