// Faults of a profile as values: each with a stable rule, a place, and a witness, a concrete call that shows it. What
// is printed has been checked again with policy::evaluate.
//
// A file is read as one engine reads it and, beside that, as all the others do: rules look at the resulting policies
// first and at the text only where a policy cannot know (style). Findings are values; printing is in print.h, mending
// in fix.h. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"
#include "format/profile.h"
#include "policy/policy.h"

namespace callgate::lint {

enum class Level : std::uint8_t { note, warning, error };
std::string_view name(Level level);
std::optional<Level> find_level(std::string_view text);

// docs/lint/<id>.md says more.
struct Rule {
  std::string_view id;  // stable
  Level level = Level::warning;
  std::string_view title;  // a few words
  std::string_view why;    // one line
};
// Sorted by id.
std::span<const Rule> rules();
const Rule* find_rule(std::string_view id);
std::optional<std::string_view> closest_rule(std::string_view id);

// An answer: under `engine`, `call` gets `action`.
struct Answer {
  format::Engine engine = format::Engine::docker;
  policy::Call call;
  policy::Action action;
  bool by_engine = true;  // false: a filter's, or another tool's, which no engine reads
  bool operator==(const Answer&) const = default;
};
// The call that shows a finding. Where a finding is a contrast, `beside` is its other half: the same call under another
// engine, or another call that the kernel takes for the same.
struct Witness {
  Answer answer;
  std::optional<Answer> beside;
};

// Replaces the bytes [begin, end) of the file.
struct Edit {
  std::uint32_t begin = 0, end = 0;
  std::string text;
};
struct Fix {
  std::string what;  // "write 'names'"
  std::vector<Edit> edits;
};

struct Finding {
  const Rule* rule = nullptr;
  base::Span span;      // no file: the whole profile
  std::string message;  // lower case, no full stop
  std::vector<base::Note> notes;
  std::string help;  // what to do; may be empty
  std::optional<Witness> witness;
  std::optional<Fix> fix;  // only where it is certain
  bool suppressed = false;
  std::string reason;  // of the suppression
};

// How far a profile is from Docker's default: positive, it exposes more. The points of the reasons add up to it.
struct Reason {
  int points = 0;
  std::string text;
};
struct Score {
  int points = 0;
  std::vector<Reason> reasons;
};

struct Options {
  format::ReadOptions reading{};
  bool engine_given = false;  // else another engine is taken where the first refuses the file
};

struct Report {
  std::string name;                  // of the file
  std::vector<std::string> summary;  // what the profile really is, in one or two sentences
  std::vector<Finding> findings;     // by place, suppressed ones too
  std::optional<Score> score;        // nothing where no engine takes the file
  // Witnesses that did not hold when they were checked again, in words: a defect of callgate.
  std::vector<std::string> defects;
  std::size_t count(Level at_least) const;  // without the suppressed
};

// Nothing if the text is no JSON or YAML at all (diagnosed); a profile that engines refuse is a finding.
std::optional<Report> lint(const base::SourceFile& file, const Options& options, base::Diagnostics& diagnostics);
// "docker-default", "containerd-default", …
std::optional<Report> lint_builtin(std::string_view name, const Options& options);

// A profile in another tool's format (minijail, systemd, …), read by somebody else. Places are those where the calls
// stand in the text; what is only about the text of OCI-like profiles is not looked at.
// `by_engine`: a container engine loads it in the end, so its runtime must start under it.
Report lint_profile(const base::SourceFile& file, format::Profile profile, bool by_engine, const Options& options);

// A policy of which no profile is known: a filter's. What is only about the text of a profile is not looked at.
Report lint_policy(std::string name, const policy::Policy& policy, const Options& options);

}  // namespace callgate::lint
