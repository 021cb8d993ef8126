// includes and excludes: whether a rule of Docker's or containers/common's format applies to this machine and
// container.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "format/engine.h"
#include "format/fields.h"
#include "format/profile.h"

namespace callgate::format {

class RuleFilter {
 public:
  RuleFilter(const ReadOptions& options, const Dialect& dialect, arch::Arch native, Reporter& report)
      : options_(options), dialect_(dialect), arches_name_(arches_name(options.as, native)), report_(report) {}
  // includes: one of the arches, all of the caps, at least minKernel. An absent list asks for nothing.
  bool included(text::Node includes);
  // excludes: one of the arches, any of the caps, or at least minKernel.
  bool excluded(text::Node excludes);

 private:
  struct Condition {
    std::vector<Word> caps, arches;
    std::optional<arch::KernelVersion> min_kernel;
  };
  // Good until the next one is read.
  const Condition& read(text::Node node, std::string_view what);
  std::optional<arch::KernelVersion> read_min_kernel(text::Node node);
  bool holds_capability(std::string_view name) const;
  void warn_unknown(const Condition& condition);

  const ReadOptions& options_;
  const Dialect& dialect_;
  std::string_view arches_name_;
  Reporter& report_;
  Condition condition_;  // kept for its vectors' memory
};

}  // namespace callgate::format
