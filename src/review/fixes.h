// What mends a finding of a manifest for certain, as edits of its file, and what can be told of it only with the whole
// of the input in sight. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "container/container.h"
#include "lint/lint.h"
#include "manifest/answer.h"
#include "review/review.h"
#include "review/yaml_place.h"

namespace callgate::review {

class Fixes {
 public:
  Fixes(const manifest::Answer& answer, const Options& options, const container::World& world, Trees& trees);
  // A finding that cannot be mended may get better help instead.
  void add_to(lint::Finding& finding);

 private:
  std::optional<lint::Fix> relative_path(const Way& way) const;
  std::vector<std::string> pods_of(std::string_view runtime_class);
  Trees& trees_;
  std::vector<const base::SourceFile*> files_;  // of Kubernetes' objects
  std::string profile_root_;                    // the kubelet's, with a slash at its end
  bool own_default_;                            // the daemon's default is another profile than Docker's
};

}  // namespace callgate::review
