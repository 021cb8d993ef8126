// Answers on paper: as lists, as a tree for terminals, as JSON.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json_write.h"
#include "manifest/answer.h"
#include "resolve/summary.h"

namespace callgate::resolve {

enum class Shape : std::uint8_t {
  list,  // each fact a line, its place in front
  tree,  // containers below their owners, for people at terminals
};

std::string to_text(const manifest::Answer& answer, Summaries& summaries, Shape shape, bool colour);
// The members "containers" and "objects" of an object that is open.
void to_json(const manifest::Answer& answer, Summaries& summaries, base::JsonWriter& json);

}  // namespace callgate::resolve
