// The public face of profiles.
// SPDX-License-Identifier: Apache-2.0
#include "callgate/profile.h"

#include <algorithm>
#include <utility>

#include "api/convert.h"
#include "base/io.h"
#include "format/profile.h"

namespace callgate {
namespace {

static_assert(static_cast<int>(Engine::docker) == static_cast<int>(format::Engine::docker));
static_assert(static_cast<int>(Engine::containerd) == static_cast<int>(format::Engine::containerd));
static_assert(static_cast<int>(Engine::oci) == static_cast<int>(format::Engine::oci));

format::ReadOptions to_internal(const ProfileOptions& options) {
  format::ReadOptions out;
  out.as = static_cast<format::Engine>(options.as);
  out.capabilities = options.capabilities ? *options.capabilities : format::default_capabilities();
  out.kernel.major = static_cast<std::uint16_t>(std::clamp(options.kernel_major, 0, 0xffff));
  out.kernel.minor = static_cast<std::uint16_t>(std::clamp(options.kernel_minor, 0, 0xffff));
  out.native = api::to_internal(options.native);
  for (const Architecture a : options.architectures) out.architectures.push_back(api::to_internal(a));
  out.strict = options.strict;
  return out;
}

ProfileReading to_public(std::optional<format::Profile> read, const base::Diagnostics& diagnostics) {
  ProfileReading out;
  out.diagnostics = api::to_public(diagnostics);
  if (!read) return out;
  Profile profile{api::make_policy(std::move(read->policy)),
                  read->confined,
                  api::to_public(read->default_action),
                  {},
                  std::move(read->flags)};
  for (const arch::Arch a : read->architectures) profile.architectures.push_back(api::to_public(a));
  out.profile = std::move(profile);
  return out;
}

}  // namespace

ProfileReading read_profile(std::string_view text, std::string_view file_name, const ProfileOptions& options) {
  std::string padded;
  padded.reserve(text.size() + base::kPaddingBytes);
  padded.assign(text);
  const base::SourceFile file{std::string(file_name), std::move(padded)};
  base::Diagnostics diagnostics;
  if (options.strict) diagnostics.promote_warnings();
  std::optional<format::Profile> read = format::read_profile(file, to_internal(options), diagnostics);
  if (diagnostics.has_errors()) read.reset();
  return to_public(std::move(read), diagnostics);
}

ProfileReading builtin_profile(std::string_view name, const ProfileOptions& options) {
  base::Diagnostics diagnostics;
  std::optional<format::Profile> read = format::builtin_profile(name, to_internal(options), diagnostics);
  return to_public(std::move(read), diagnostics);
}

}  // namespace callgate
