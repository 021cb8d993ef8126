// Other tools' formats take a third of the whole program. callgate-static reads the engines' JSON profiles and filter
// files, and says of any other text how to make one of those.
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "cli/diagnostic_ids.h"
#include "closure/file.h"
#include "convert/convert.h"

namespace callgate::convert {

std::vector<const Format*> candidates(std::string_view text) {
  static const Format other{.name = "other", .title = "another format", .extension = "", .engine = {}};
  const std::string_view content = base::trim(text);
  const bool json =
      content.empty() || ((content.front() == '{' || content.front() == '[') && !closure::looks_like_closure(content));
  return json ? std::vector<const Format*>{} : std::vector<const Format*>{&other};
}

std::optional<Reading> read(const base::SourceFile& file, const ReadContext&, base::Diagnostics& diagnostics,
                            const Format*) {
  diagnostics.add(cli::kOtherFormat, {&file, 0, 0},
                  "callgate-static reads one JSON profile of a container engine, or one filter, from a file",
                  "callgate convert or callgate compile makes such a file");
  return std::nullopt;
}

}  // namespace callgate::convert
