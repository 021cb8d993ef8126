// An ErrorCode is no bool: `if (result.error().code)` would read "io" as no error.
// expected: could not convert|no viable conversion|not contextually convertible
// SPDX-License-Identifier: Apache-2.0
#include "callgate/result.h"

int main() {
  const callgate::Result<int> result = callgate::Error{callgate::ErrorCode::io, "no such file", 2};
#ifdef MISTAKE
  if (result.error().code) return 1;
#else
  if (result.error().code == callgate::ErrorCode::io) return 1;
#endif
  return 0;
}
