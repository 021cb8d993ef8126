// How control gets to a system call, step by step, for people.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/reach.h"
#include "scan/scan.h"

namespace callgate::scan {

// From where control enters to the instruction `at` of a reached function. With `after`, from where it goes on at that
// point; a function that is held since before then is followed back to who formed its address, through `life`.
std::vector<Step> chain(const Link& link, const Reach& life, const Reach* after, Node node, Address at);

}  // namespace callgate::scan
