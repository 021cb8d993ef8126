// What Docker, Podman and nerdctl share once they have chosen a profile: reading it for the runtime, the reader's and
// the runtime's refusals in their words, and the steps that tell of it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/source.h"
#include "container/request.h"
#include "format/profile.h"
#include "manifest/answer.h"
#include "manifest/filters.h"

namespace callgate::container {

// How an engine words what its reader refuses.
struct ReaderWords {
  format::Engine engine;
  std::string before_decoding;  // "Decoding seccomp profile failed: "
  std::string before_content;   // in front of the reader's own complaints
  bool both_are;                // "both 'name' and 'names' are specified", else "'name' and 'names' were specified"
};

void step(manifest::Container& container, manifest::Step::Kind kind, std::string text, base::Span place = {},
          manifest::Topic topic = manifest::Topic::other);
void refuse(manifest::Container& container, manifest::Party party, std::string message, base::Span place = {});

// Runtimes by what they are called or by their program's path: runc and crun; nothing for gVisor, Kata and others.
std::optional<format::Runtime> known_runtime(std::string_view name_or_path);

// The container runs under the profile in `file`, or under none if the engine takes it for "off", or is refused by the
// reader (`party`) or by the runtime.
void choose_file(manifest::Container& container, const base::SourceFile& file, std::string path, base::Span place,
                 const ReaderWords& words, manifest::Party party, std::optional<format::Runtime> runtime,
                 manifest::Filters& filters);
void choose_built_in(manifest::Container& container, std::string name, base::Span place, format::Engine engine,
                     std::optional<format::Runtime> runtime, manifest::Filters& filters);
void choose_unconfined(manifest::Container& container, base::Span place, manifest::Filters& filters);

}  // namespace callgate::container
