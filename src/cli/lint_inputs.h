// What `callgate lint` is given: profiles, of any format, and manifests, told apart by content.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "cli/session.h"
#include "container/container.h"

namespace callgate::cli {

enum class LintInput : std::uint8_t {
  profile,     // a profile, a filter, a process
  manifest,    // containers are made from it
  unknown,     // neither
  a_template,  // Helm's, of a manifest: no YAML yet
  unreadable,  // diagnosed
};

// Reads the file, and hands its text to `world`, so that standard input is read once.
LintInput lint_input(Session& session, const std::string& name, container::World& world);

}  // namespace callgate::cli
