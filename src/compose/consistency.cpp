// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "compose/project.h"
#include "manifest/go_text.h"

namespace callgate::compose {
namespace {

constexpr std::string_view kInvalid = "invalid compose project";
constexpr std::string_view kService = "service:";

class Checker {
 public:
  explicit Checker(const Project& project) : project_(project), services_(project.model.find("services")) {}
  Loaded<bool> run();

 private:
  using Check = Loaded<bool> (Checker::*)(const Value&) const;
  Loaded<bool> image(const Value& service) const;
  Loaded<bool> networks(const Value& service) const;
  Loaded<bool> healthcheck(const Value& service) const;
  Loaded<bool> dependencies(const Value& service) const;
  Loaded<bool> volumes(const Value& service) const;
  Loaded<bool> references(const Value& service) const;
  Loaded<bool> scale(const Value& service) const;
  Loaded<bool> mounts(const Value& service) const;
  Loaded<bool> secrets() const;
  Loaded<bool> cycles() const;
  Loaded<bool> follow(std::vector<std::string>& path, const Value& service, std::set<std::string>& done) const;
  bool is_enabled(std::string_view name) const { return services_ && services_->find(name); }
  bool is_disabled(std::string_view name) const {
    return std::any_of(project_.disabled.begin(), project_.disabled.end(),
                       [name](const Project::Disabled& off) { return off.name == name; });
  }
  bool has(std::string_view kind, std::string_view name) const {
    const Value* all = project_.model.find(kind);
    return all && all->find(name);
  }
  const Project& project_;
  const Value* services_;
};

tl::unexpected<Refusal> invalid(std::string message, base::Span place) {
  return refuse(fmt::format("{}: {}", message, kInvalid), place);
}

std::string text_of(const Value& map, std::string_view key) {
  const Value* found = map.find(key);
  return found ? found->text : std::string();
}

Loaded<bool> Checker::image(const Value& service) const {
  const Value* build = service.find("build");
  if (!build && text_of(service, "image").empty() && !service.find("provider"))
    return invalid(
        fmt::format("service {} has neither an image nor a build context specified", manifest::go_quote(service.key)),
        service.key_place);
  if (build && !text_of(*build, "dockerfile").empty() && !text_of(*build, "dockerfile_inline").empty())
    return invalid(fmt::format("service {} declares mutualy exclusive dockerfile and dockerfile_inline",
                               manifest::go_quote(service.key)),
                   build->place);
  return true;
}

Loaded<bool> Checker::networks(const Value& service) const {
  const Value* networks = service.find("networks");
  if (!networks || !networks->is_map()) return true;
  if (const Value* mode = service.find("network_mode"); mode && !mode->text.empty() && !networks->items.empty())
    return invalid(fmt::format("service {} declares mutually exclusive `network_mode` and `networks`", service.key),
                   mode->key_place);
  for (const Value& network : networks->items)
    if (!has("networks", network.key))
      return invalid(
          fmt::format("service {} refers to undefined network {}", manifest::go_quote(service.key), network.key),
          network.key_place);
  return true;
}

Loaded<bool> Checker::healthcheck(const Value& service) const {
  const Value* check = service.find("healthcheck");
  const Value* test = check ? check->find("test") : nullptr;
  if (!test || !test->is_list() || test->items.empty()) return true;
  const std::string& first = test->items.front().text;
  if (first == "CMD" || first == "CMD-SHELL" || first == "NONE") return true;
  return refuse("healthcheck.test must start either by \"CMD\", \"CMD-SHELL\" or \"NONE\"", test->place);
}

Loaded<bool> Checker::dependencies(const Value& service) const {
  if (const Value* needs = service.find("depends_on"))
    for (const Value& need : needs->items) {
      const Value* required = need.find("required");
      const bool is_optional = required && !required->is_true();
      if (is_enabled(need.key) || (is_disabled(need.key) && is_optional)) continue;
      return invalid(fmt::format("service {} depends on undefined service {}", manifest::go_quote(service.key),
                                 manifest::go_quote(need.key)),
                     need.key_place);
    }
  const std::string mode = text_of(service, "network_mode");
  if (!mode.starts_with(kService) || is_enabled(mode.substr(kService.size()))) return true;
  const std::string name = mode.substr(kService.size());
  return refuse(fmt::format("service {} not found for network_mode 'service:{}'", manifest::go_quote(name), name),
                service.find("network_mode")->place);
}

Loaded<bool> Checker::volumes(const Value& service) const {
  const Value* volumes = service.find("volumes");
  if (!volumes) return true;
  for (const Value& volume : volumes->items) {
    const std::string source = text_of(volume, "source");
    if (text_of(volume, "type") == "volume" && !source.empty() && !has("volumes", source))
      return invalid(fmt::format("service {} refers to undefined volume {}", manifest::go_quote(service.key), source),
                     volume.place);
  }
  return true;
}

Loaded<bool> Checker::references(const Value& service) const {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kKinds{
      {{"configs", "config"}, {"secrets", "secret"}}};
  for (const auto& [kind, one] : kKinds)
    if (const Value* mounts = service.find(kind))
      for (const Value& mount : mounts->items)
        if (const std::string source = text_of(mount, "source"); !has(kind, source))
          return invalid(
              fmt::format("service {} refers to undefined {} {}", manifest::go_quote(service.key), one, source),
              mount.place);
  if (const Value* models = service.find("models"); models && models->is_map())
    for (const Value& model : models->items)
      if (!has("models", model.key))
        return invalid(
            fmt::format("service {} refers to undefined model {}", manifest::go_quote(service.key), model.key),
            model.key_place);
  return true;
}

Loaded<bool> Checker::scale(const Value& service) const {
  const Value* scale = service.find("scale");
  const Value* deploy = service.find("deploy");
  const Value* replicas = deploy ? deploy->find("replicas") : nullptr;
  if (scale && replicas && scale->text != replicas->text)
    return invalid(fmt::format("services.{}: can't set distinct values on 'scale' and 'deploy.replicas'", service.key),
                   scale->place);
  if (scale && scale->text.starts_with('-'))
    return refuse(fmt::format("services.{}.scale: must be greater than or equal to 0", service.key), scale->place);
  if (replicas && replicas->text.starts_with('-'))
    return refuse(fmt::format("services.{}.deploy.replicas: must be greater than or equal to 0", service.key),
                  replicas->place);
  const Value* count = scale ? scale : replicas;
  const bool several = count && count->text != "0" && count->text != "1";
  // Compose has the two names in this order.
  if (several && !text_of(service, "container_name").empty())
    return invalid(fmt::format("services.{}: can't set container_name and {} as container name must be unique",
                               scale ? "scale" : "deploy.replicas", service.key),
                   service.find("container_name")->place);
  return true;
}

Loaded<bool> Checker::mounts(const Value& service) const {
  std::map<std::string, std::string> known;
  const auto add = [&](const std::string& target, std::string where, base::Span place) -> Loaded<bool> {
    const auto [first, is_new] = known.emplace(target, where);
    if (is_new) return true;
    return refuse(fmt::format("{}: target {} already mounted as {}", where, target, first->second), place);
  };
  if (const Value* tmpfs = service.find("tmpfs"); tmpfs && tmpfs->is_list())
    for (std::size_t i = 0; i < tmpfs->items.size(); ++i) {
      const Value& item = tmpfs->items[i];
      const std::string where = fmt::format("services.{}.tmpfs[{}]", service.key, i);
      if (auto ok = add(item.text.substr(0, item.text.find(':')), where, item.place); !ok) return ok;
    }
  if (const Value* volumes = service.find("volumes"))
    for (std::size_t i = 0; i < volumes->items.size(); ++i) {
      const Value& item = volumes->items[i];
      const std::string where = fmt::format("services.{}.volumes[{}]", service.key, i);
      if (auto ok = add(text_of(item, "target"), where, item.place); !ok) return ok;
    }
  return true;
}

Loaded<bool> Checker::secrets() const {
  const Value* secrets = project_.model.find("secrets");
  if (!secrets) return true;
  for (const Value& secret : secrets->items) {
    const Value* external = secret.find("external");
    if (external && external->text != "false") continue;
    if (text_of(secret, "file").empty() && text_of(secret, "environment").empty())
      return invalid(
          fmt::format("secret {} must declare either `file` or `environment`", manifest::go_quote(secret.key)),
          secret.key_place);
  }
  return true;
}

// Compose looks for circles in the order of names, so that it always tells the same one.
std::vector<const Value*> by_name(const Value& map) {
  std::vector<const Value*> out;
  for (const Value& item : map.items) out.push_back(&item);
  std::sort(out.begin(), out.end(), [](const Value* a, const Value* b) { return a->key < b->key; });
  return out;
}

Loaded<bool> Checker::follow(std::vector<std::string>& path, const Value& service, std::set<std::string>& done) const {
  const Value* needs = service.find("depends_on");
  if (!needs || done.contains(service.key)) return true;
  for (const Value* each : by_name(*needs)) {
    const Value& need = *each;
    const auto known = std::find(path.begin(), path.end(), need.key);
    if (known != path.end())
      return refuse(fmt::format("dependency cycle detected: {} -> {}", fmt::join(known, path.end(), " -> "), need.key),
                    need.key_place.file ? need.key_place : service.key_place);
    const Value* next = services_->find(need.key);
    if (!next) continue;
    path.push_back(need.key);
    if (path.size() > kMaxMembers)
      return tl::unexpected(Refusal{"services depend on each other too deeply", service.place, true});
    if (auto ok = follow(path, *next, done); !ok) return ok;
    path.pop_back();
  }
  done.insert(service.key);
  return true;
}

Loaded<bool> Checker::cycles() const {
  std::set<std::string> done;
  for (const Value* service : by_name(*services_)) {
    std::vector<std::string> path{service->key};
    if (auto ok = follow(path, *service, done); !ok) return ok;
  }
  return true;
}

Loaded<bool> Checker::run() {
  constexpr std::array<Check, 8> kChecks{&Checker::image,        &Checker::networks, &Checker::healthcheck,
                                         &Checker::dependencies, &Checker::volumes,  &Checker::references,
                                         &Checker::scale,        &Checker::mounts};
  if (services_)
    for (const Value& service : services_->items)
      for (const Check check : kChecks)
        if (auto ok = (this->*check)(service); !ok) return ok;
  if (auto ok = secrets(); !ok) return ok;
  return services_ ? cycles() : Loaded<bool>(true);
}

}  // namespace

Loaded<bool> check_consistency(const Project& project) {
  return Checker(project).run();
}

}  // namespace callgate::compose
