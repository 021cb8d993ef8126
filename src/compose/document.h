// A YAML file as Compose reads it: merge keys applied, !reset and !override noted, scalars resolved as go-yaml resolves
// them, repeated keys and keys that are no strings refused. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "compose/value.h"
#include "manifest/answer.h"
#include "text/node.h"

namespace callgate::compose {

// Something seen on the way that concerns one service.
struct Note {
  std::string service;
  manifest::Step step;
};

struct YamlDocument {
  Value value;
  // Where !reset or !override stands: what earlier files say there is dropped before this document is merged.
  std::vector<std::vector<std::string>> resets;
};

// A file's YAML as such, read once.
struct ParsedYaml {
  std::optional<std::vector<text::Document>> documents;
  base::Diagnostics found;
};
ParsedYaml parse_yaml(const base::SourceFile& file);
// go-yaml's words for why it is no YAML; nothing where only callgate's limits say no.
std::optional<std::string> failure_words(const base::SourceFile& file, const ParsedYaml& yaml);

// `shown`: the file's name in messages. A file that is not YAML is also diagnosed with its exact place.
Loaded<std::vector<YamlDocument>> read_documents(const base::SourceFile& file, const ParsedYaml& yaml,
                                                 std::string_view shown, std::vector<Note>& notes,
                                                 base::Diagnostics& diagnostics);

// The kind of an untagged plain scalar as gopkg.in/yaml.v3 resolves it, and its text as Go prints the value.
Value resolve_scalar(std::string_view text);

}  // namespace callgate::compose
