// SPDX-License-Identifier: Apache-2.0
#include "compose/complete.h"
#include "manifest/go_text.h"

#include <fmt/format.h>

#include <array>

#include "compose/short_forms.h"

namespace callgate::compose {
namespace {

void put(Value& map, std::string_view key, Value value) {
  value.key = key;
  map.member(key) = std::move(value);
}

Loaded<bool> check_external(const Value& volume) {
  const Value* external = volume.find("external");
  if (!external || !external->is_true()) return true;
  for (const Value& member : volume.items)
    if (member.key != "name" && member.key != "external" && !member.key.starts_with("x-"))
      return refuse(fmt::format("volumes.{}: conflicting parameters \"external\" and {} specified", volume.key,
                                manifest::go_quote(member.key)),
                    member.key_place);
  return true;
}

template <std::size_t N>
Loaded<bool> check_file_object(std::string_view kind, const Value& object,
                               const std::array<std::string_view, N>& keys) {
  std::size_t count = 0;
  for (const std::string_view key : keys) count += object.find(key) ? 1U : 0U;
  const std::string names = fmt::format("{}", fmt::join(keys, "|"));
  if (count > 1)
    return refuse(fmt::format("{}.{}: {} attributes are mutually exclusive", kind, object.key, names),
                  object.key_place);
  if (count == 0 && !object.find("driver") && !object.find("external"))
    return refuse(fmt::format("{}.{}: one of {} must be set", kind, object.key, names), object.key_place);
  return true;
}

// Long forms of ports, and requests for devices.
Loaded<bool> check_service(const Value& service) {
  const std::string where = "services." + service.key;
  if (const Value* ports = service.find("ports"))
    for (const Value& port : ports->items)
      if (const Value* address = port.find("host_ip"); address && !is_address(address->text))
        return refuse(fmt::format("{}.ports.[]: invalid ip address: {}", where, address->text), address->place);
  const auto devices = [&](const Value* list, std::string_view path) -> Loaded<bool> {
    if (list && list->is_list())
      for (const Value& device : list->items)
        if (device.find("count") && device.find("device_ids"))
          return refuse(fmt::format("{}.{}.[]: \"count\" and \"device_ids\" attributes are exclusive", where, path),
                        device.place);
    return true;
  };
  const Value* inner = &service;
  for (const std::string_view step : {"deploy", "resources", "reservations", "devices"})
    if (inner) inner = inner->find(step);
  if (auto ok = devices(inner, "deploy.resources.reservations.devices"); !ok) return ok;
  return devices(service.find("gpus"), "gpus");
}

void depend_on(Value& service, std::string_view name, bool restart) {
  Value& all = service.member("depends_on");
  if (all.kind == Kind::null) all.kind = Kind::map;
  if (all.find(name)) return;
  Value each = make_map();
  put(each, "condition", make_string("service_started"));
  put(each, "restart", make_boolean(restart));
  put(each, "required", make_boolean(true));
  put(all, name, std::move(each));
}

}  // namespace

void set_defaults(Value& model) {
  Value* services = model.find("services");
  if (!services) return;
  for (Value& service : services->items)
    if (Value* build = service.find("build"); build && build->is_map() && !build->find("context"))
      put(*build, "context", make_string("."));
}

Loaded<bool> validate(const Value& model) {
  constexpr std::array<std::string_view, 3> kConfig{"file", "environment", "content"};
  constexpr std::array<std::string_view, 2> kSecret{"file", "environment"};
  if (const Value* services = model.find("services"))
    for (const Value& service : services->items)
      if (auto ok = check_service(service); !ok) return ok;
  if (const Value* volumes = model.find("volumes"))
    for (const Value& volume : volumes->items)
      if (auto ok = check_external(volume); !ok) return ok;
  if (const Value* configs = model.find("configs"))
    for (const Value& config : configs->items)
      if (auto ok = check_file_object("configs", config, kConfig); !ok) return ok;
  if (const Value* secrets = model.find("secrets"))
    for (const Value& secret : secrets->items)
      if (auto ok = check_file_object("secrets", secret, kSecret); !ok) return ok;
  return true;
}

void normalize(Value& model) {
  constexpr std::string_view kService = "service:";
  Value* services = model.find("services");
  if (!services) return;
  bool uses_default = false;
  for (Value& service : services->items) {
    if (!service.is_map()) continue;
    Value* networks = service.find("networks");
    if (!service.find("provider") && !service.find("network_mode")) {
      if (!networks || networks->items.empty()) {
        put(service, "networks", make_map());
        service.find("networks")->member("default");
        uses_default = true;
      } else if (networks->find("default")) {
        uses_default = true;
      }
    }
    if (const Value* links = service.find("links"))
      for (const std::string& link : [&] {
             std::vector<std::string> names;
             for (const Value& item : links->items) names.push_back(item.text.substr(0, item.text.find(':')));
             return names;
           }())
        depend_on(service, link, true);
    for (const std::string_view name : {"network_mode", "ipc", "pid", "uts", "cgroup"}) {
      const Value* mode = service.find(name);
      if (mode && mode->text.starts_with(kService))
        depend_on(service, std::string(mode->text.substr(kService.size())), true);
    }
    if (const Value* from = service.find("volumes_from")) {
      const std::vector<Value> items = from->items;
      for (const Value& item : items)
        if (!item.text.starts_with("container:")) depend_on(service, item.text.substr(0, item.text.find(':')), false);
    }
  }
  if (!uses_default) return;
  Value& networks = model.member("networks");
  if (networks.kind == Kind::null) networks.kind = Kind::map;
  networks.member("default");
}

}  // namespace callgate::compose
