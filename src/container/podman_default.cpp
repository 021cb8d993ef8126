// Sources: containers/common pkg/config (SeccompProfile, DefaultCapabilities), podman libpod/util.go
// (DefaultSeccompPath) and pkg/specgen/generate/security_linux.go of v4.3.1, v5.4.2. SPDX-License-Identifier:
// Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "container/engines.h"
#include "container/reading.h"
#include "manifest/capabilities.h"

namespace callgate::container {

namespace {

using manifest::Step;

ReaderWords words(const std::string& path) {
  const std::string before = fmt::format("loading seccomp profile ({}) failed: ", path);
  return {format::Engine::podman, before + "decoding seccomp profile failed: ", before, false};
}

// Of the machine, or built in.
void choose_installed(manifest::Container& container, World& world, base::Span place,
                      std::optional<format::Runtime> runtime) {
  const Podman& podman = world.podman;
  if (podman.default_file != nullptr && podman.default_path != kPodmanDefault) {
    step(container, Step::Kind::fact, fmt::format("no profile is given: '{}' applies", podman.default_path), place);
    return choose_file(container, *podman.default_file, podman.default_path, place, words(podman.default_path),
                       manifest::Party::podman, runtime, world.filters);
  }
  step(container, Step::Kind::fact, "no profile is given: Podman's default applies", place);
  choose_built_in(container, "podman-default", place, format::Engine::podman, runtime, world.filters);
  if (podman.default_file == nullptr) return;
  // The distribution's copy of the default is what is read where it is at hand.
  choose_file(container, *podman.default_file, podman.default_path, place, words(podman.default_path),
              manifest::Party::podman, runtime, world.filters);
  if (container.choice.kind != manifest::ProfileKind::file) return;
  container.choice.kind = manifest::ProfileKind::builtin;
  container.choice.built_in = "podman-default";
}

}  // namespace

std::vector<std::string> default_capabilities(const Podman& podman) {
  std::vector<std::string> out;
  if (podman.default_capabilities) {
    for (const std::string& each : *podman.default_capabilities) out.push_back(manifest::normal_capability(each));
    return out;
  }
  out = format::default_capabilities();
  constexpr std::array<std::string_view, 3> kDropped{"CAP_AUDIT_WRITE", "CAP_MKNOD", "CAP_NET_RAW"};
  if (podman.version >= EngineVersion{4, 4})
    std::erase_if(out, [&](const std::string& each) {
      return std::find(kDropped.begin(), kDropped.end(), each) != kDropped.end();
    });
  return out;
}

std::optional<format::Runtime> podman_runtime(const Podman& podman, std::string_view name) {
  const auto named = std::find_if(podman.runtimes.begin(), podman.runtimes.end(),
                                  [&](const auto& each) { return each.first == name; });
  return known_runtime(named == podman.runtimes.end() ? name : std::string_view(named->second));
}

void open_podman_profile(manifest::Container& container, World& world, const std::string& path, base::Span place,
                         std::optional<format::Runtime> runtime) {
  const auto file = world.files.open(path, path);
  if (file) {
    step(container, Step::Kind::fact, fmt::format("podman reads profile '{}'", path), place);
    return choose_file(container, **file, path, place, words(path), manifest::Party::podman, runtime, world.filters);
  }
  using manifest::Missing;
  const Missing why = file.error().why;
  if (why != Missing::not_regular && why != Missing::outside && why != Missing::too_large)
    return refuse(container, manifest::Party::podman, "opening seccomp profile failed: " + file.error().message, place);
  container.choice = {manifest::ProfileKind::file, path, {}, place, nullptr};
  step(container, Step::Kind::hazard, fmt::format("{}, so what it would say is not known here", file.error().message),
       place);
}

void choose_podman_default(manifest::Container& container, World& world, base::Span place,
                           std::optional<format::Runtime> runtime) {
  const Podman& podman = world.podman;
  const std::string& named = podman.seccomp_profile;
  if (named == "unconfined") {
    step(container, Step::Kind::hazard, "containers.conf turns seccomp off", podman.place, manifest::Topic::by_name);
    return choose_unconfined(container, podman.place, world.filters);
  }
  const bool usual = named.empty() || named == kPodmanOverride || named == kPodmanDefault;
  if (container.privileged && usual) {
    step(container, Step::Kind::fact, "privileged without a profile of its own: no seccomp filter", place,
         manifest::Topic::privileged_alone);
    return choose_unconfined(container, place, world.filters);
  }
  if (named.empty() || (usual && podman.default_file != nullptr))
    return choose_installed(container, world, place, runtime);
  step(container, Step::Kind::fact,
       fmt::format("no profile is given: '{}' applies{}", named,
                   container.privileged ? ", to privileged containers too" : ""),
       podman.place);
  open_podman_profile(container, world, named, podman.place, runtime);
}

}  // namespace callgate::container
