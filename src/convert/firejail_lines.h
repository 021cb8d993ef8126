// A firejail profile line by line (src/firejail/profile.c, firejail-profile(5)): what of it makes seccomp filters. Of
// several lines of one kind the last counts; a comment begins at any '#'.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "convert/firejail_tables.h"
#include "policy/policy.h"

namespace callgate::convert {

struct FirejailLine {
  bool given = false;
  std::string_view list;  // empty: without one
};

struct FirejailLines {
  FirejailLine plain, drop, keep, plain32, drop32, keep32;
  bool block_secondary = false, allow_debuggers = false;
  policy::Action error = policy::make_errno(1);
  // A comment "callgate:firejail 0.9.80": for whom the profile was written.
  std::optional<FirejailRelease> release;
  bool any() const {
    return plain.given || drop.given || keep.given || plain32.given || drop32.given || keep32.given || block_secondary;
  }
};

// Diagnostics for what firejail refuses, skips or takes from elsewhere; with errors among them the lines mean nothing.
FirejailLines firejail_lines(const base::SourceFile& file, base::Diagnostics& diagnostics);
// The release that one of the comments (without their signs) names.
std::optional<std::string_view> named_firejail_release(std::string_view comment);
// firejail knows an error by its name, in any case.
std::optional<policy::Action> firejail_errno(std::string_view name);

}  // namespace callgate::convert
