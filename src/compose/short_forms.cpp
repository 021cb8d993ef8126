// SPDX-License-Identifier: Apache-2.0
#include "compose/short_forms.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "compose/diagnostic_ids.h"
#include "manifest/files.h"

namespace callgate::compose {
namespace {

void put(Value& map, std::string_view key, Value value) {
  Value& member = map.member(key);
  value.key = key;
  member = std::move(value);
}

Value map_at(base::Span place) {
  Value map = make_map();
  map.place = place;
  return map;
}

// The value in its new form, still a member under the same key.
void replace(Value& value, Value form) {
  form.key = value.key;
  form.key_place = value.key_place;
  value = std::move(form);
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Colons part the sections, except that of a Windows drive and those inside ${…}.
std::vector<std::string> volume_sections(std::string_view spec) {
  std::vector<std::string> sections(1);
  int depth = 0;
  for (std::size_t i = 0; i < spec.size(); ++i) {
    const char c = spec[i];
    std::string& last = sections.back();
    if (c == '$' && i + 1 < spec.size() && spec[i + 1] == '{') ++depth;
    if (c == '}' && depth > 0) --depth;
    const bool is_drive = c == ':' && last.size() == 1 && is_letter(last.front());
    if (c == ':' && depth == 0 && !is_drive)
      sections.emplace_back();
    else
      last += c;
  }
  return sections;
}

bool is_file_path(std::string_view source) {
  if (source.empty()) return false;
  if (source[0] == '.' || source[0] == '/' || source[0] == '~' || source.starts_with("\\\\")) return true;
  return source.size() > 1 && is_letter(source[0]) && source[1] == ':';
}

bool is_port_range(std::string_view text) {
  std::string_view first = text.substr(0, text.find('-'));
  std::string_view last = text.find('-') == std::string_view::npos ? first : text.substr(text.find('-') + 1);
  const auto port = [](std::string_view digits) -> std::optional<unsigned> {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || value > 65535)
      return std::nullopt;
    return value;
  };
  const auto from = port(first), to = port(last);
  return from && to && *from <= *to;
}

}  // namespace

bool is_address(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

Loaded<Value> volume_mapping(const Value& short_form) {
  const std::string& spec = short_form.text;
  if (spec.empty()) return refuse("invalid empty volume spec", short_form.place);
  std::vector<std::string> sections = volume_sections(spec);
  if (spec.size() <= 2) sections = {spec};
  const auto invalid = [&](std::string_view why) {
    return refuse(fmt::format("invalid spec: {}: {}", spec, why), short_form.place);
  };
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (sections[i].empty()) return invalid("empty section between colons");
    if (i == 2 && sections.size() > 3) return invalid("too many colons");
  }
  Value map = map_at(short_form.place);
  const std::string source = sections.size() > 1 ? sections[0] : "";
  const bool is_bind = is_file_path(source);
  put(map, "type", make_string(is_bind ? "bind" : "volume", short_form.place));
  if (!source.empty()) put(map, "source", make_string(source, short_form.place));
  const std::string& target = sections.size() > 1 ? sections[1] : sections[0];
  put(map, "target", make_string(manifest::clean_path(target), short_form.place));
  if (sections.size() > 2)
    for (const std::string_view option : base::split(sections[2], ','))
      if (option == "ro") put(map, "read_only", make_boolean(true));
  return map;
}

Loaded<std::string> volume_target(const Value& short_form) {
  auto map = volume_mapping(short_form);
  if (!map) return tl::unexpected(map.error());
  return map->find("target")->text;
}

// nat.ParsePortSpec of docker/go-connections.
Loaded<Value> port_mapping(const Value& short_form) {
  const std::string& spec = short_form.text;
  const std::size_t last = spec.rfind(':');
  std::string container = last == std::string::npos ? spec : spec.substr(last + 1);
  std::string host = last == std::string::npos ? "" : spec.substr(0, last);
  std::string address;
  if (const std::size_t colon = host.rfind(':'); colon != std::string::npos) {
    address = host.substr(0, colon);
    host = host.substr(colon + 1);
  }
  std::string protocol = "tcp";
  if (const std::size_t slash = container.find('/'); slash != std::string::npos) {
    protocol = container.substr(slash + 1).empty() ? "tcp" : container.substr(slash + 1);
    container = container.substr(0, slash);
  }
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  const auto invalid = [&](std::string message) { return refuse(std::move(message), short_form.place); };
  if (!address.empty() && !is_address(address)) return invalid("invalid IP address: " + address);
  if (container.empty()) return invalid(fmt::format("no port specified: {}<empty>", spec));
  if (!is_port_range(container)) return invalid("invalid containerPort: " + container);
  if (!host.empty() && !is_port_range(host)) return invalid("invalid hostPort: " + host);
  const std::string lower = base::to_lower(protocol);
  if (lower != "tcp" && lower != "udp" && lower != "sctp") return invalid("invalid proto: " + protocol);
  Value map = map_at(short_form.place);
  put(map, "mode", make_string("ingress"));
  if (!address.empty()) put(map, "host_ip", make_string(address, short_form.place));
  put(map, "target", make_string(container, short_form.place));
  put(map, "published", make_string(host, short_form.place));
  put(map, "protocol", make_string(lower));
  return map;
}

namespace {

enum class Form {
  names,
  depends_on,
  env_file,
  string_or_list,
  extends,
  gpus,
  key_value,
  volume,
  device,
  file_mount,
  ports,
  build,
  ssh,
  ulimit,
  external,
  include,
  text,
};
struct FormRule {
  std::string_view pattern;
  Form form;
};
// Parents stand before what lies in them.
constexpr std::array<FormRule, 28> kForms{{
    {"services.*.build", Form::build},
    {"services.*.build.secrets.*", Form::file_mount},
    {"services.*.build.provenance", Form::text},
    {"services.*.build.sbom", Form::text},
    {"services.*.build.additional_contexts", Form::key_value},
    {"services.*.build.ssh", Form::ssh},
    {"services.*.build.ulimits.*", Form::ulimit},
    {"services.*.depends_on", Form::depends_on},
    {"services.*.env_file", Form::env_file},
    {"services.*.label_file", Form::string_or_list},
    {"services.*.extends", Form::extends},
    {"services.*.gpus", Form::gpus},
    {"services.*.networks", Form::names},
    {"services.*.models", Form::names},
    {"services.*.volumes.*", Form::volume},
    {"services.*.dns", Form::string_or_list},
    {"services.*.devices.*", Form::device},
    {"services.*.secrets.*", Form::file_mount},
    {"services.*.configs.*", Form::file_mount},
    {"services.*.ports", Form::ports},
    {"services.*.ulimits.*", Form::ulimit},
    {"services.*.develop.watch.*.ignore", Form::string_or_list},
    {"services.*.develop.watch.*.include", Form::string_or_list},
    {"volumes.*", Form::external},
    {"networks.*", Form::external},
    {"secrets.*", Form::external},
    {"configs.*", Form::external},
    {"include.*", Form::include},
}};

class Writer {
 public:
  explicit Writer(base::Diagnostics& diagnostics) : diagnostics_(diagnostics) {}
  Loaded<bool> run(Value& value);

