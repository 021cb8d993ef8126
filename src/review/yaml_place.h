// Where something stands in a manifest's tree: the way from the document's root down to it, and whether its text may be
// edited there. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/source.h"
#include "text/node.h"

namespace callgate::review {

// From a document's root down; the node itself is the last.
using Way = std::vector<text::Node>;

// The trees of the files that findings stand in, each read once. A file that is neither YAML nor JSON has none.
class Trees {
 public:
  const std::vector<text::Document>& of(const base::SourceFile& file);
  // The member whose key stands there; empty where there is none.
  Way to_key(base::Span key);
  // The scalar that it is a part of, or all of.
  Way to_scalar(base::Span part);

 private:
  std::map<const base::SourceFile*, std::vector<text::Document>> known_;
};

// Whether the node's own text is there and nowhere else: nothing on the way is an alias's copy, or has a tag, or an
// anchor that some alias names.
bool is_editable(const Way& way);
// Written with brackets or braces.
bool is_flow(text::Node node);
// The way to a member of the last node; empty where there is none.
Way step_to(const Way& way, std::string_view member);

}  // namespace callgate::review
