// By itself: callgate-static tells closures from profiles, and reads none.
// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "closure/file.h"

namespace callgate::closure {

bool looks_like_closure(std::string_view text) {
  text = base::trim(text);
  return text.starts_with('{') && base::trim(text.substr(1)).starts_with("\"closure\"");
}

}  // namespace callgate::closure
