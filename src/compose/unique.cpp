// Lists in which a later entry takes an earlier one's place (compose-go's override/uncity.go). security_opt is none of
// them: there an equal entry breaks the schema. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "compose/merge.h"
#include "compose/short_forms.h"

namespace callgate::compose {
namespace {

enum class Index { key_value, device, config, secret, env_file, expose, port, volume };

struct UniqueRule {
  std::string_view pattern;
  Index index;
};

constexpr std::array<UniqueRule, 29> kRules{{
    {"networks.*.labels", Index::key_value},
    {"networks.*.ipam.options", Index::key_value},
    {"services.*.annotations", Index::key_value},
    {"services.*.build.args", Index::key_value},
    {"services.*.build.additional_contexts", Index::key_value},
    {"services.*.build.platform", Index::key_value},
    {"services.*.build.tags", Index::key_value},
    {"services.*.build.labels", Index::key_value},
    {"services.*.cap_add", Index::key_value},
    {"services.*.cap_drop", Index::key_value},
    {"services.*.configs", Index::config},
    {"services.*.deploy.labels", Index::key_value},
    {"services.*.dns", Index::key_value},
    {"services.*.dns_opt", Index::key_value},
    {"services.*.dns_search", Index::key_value},
    {"services.*.environment", Index::key_value},
    {"services.*.env_file", Index::env_file},
    {"services.*.expose", Index::expose},
    {"services.*.labels", Index::key_value},
    {"services.*.links", Index::key_value},
    {"services.*.networks.*.aliases", Index::key_value},
    {"services.*.networks.*.link_local_ips", Index::key_value},
    {"services.*.ports", Index::port},
    {"services.*.profiles", Index::key_value},
    {"services.*.secrets", Index::secret},
    {"services.*.sysctls", Index::key_value},
    {"services.*.tmpfs", Index::key_value},
    {"services.*.volumes", Index::volume},
    {"services.*.devices", Index::device},
}};

std::string_view go_type(const Value& value) {
  constexpr std::array<std::string_view, 8> kNames{
      "<nil>", "bool", "int", "float64", "time.Time", "string", "[]interface {}", "map[string]interface {}"};
  return kNames[static_cast<std::size_t>(value.kind)];
}

std::string text_or(const Value& map, std::string_view key, std::string_view otherwise) {
  const Value* found = map.find(key);
  return found ? found->text : std::string(otherwise);
}

Loaded<std::string> name_of(const Value& item, Index index, const std::string& where) {
  if (item.is_map()) {
    switch (index) {
      case Index::volume:
        if (!item.find("target"))
          return refuse(fmt::format("service volume {} is missing a mount target", where), item.place);
        return text_or(item, "target", "");
      case Index::device:
        if (!item.find("target"))
          return refuse(fmt::format("service device {} is missing a mount target", where), item.place);
        return text_or(item, "target", "");
      case Index::config:
      case Index::secret: {
        const std::string_view root = index == Index::secret ? "/run/secrets" : "";
        return text_or(item, "target", fmt::format("{}/{}", root, text_or(item, "source", "<nil>")));
      }
      case Index::port:
        if (!item.find("target"))
          return refuse(fmt::format("service ports {} is missing a target port", where), item.place);
        return fmt::format("{}:{}:{}/{}", text_or(item, "host_ip", "0.0.0.0"), text_or(item, "published", "<nil>"),
                           text_or(item, "target", ""), text_or(item, "protocol", "tcp"));
      case Index::env_file:
        if (!item.find("path"))
          return refuse(fmt::format("environment path attribute {} is missing", where), item.place);
        return text_or(item, "path", "");
      default:
        break;
    }
  }
  switch (index) {
    case Index::key_value:
      if (!item.is_string()) return refuse(fmt::format("{}: unexpected type {}", where, go_type(item)), item.place);
      return item.text.substr(0, item.text.find('='));
    case Index::expose:
      if (!item.is_string() && item.kind != Kind::integer)
        return refuse(fmt::format("{}: unsupported expose value {}", where, item.text), item.place);
      return item.text;
    case Index::config:
    case Index::secret:
      if (!item.is_string())
        return refuse(fmt::format("{}: unsupported expose value {}", where, item.text), item.place);
      return fmt::format("{}/{}", index == Index::secret ? "/run/secrets" : "", item.text);
    case Index::volume:
      return item.is_string() ? volume_target(item) : Loaded<std::string>("");
    case Index::device: {
      const std::size_t colon = item.text.find(':');
      if (colon == std::string::npos) return item.text;
      return item.text.substr(colon + 1, item.text.find(':', colon + 1) - colon - 1);
    }
    default:
      return item.text;
  }
}

class Dropper {
 public:
  Loaded<bool> run(Value& value);

 private:
  Loaded<bool> list(Value& value, Index index);
  Path path_;
};

Loaded<bool> Dropper::list(Value& value, Index index) {
  std::unordered_map<std::string, std::size_t> seen;
  std::vector<Value> kept;
  kept.reserve(value.items.size());
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    auto name = name_of(value.items[i], index, fmt::format("{}.[{}]", join(path_), i));
    if (!name) return tl::unexpected(name.error());
    const auto [known, is_new] = seen.emplace(std::move(*name), kept.size());
    if (is_new)
      kept.push_back(std::move(value.items[i]));
    else
      kept[known->second] = std::move(value.items[i]);
  }
  value.items = std::move(kept);
  return true;
}

Loaded<bool> Dropper::run(Value& value) {
  if (value.is_list()) {
    for (const UniqueRule& rule : kRules)
      if (path_.size() > 2 && rule.pattern.ends_with(path_.back()) && matches(path_, rule.pattern))
        return list(value, rule.index);
    return true;
  }
  if (!value.is_map()) return true;
  for (Value& member : value.items) {
    path_.push_back(member.key);
    if (auto ok = run(member); !ok) return ok;
    path_.pop_back();
  }
  return true;
}

}  // namespace

Loaded<bool> drop_repeats(Value& model) {
  return Dropper().run(model);
}

}  // namespace callgate::compose
