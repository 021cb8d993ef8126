// The profiles that compilers are compared on, and our own way from a profile's text to a proved filter, phase by
// phase. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/source.h"
#include "bpf/program.h"
#include "compile/compile.h"
#include "format/profile.h"
#include "format/spec.h"
#include "text/node.h"

namespace callgate::bench {

struct Job {
  std::string name;  // "docker-default x86_64"
  std::string text;  // the profile as JSON
  format::ReadOptions options;
};

// Docker's and Podman's defaults (the newest of `corpus`, else the built-in ones written as JSON) and the two seed
// profiles of tests/data/seed, each for x86_64 alone and for x86_64, x86 and x32. `notes` says where each text is from.
std::vector<Job> jobs(const std::string& corpus, std::string& notes);

// Relative frequencies on x86_64 from a file of `name,weight` lines. Empty if there is none.
std::vector<compile::Weight> read_mix(const std::string& path);

struct Built {
  bpf::Program program;
  policy::Policy policy;
  double read = 0, resolve = 0, compile = 0, prove = 0;  // microseconds
  double total() const { return read + resolve + compile + prove; }
};
// Nothing (with a message on standard error) if the profile cannot be compiled or the filter was not proved.
std::optional<Built> build(const Job& job, const compile::Options& options = {});

// What the engine's reader hands to its runtime: the rules that other compilers are given, too.
struct RuntimeSpec {
  explicit RuntimeSpec(const Job& job);
  base::SourceFile file;
  base::Diagnostics diagnostics;
  std::optional<text::Document> document;
  format::Spec spec;
};

}  // namespace callgate::bench
