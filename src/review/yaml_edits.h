// Edits of a YAML or JSON text that leave all the rest as it is: comments, order, indentation, line ends. What cannot
// be edited in that way is not edited: nothing is returned. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lint/lint.h"
#include "review/yaml_place.h"

namespace callgate::review {

using Edits = std::optional<std::vector<lint::Edit>>;

// A member to be written: a text, or a mapping where it has members.
struct NewMember {
  std::string key, text;
  std::vector<NewMember> members;
};

// Among the members of a mapping.
enum class Where { first, last };

// Takes the node out of its parent, with the comments on its lines. A parent that holds nothing else goes with it if it
// is a member itself.
Edits remove(const Way& way);
// Puts a member into the mapping at the way's end, which may be empty, or null.
Edits insert(const Way& way, const NewMember& member, Where where);
// Moves a member into another mapping of the same document, as a member of a new member `wrapper` if that is not empty.
Edits move(const Way& way, const Way& target, Where where, std::string_view wrapper = {});

}  // namespace callgate::review
