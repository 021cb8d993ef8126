// A profile after its format's reader is done with it: what the runtime gets to see. Strings are as written; nothing is
// checked yet that only the runtime checks. Names, conditions and rules lie in flat arrays, so reading costs a few
// allocations however long the profile is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arch/calls.h"
#include "base/source.h"

namespace callgate::format {

// A text with its place; the place is empty for built-in profiles.
struct Word {
  std::string_view text;
  base::Span span;
};

struct SpecArgument {
  std::uint64_t index = 0;
  std::uint64_t value = 0;
  std::uint64_t value_two = 0;
  std::string_view op;
  base::Span span;  // the condition object
  base::Span index_span;
  base::Span op_span;
};

struct SpecName {
  arch::NameId id;
  std::uint32_t rule;  // index into Spec::rules
  base::Span span;
};

// A half-open range of one of Spec's arrays.
struct Slice {
  std::uint32_t begin = 0, end = 0;
  std::uint32_t size() const { return end - begin; }
};

struct SpecErrno {
  std::uint64_t value = 0;
  base::Span span;
};

struct SpecRule {
  Word action;
  std::optional<SpecErrno> errno_ret;
  Slice names, arguments;
  bool names_given = false;  // names, known or not, were written
  bool names_write = false;  // one of them is `write`
  base::Span span;
};

struct Spec {
  bool off = false;  // the reader hands no seccomp object to the runtime
  bool has_calls = false;
  Word default_action;
  std::optional<SpecErrno> default_errno;
  base::Span default_span;
  std::vector<Word> architectures;
  bool flags_given = false;
  std::vector<Word> flags;
  std::string listener_path, listener_metadata;
  base::Span metadata_span;
  std::vector<SpecRule> rules;
  std::vector<SpecName> names;  // known calls only, in file order
  std::vector<SpecArgument> arguments;
  base::Span span;  // the seccomp object
};

}  // namespace callgate::format
