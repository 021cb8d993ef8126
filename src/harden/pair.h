// Whether a program can be put under a stricter profile once it serves: two filters, of which the second takes over at
// a point of its life (phases/switch_point.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "closure/closure.h"
#include "recording/recording.h"

namespace callgate::harden {

// Where serving begins by the recordings; that of the first one, if they differ.
recording::ServingAt serving_at(const recording::Recording& recording);

// Why not, in words, by what the recordings show; empty if nothing speaks against it:
//   every run that tells phases apart did so at that point, and some saw the program serve
//   serving needs fewer calls than the start, or fewer of their arguments
//   the program loads no filter of its own, for a thread with one cannot be given another, and traces nobody at its
//   start, for it is traced itself until it is switched
std::string why_no_pair(const recording::Recording& recording, const closure::Closure& closure,
                        recording::ServingAt at);

}  // namespace callgate::harden
