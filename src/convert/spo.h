// The two halves of the Security Profiles Operator's format, for each other.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "convert/formats.h"

namespace callgate::convert {

bool sniff_spo(std::string_view text);
std::optional<Reading> read_spo(const base::SourceFile& file, const ReadContext& context,
                                base::Diagnostics& diagnostics);
// Whether the CRD's schema takes the path for an agent's socket.
bool is_operator_socket(std::string_view path);

}  // namespace callgate::convert
