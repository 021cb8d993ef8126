// Warnings that kube-apiserver 1.36 sends with its answer to a new object (pkg/api/pod/warnings.go, pkg/api/node,
// pkg/api/job and WarningsOnCreate in pkg/registry): text and order are the server's. Those of field validation and of
// admission are elsewhere.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kube/pod.h"

namespace callgate::kube {

struct Warning {
  std::string text;
  base::Span place;
};
using Warnings = std::vector<Warning>;

// Sent while a Pod is being prepared, so also with an answer that refuses it.
Warnings preparing_warnings(const Pod& pod);
// Sent about an object that is valid; `pod`: the one it holds, if its kind does.
Warnings creation_warnings(text::Node object, const std::optional<Pod>& pod);
// What a response carries of all its warnings: each text once; where they are longer than 4096 characters together,
// each cut to 256 and the rest left out; none with control characters.
Warnings as_sent(const Warnings& warnings);

}  // namespace callgate::kube
