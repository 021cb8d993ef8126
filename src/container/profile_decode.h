// What Go's encoding/json says when a profile does not fit the struct that an engine decodes it into.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/source.h"
#include "format/profile.h"

namespace callgate::container {

// "json: cannot unmarshal number into Go struct field Seccomp.defaultAction of type specs.LinuxSeccompAction"; empty if
// the text decodes (whatever it says), or if callgate cannot read it though Go can.
std::string decode_error(const base::SourceFile& file, format::Engine engine);

}  // namespace callgate::container
