// A Result of the public interface.
// expected: ignoring return|ignoring returned
// SPDX-License-Identifier: Apache-2.0
#include "callgate/filter.h"

int main() {
  const callgate::Policy policy = callgate::Policy::constant({callgate::ActionKind::allow, 0});
#ifdef MISTAKE
  callgate::Filter::compile(policy);
#else
  return callgate::Filter::compile(policy) ? 0 : 1;
#endif
}
