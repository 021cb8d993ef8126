// SPDX-License-Identifier: Apache-2.0
#include "cli/resolve_emit.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/diagnostic_ids.h"
#include "cli/prepare.h"
#include "install/install.h"
#include "resolve/emit.h"

namespace callgate::cli {

namespace {

bool is_dns_name(std::string_view name) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789-";
  return !name.empty() && name.size() <= 63 && name.find_first_not_of(kAlphabet) == std::string_view::npos &&
         name.front() != '-' && name.back() != '-';
}

// "NAME" or "NAME=HANDLER".
bool read_class(Session& session, std::string_view text, resolve::Deployment& deployment) {
  const std::size_t equals = text.find('=');
  deployment.runtime_class = text.substr(0, equals);
  if (equals != std::string_view::npos) deployment.handler = text.substr(equals + 1);
  if (is_dns_name(deployment.runtime_class) && (equals == std::string_view::npos || is_dns_name(deployment.handler)))
    return true;
  session.usage(kBadOptionValue, fmt::format("--runtime-class: '{}' is no name", base::printable(text)),
                "write NAME or NAME=HANDLER in lower-case letters, digits and '-'");
  return false;
}

}  // namespace

int emit_deployment(Session& session, const format::ReadOptions& reading) {
  const Arguments& given = session.arguments();
  const auto profiles = given.all("profile");
  if (profiles.size() != 1 || !given.operands.empty())
    return session.usage(kBadOptionValue, "--emit needs one --profile, the file to deploy, and no FILE");
  resolve::Deployment deployment;
  deployment.profile = profiles.front();
  deployment.crio = given.last("engine") == "cri-o";
  if (const auto name = given.last("runtime-class"); name && !read_class(session, *name, deployment)) return kUsage;
  const auto to = given.last("emit");
  if (to == "k8s")
    if (const auto name = install::check_name(resolve::localhost_name(deployment.profile)); !name)
      return session.fail(name.error());
  const base::SourceFile* const file = session.open(deployment.profile);
  if (file == nullptr) return kBadInput;
  format::ReadOptions options = reading;
  options.as = to != "k8s"       ? format::Engine::docker
               : deployment.crio ? format::Engine::podman
                                 : format::Engine::containerd;
  if (!sound_profile(session, *file, options)) return kBadInput;
  const resolve::Target target = to == "docker"    ? resolve::Target::docker
                                 : to == "compose" ? resolve::Target::compose
                                                   : resolve::Target::kubernetes;
  return session.emit(resolve::emit(target, deployment)) ? kYes : kBadInput;
}

}  // namespace callgate::cli
