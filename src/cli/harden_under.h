// Which filter a container runs under, or will: what its engine was asked for, or what the kernel has in force.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/harden_dir.h"
#include "container/container.h"

namespace callgate::cli {

// By the profiles of harden, as the container's engine reads them.
enum class Under : std::uint8_t { other, trial, profile };
std::string_view name(Under under);
// What that makes of what is recorded now.
std::string_view words(Under under);

// A service of a Compose project, or (no project) a container by name or id.
struct Service {
  std::string project, name;
  static Service of(const std::string& what, const std::string& name);  // "service:shop/web"
};

struct Confined {
  std::string engine, image_id;
  std::optional<policy::Policy> policy;  // nothing: not known
  format::ReadOptions reading;           // as its engine reads profiles
};
// Nothing where nobody knows it yet.
std::optional<Confined> find_confined(Session& session, const Service& service);
Under which(Session& session, const HardenDir& dir, const Confined& confined);

}  // namespace callgate::cli
