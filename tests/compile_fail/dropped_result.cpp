// A Result that nobody looks at.
// expected: ignoring return|ignoring returned
// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

callgate::base::Result<int> load();

int main() {
#ifdef MISTAKE
  load();
#else
  return load() ? 0 : 1;
#endif
}
