// An OCI runtime's config.json, and the same with a ready filter in it, as crun takes one: an annotation that holds the
// records in base64. What is not about the filter stays as it was, byte by byte.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"
#include "text/node.h"

namespace callgate::oci {

inline constexpr std::string_view kFilterAnnotation = "run.oci.seccomp_bpf_data";

struct Config {
  std::unique_ptr<text::Document> document;  // nodes point into it
  text::Node root;
  text::Node linux, seccomp, annotations, hooks;  // none where they are missing or null
  text::Node filter;                              // the annotation above
  std::vector<std::string> bounding;              // process.capabilities.bounding
};

// Nothing (diagnosed) if it is not what a runtime takes as far as it is looked at here. A repeated key is an error:
// runtimes differ in which one they take.
std::optional<Config> read_config(const base::SourceFile& file, base::Diagnostics& diagnostics);

struct Change {
  std::string filter;  // base64
  // Put in place of linux.seccomp, whether there is one or not; empty: that stays.
  std::string seccomp;
  // The path of a callgate that looks, once the container runs, at what is in force; empty: none.
  std::string verifier;
};
std::string changed(const Config& config, const Change& change);

// A configuration that lets no program start stands for a profile that only the annotation has: a runtime that does not
// know the annotation must not take another one. The flags are those that the runtime is to load the filter with.
std::string nothing_allowed(const std::vector<std::string>& flags);

// What a runtime tells its hooks of a container.
struct State {
  std::string id, bundle;
  pid_t pid = 0;
  std::optional<std::string> filter;  // the annotation
};
std::optional<State> read_state(const base::SourceFile& file, base::Diagnostics& diagnostics);

}  // namespace callgate::oci
