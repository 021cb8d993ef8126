// What the rules look at: one profile, read as one engine reads it and beside that as all the others do.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "format/profile.h"
#include "lint/facts.h"
#include "lint/lint.h"
#include "text/node.h"

namespace callgate::lint {

// Engines that make the same of the file stand together.
struct Reading {
  std::vector<format::Engine> engines;     // never empty
  std::optional<format::Profile> profile;  // nothing: refused
  base::Diagnostics diagnostics{};         // what the reader said
  format::Engine engine() const { return engines.front(); }
};

struct Subject {
  const Options& options;
  text::Node root;              // the profile's object; none for a built-in profile
  bool editable = false;        // JSON, so that fixes can be made in it
  Reading main;                 // has origins
  std::vector<Reading> others;  // all engines that read it differently, or refuse it
  arch::Arch primary{};         // the machine's own architecture, or the first one covered
  std::vector<Finding>* findings;
  bool by_engine = true;                   // false: a filter, or another tool's policy
  const base::SourceFile* text = nullptr;  // of a profile in another tool's format: where its calls are looked for
  bool by_line = false;                    // a suppression in that text holds for its own line, or for the one below

  const format::Profile& profile() const { return *main.profile; }
  const policy::Policy& policy() const { return main.profile->policy; }

  Finding& add(std::string_view rule, base::Span span, std::string message, std::string help = {}) const;
  Answer answer(const policy::Call& call) const;
  // The name in the file that decides the call, else the default.
  base::Span place_of(const policy::Call& call) const;
  // The members of `syscalls` that are objects; in some spelling where the engine takes any.
  std::vector<text::Node> rule_nodes() const;
};

// The member of that name in any spelling that Go's readers take.
text::Node find_field(text::Node object, std::string_view name);
// The rule node that lies at this span.
text::Node node_at(const std::vector<text::Node>& nodes, base::Span span);
// "docker", "containerd and runc".
std::string engine_names(const Reading& reading);
// "a, b and c"; beyond `most` names "and 12 more".
std::string join(const std::vector<std::string>& words, std::size_t most = 8);

// A need that is not met, with a call that is refused.
struct Missing {
  std::string_view calls;    // "clone3|clone"
  std::string_view without;  // what happens; may be empty
  policy::Call stopped;
};
// What `who` ("glibc-static", "runc", "runc-nnp", …) needs on the primary architecture and gets for no argument: as
// measured (arch/startup.h), and what data/lint/needs.csv knows beside that.
std::vector<Missing> missing_needs(const Subject& subject, std::string_view who);
std::vector<std::string> calls_of(const std::vector<Missing>& missing);

// The families of rules.
void fold_diagnostics(const Subject& subject);
void check_engines(const Subject& subject);
void check_reach(const Subject& subject);
void check_bypass(const Subject& subject);
void check_redundancy(const Subject& subject);
void check_startup(const Subject& subject);
void check_style(const Subject& subject);
void check_notify(const Subject& subject);
Score score(const Subject& subject);
std::vector<std::string> summarize(const Subject& subject, std::string_view name);
// Marks what the file itself suppresses, and says which suppressions are wrong or useless.
void apply_suppressions(const Subject& subject);

}  // namespace callgate::lint
