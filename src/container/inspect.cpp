// `docker inspect` and `podman inspect`, and the same objects from an engine's API. Docker keeps a profile's text among
// the container's options; Podman keeps its path. Source: Docker's Engine API (HostConfig); podman
// libpod/container_inspect_linux.go. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "container/container.h"
#include "container/diagnostic_ids.h"
#include "container/engines.h"

namespace callgate::container {

namespace {

class Inspected {
 public:
  Inspected(text::Node node, World& world, base::Diagnostics& diagnostics)
      : node_(node), host_(node.find("HostConfig")), world_(world), diagnostics_(diagnostics) {}
  bool is_podman() const { return node_.find("OCIRuntime") || node_.find("BoundingCaps"); }
  Request docker();
  manifest::Container podman();

 private:
  std::string text(text::Node in, std::string_view name);
  std::vector<text::Node> texts(std::string_view name);
  std::vector<std::string> names(std::string_view name);
  bool boolean(std::string_view name);
  void wrong(text::Node node, std::string_view wanted) {
    diagnostics_.add(kBadInspect, node.span(), fmt::format("'{}' is not {}", base::printable(node.key()), wanted));
  }
  std::string container_name();
  SecurityOpt option(text::Node node, const std::string& name);
  base::Span source() { return node_.find("Name") ? node_.find("Name").span() : node_.span(); }

  text::Node node_, host_;
  World& world_;
  base::Diagnostics& diagnostics_;
};

std::string Inspected::text(text::Node in, std::string_view name) {
  const text::Node node = in.find(name);
  if (!node || node.is_null()) return {};
  if (node.is_string()) return std::string(node.text());
  wrong(node, "a string");
  return {};
}

bool Inspected::boolean(std::string_view name) {
  const text::Node node = host_.find(name);
  if (!node || node.is_null()) return false;
  if (!node.as_bool()) wrong(node, "a boolean");
  return node.as_bool().value_or(false);
}

std::vector<text::Node> Inspected::texts(std::string_view name) {
  std::vector<text::Node> out;
  const text::Node node = host_.find(name);
  if (!node || node.is_null()) return out;
  const bool good =
      node.is_array() && std::all_of(node.begin(), node.end(), [](text::Node n) { return n.is_string(); });
  if (good) {
    for (const text::Node each : node) out.push_back(each);
  } else {
    wrong(node, "a list of strings");
  }
  return out;
}

std::vector<std::string> Inspected::names(std::string_view name) {
  std::vector<std::string> out;
  for (const text::Node each : texts(name)) out.emplace_back(each.text());
  return out;
}

std::string Inspected::container_name() {
  std::string name = text(node_, "Name");
  if (name.starts_with('/')) name.erase(0, 1);
  return name.empty() ? text(node_, "Id").substr(0, 12) : name;
}

SecurityOpt Inspected::option(text::Node node, const std::string& name) {
  SecurityOpt out{std::string(node.text()), node.span(), nullptr, {}};
  const auto brace = node.text().find_first_of("=:");
  const bool profile = brace != std::string_view::npos && node.text().substr(0, brace) == "seccomp" &&
                       node.text().substr(brace + 1).starts_with('{');
  if (profile)
    out.profile =
        &world_.files.keep(fmt::format("profile of container '{}'", name), std::string(node.text().substr(brace + 1)));
  return out;
}

Request Inspected::docker() {
  Request request;
  request.name = container_name();
  request.source = source();
  if (const text::Node config = node_.find("Config"); config && config.is_object())
    request.image = text(config, "Image");
  for (const text::Node each : texts("SecurityOpt")) request.security_opt.push_back(option(each, request.name));
  request.privileged = boolean("Privileged");
  request.cap_add = names("CapAdd");
  request.cap_drop = names("CapDrop");
  request.runtime = text(host_, "Runtime");
  request.userns = text(host_, "UsernsMode");
  return request;
}

manifest::Container Inspected::podman() {
  const std::string name = container_name();
  const Word image{text(node_, "ImageName"), source()};
  CommandLine line, global;
  line.rest = std::span<const Word>(&image, 1);
  line.options.push_back({"name", name, source()});
  for (const text::Node each : texts("SecurityOpt"))
    line.options.push_back({"security-opt", std::string(each.text()), each.span()});
  line.options.push_back({"privileged", boolean("Privileged") ? "true" : "false", source()});
  for (const std::string& each : names("CapAdd")) line.options.push_back({"cap-add", each, source()});
  for (const std::string& each : names("CapDrop")) line.options.push_back({"cap-drop", each, source()});
  if (const std::string runtime = text(node_, "OCIRuntime"); !runtime.empty())
    global.options.push_back({"runtime", runtime, source()});
  return podman_container(global, line, source(), world_);
}

}  // namespace

bool looks_like_inspect(text::Node root) {
  if (root.is_array() && root.size() > 0) root = *root.begin();
  return root.is_object() && root.find("HostConfig") && root.find("Config") && root.find("Id");
}

void resolve_inspected(text::Node root, std::string_view engine, World& world, manifest::Answer& answer,
                       base::Diagnostics& diagnostics) {
  if (root.is_array()) {
    for (const text::Node each : root)
      if (!each.is_array()) resolve_inspected(each, engine, world, answer, diagnostics);
    return;
  }
  if (!root.is_object() || !root.find("HostConfig") || !root.find("HostConfig").is_object()) {
    diagnostics.add(kBadInspect, root.span(), "this is no inspected container: it has no 'HostConfig'");
    return;
  }
  const std::size_t before = diagnostics.error_count();
  Inspected inspected(root, world, diagnostics);
  manifest::Container out =
      inspected.is_podman() ? inspected.podman() : decide(inspected.docker(), world.daemon, world.filters);
  if (diagnostics.error_count() == before) answer.containers.push_back(std::move(out));
}

void resolve_inspect(text::Node root, World& world, manifest::Answer& answer, base::Diagnostics& diagnostics) {
  resolve_inspected(root, {}, world, answer, diagnostics);
}

}  // namespace callgate::container
