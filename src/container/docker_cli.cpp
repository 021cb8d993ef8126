// Source: docker/cli cli/command/container/opts.go (parse, parseSecurityOpts, parseSystemPaths) of v20.10.24, v23.0.0,
// v25.0.0, v28.2.2 and v29.0.0; moby client/container_create.go (normalizeCapabilities).
// SPDX-License-Identifier: Apache-2.0
#include "container/docker_cli.h"

#include <fmt/format.h>

#include <algorithm>

#include "container/engines.h"
#include "container/reading.h"
#include "manifest/capabilities.h"
#include "manifest/go_json.h"
#include "manifest/go_text.h"

namespace callgate::container {

namespace {

constexpr std::string_view kNoNewPrivileges = "no-new-privileges";

// The key and value of an option; `cut` is false where it has no separator.
struct KeyValue {
  std::string_view key, value;
  bool cut = false;
};

KeyValue cut_at(std::string_view text, char separator) {
  const auto at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}, false};
  return {text.substr(0, at), text.substr(at + 1), true};
}

bool is_keyword(std::string_view value, EngineVersion version) {
  return value == "unconfined" || (value == "builtin" && version >= EngineVersion{25, 0});
}

tl::unexpected<CliRefusal> refused(std::string message, base::Span place) {
  return tl::unexpected(CliRefusal{std::move(message), place});
}

bool readable_kind(manifest::Missing why) {
  return why != manifest::Missing::not_regular && why != manifest::Missing::outside &&
         why != manifest::Missing::too_large;
}

tl::expected<SecurityOptRead, CliRefusal> read_profile_file(std::string_view path, SecurityOpt option,
                                                            manifest::Files& files) {
  option.profile_path = path;
  const auto file = files.open(std::string(path), std::string(path));
  if (!file && readable_kind(file.error().why))
    return refused(fmt::format("opening seccomp profile ({}) failed: {}", path, file.error().message), option.place);
  if (!file) return SecurityOptRead{std::move(option), true, file.error().message};
  auto compact = manifest::go_compact((*file)->text());
  if (!compact)
    return refused(fmt::format("compacting json for seccomp profile ({}) failed: {}", path, compact.error().message),
                   option.place);
  option.text = "seccomp=" + *compact;
  option.profile = *file;
  return SecurityOptRead{std::move(option), true, {}};
}

}  // namespace

tl::expected<SecurityOptRead, CliRefusal> read_security_opt(std::string_view text, base::Span place,
                                                            EngineVersion version, manifest::Files& files) {
  KeyValue parts = cut_at(text, '=');
  if (!parts.cut && parts.key != kNoNewPrivileges) parts = cut_at(text, ':');
  const bool empty = !parts.cut || (parts.value.empty() && version >= EngineVersion{23, 0});
  if (empty && parts.key != kNoNewPrivileges)
    return refused(fmt::format("{}nvalid --security-opt: {}", version >= EngineVersion{29, 0} ? 'i' : 'I',
                               manifest::go_quote(text)),
                   place);
  SecurityOpt option{std::string(text), place, nullptr, {}};
  if (parts.key == "seccomp" && !is_keyword(parts.value, version))
    return read_profile_file(parts.value, std::move(option), files);
  return SecurityOptRead{std::move(option), text != "systempaths=unconfined", {}};
}

std::vector<std::string> sent_capabilities(const std::vector<std::string>& given, EngineVersion version) {
  if (version < EngineVersion{28, 0}) return given;
  std::vector<std::string> out;
  for (const std::string& each : given) out.push_back(manifest::normal_capability(each));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

tl::expected<Request, CliRefusal> docker_request(const CommandLine& line, base::Span place, EngineVersion version,
                                                 manifest::Files& files) {
  Request request;
  request.source = place;
  request.image = line.rest.empty() ? std::string() : line.rest.front().text;
  request.name = last_value(line, "name", request.image);
  request.privileged = is_set(line, "privileged");
  request.runtime = last_value(line, "runtime");
  request.userns = last_value(line, "userns");
  if (!request.userns.empty() && request.userns != "host")
    return refused("--userns: invalid USER mode", values(line, "userns").back()->place);
  for (const Option* option : values(line, "security-opt")) {
    auto read = read_security_opt(option->value, option->place, version, files);
    if (!read) return tl::unexpected(std::move(read).error());
    if (!read->unread.empty())
      request.steps.push_back({manifest::Step::Kind::hazard,
                               fmt::format("{}, so what it would say is not known here", read->unread), option->place});
    if (read->sent) request.security_opt.push_back(std::move(read->option));
  }
  const auto capabilities = [&](std::string_view name) {
    std::vector<std::string> given;
    for (const Option* option : values(line, name)) given.push_back(option->value);
    return sent_capabilities(given, version);
  };
  request.cap_add = capabilities("cap-add");
  request.cap_drop = capabilities("cap-drop");
  return request;
}

manifest::Container docker_container(const CommandLine& line, base::Span place, World& world) {
  const auto request = docker_request(line, place, world.docker_cli, world.files);
  if (request) return decide(*request, world.daemon, world.filters);
  manifest::Container out;
  out.name = last_value(line, "name", line.rest.front().text);
  out.source = place;
  out.engine = "docker";
  refuse(out, manifest::Party::docker_cli, request.error().message, request.error().place);
  step(out, manifest::Step::Kind::fact, "the docker command refuses it; nothing reaches the daemon",
       request.error().place);
  return out;
}

}  // namespace callgate::container
