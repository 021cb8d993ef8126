// `resolve --emit`: how a profile is deployed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/session.h"
#include "format/profile.h"

namespace callgate::cli {

int emit_deployment(Session& session, const format::ReadOptions& reading);

}  // namespace callgate::cli