 private:
  Loaded<bool> apply(Form form, Value& value);
  Loaded<bool> depends_on(Value& value);
  Loaded<bool> env_file(Value& value);
  Loaded<bool> key_value(Value& value);
  Loaded<bool> ports(Value& value);
  Loaded<bool> device(Value& value);
  Loaded<bool> external(Value& value);
  Loaded<bool> into(Value& value);

  base::Diagnostics& diagnostics_;
  Path path_;
};

Value single(std::string_view key, const Value& text) {
  Value map = map_at(text.place);
  put(map, key, make_string(text.text, text.place));
  return map;
}

// A text stands for the list of it alone.
void string_to_list(Value& value) {
  if (!value.is_string()) return;
  Value list;
  list.kind = Kind::list;
  list.place = value.place;
  list.items.push_back(make_string(value.text, value.place));
  replace(value, std::move(list));
}

Loaded<bool> Writer::depends_on(Value& value) {
  if (value.is_list()) {
    Value map = map_at(value.place);
    for (Value& name : value.items) {
      Value each = map_at(name.place);
      each.key_place = name.place;
      put(map, name.text, std::move(each));
    }
    replace(value, std::move(map));
  }
  for (Value& each : value.items) {
    if (!each.is_map())
      return refuse(fmt::format("{}.{}: unsupported value {}", join(path_), each.key, each.text), each.place);
    if (!each.find("condition")) put(each, "condition", make_string("service_started"));
    if (!each.find("required")) put(each, "required", make_boolean(true));
  }
  return true;
}

Loaded<bool> Writer::env_file(Value& value) {
  string_to_list(value);
  for (Value& each : value.items) {
    if (each.is_string()) replace(each, single("path", each));
    if (each.is_map() && !each.find("required")) put(each, "required", make_boolean(true));
  }
  return true;
}

Loaded<bool> Writer::key_value(Value& value) {
  if (!value.is_list()) return true;
  Value map = map_at(value.place);
  for (const Value& each : value.items) {
    const std::size_t equals = each.text.find('=');
    if (equals == std::string::npos)
      return refuse(fmt::format("{}: invalid value {}, expected key=value", join(path_), each.text), each.place);
    put(map, each.text.substr(0, equals), make_string(each.text.substr(equals + 1), each.place));
  }
  replace(value, std::move(map));
  return true;
}

Loaded<bool> Writer::ports(Value& value) {
  for (Value& each : value.items) {
    if (each.is_map()) continue;
    if (!each.is_string() && each.kind != Kind::integer)
      return refuse(fmt::format("{}: invalid type float64 for port", join(path_)), each.place);
    auto port = port_mapping(each);
    if (!port) return tl::unexpected(port.error());
    replace(each, std::move(*port));
  }
  return true;
}

Loaded<bool> Writer::device(Value& value) {
  if (!value.is_string()) return true;
  const auto parts = base::split(value.text, ':');
  if (parts.size() > 3) return refuse("confusing device mapping, please use long syntax: " + value.text, value.place);
  Value map = map_at(value.place);
  const std::string_view target = parts.size() > 1 && !parts[1].empty() ? parts[1] : parts[0];
  put(map, "source", make_string(std::string(parts[0]), value.place));
  put(map, "target", make_string(std::string(target), value.place));
  put(map, "permissions", make_string(parts.size() > 2 ? std::string(parts[2]) : "rwm"));
  replace(value, std::move(map));
  return true;
}

Loaded<bool> Writer::external(Value& value) {
  if (!value.is_map()) return true;
  if (auto ok = into(value); !ok) return ok;
  Value* external = value.find("external");
  if (!external || !external->is_map()) return true;
  const Value* old_name = external->find("name");
  if (old_name) {
    diagnostics_.add(kDeprecatedForm, external->place,
                     fmt::format("{}: external.name is deprecated. Please set name and external: true", join(path_)));
    const Value* name = value.find("name");
    if (name && !same(*name, *old_name))
      return refuse(fmt::format("{}: name and external.name conflict; only use name", join(path_)), external->place);
    const Value adopted = *old_name;
    if (!name) put(value, "name", adopted);
  }
  put(value, "external", make_boolean(true));
  return true;
}

Loaded<bool> Writer::apply(Form form, Value& value) {
  const bool becomes_mapping = form == Form::names || form == Form::depends_on || form == Form::key_value;
  if (becomes_mapping && value.items.size() > kMaxMembers)
    return refuse_limit(fmt::format("{} has more than {} entries", join(path_), kMaxMembers), value.place);
  switch (form) {
    case Form::names:
      if (value.is_list()) {
        Value map = map_at(value.place);
        for (const Value& name : value.items) map.member(name.text).key_place = name.place;
        replace(value, std::move(map));
      }
      return true;
    case Form::depends_on:
      return depends_on(value);
    case Form::env_file:
      return env_file(value);
    case Form::string_or_list:
      string_to_list(value);
      return true;
    case Form::extends:
      if (value.is_string()) replace(value, single("service", value));
      return true;
    case Form::include:
      if (value.is_string()) replace(value, single("path", value));
      return true;
    case Form::file_mount:
      if (value.is_string()) replace(value, single("source", value));
      return true;
    case Form::build:
      if (value.is_string()) replace(value, single("context", value));
      return into(value);
    case Form::key_value:
      return key_value(value);
    case Form::volume: {
      if (!value.is_string()) return true;
      auto volume = volume_mapping(value);
      if (!volume) return tl::unexpected(volume.error());
      replace(value, std::move(*volume));
      return true;
    }
    case Form::device:
      return device(value);
    case Form::ports:
      return ports(value);
    case Form::ulimit:
      if (!value.is_map() && value.kind != Kind::integer)
        return refuse(
            fmt::format("{}: invalid type {} for external", join(path_), value.is_string() ? "string" : "float64"),
            value.place);
      return true;
    case Form::external:
      return external(value);
    case Form::text:
      if (!value.is_string()) replace(value, make_string(value.text, value.place));
      return true;
    case Form::gpus:
    case Form::ssh:
      return true;
  }
  return true;
}

Loaded<bool> Writer::into(Value& value) {
  if (!value.is_map() && !value.is_list()) return true;
  for (Value& item : value.items) {
    path_.push_back(value.is_map() ? std::string_view(item.key) : std::string_view("[]"));
    // The key moves with the value; keep a copy that the path can point to.
    const std::string key = item.key;
    if (value.is_map()) path_.back() = key;
    if (auto ok = run(item); !ok) return ok;
    path_.pop_back();
  }
  return true;
}

Loaded<bool> Writer::run(Value& value) {
  if (path_.size() >= 2)
    for (const FormRule& rule : kForms)
      if ((rule.pattern.ends_with(path_.back()) || rule.pattern.ends_with('*')) && matches(path_, rule.pattern))
        return apply(rule.form, value);
  return into(value);
}

}  // namespace

Loaded<bool> write_out(Value& model, base::Diagnostics& diagnostics) {
  return Writer(diagnostics).run(model);
}

}  // namespace callgate::compose
