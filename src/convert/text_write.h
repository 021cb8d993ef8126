// What the writers of other tools' text formats share: values by name, conditions that a format can say, comments.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "convert/formats.h"

namespace callgate::convert {

// The constants whose names, joined by "|", say the value of a call's argument, each known to `known`; empty if there
// are none that say it whole. No flags at all
// have no name.
struct NamedPart {
  std::string_view name;
  std::uint64_t value = 0;
};
std::vector<NamedPart> named_parts(arch::Arch arch, std::string_view call, std::uint8_t arg, std::uint64_t value,
                                   const std::function<bool(std::string_view)>& known);
// A number as people write it: small ones in decimal.
std::string number_text(std::uint64_t value);

// Clauses that follow each other with one action.
struct Stretch {
  std::vector<policy::Clause> clauses;
  policy::Action action;
};
std::vector<Stretch> stretches(const policy::Decision& decision);

// Every comment line at the head of a file, each behind `sign`, and an empty line; empty if there are none.
std::string head_comments(const Comments& comments, std::string_view sign);
// A comment in one line, without what would end or continue it.
std::string one_line(std::string_view comment);

}  // namespace callgate::convert
