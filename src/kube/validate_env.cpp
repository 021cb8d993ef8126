// Source: pkg/apis/core/validation (ValidateEnv, ValidateEnvFrom), pkg/apis/core/pods (ConvertDownwardAPIFieldLabel).
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "kube/names.h"
#include "kube/quantity.h"
#include "kube/validate_values.h"
#include "manifest/go_text.h"

namespace callgate::kube::values {

namespace {

using manifest::go_quote;

constexpr std::array<std::string_view, 14> kPodFields{
    "metadata.annotations", "metadata.labels", "metadata.name",      "metadata.namespace",
    "metadata.uid",         "spec.nodeName",   "spec.restartPolicy", "spec.serviceAccountName",
    "spec.schedulerName",   "status.phase",    "status.hostIP",      "status.hostIPs",
    "status.podIP",         "status.podIPs"};

struct Path {
  std::string_view path, subscript;
  bool subscripted = false;
};

// "metadata.labels['a']".
Path split(std::string_view text) {
  if (!text.ends_with("']")) return {text, {}, false};
  const auto open = text.find("['");
  if (open == std::string_view::npos || open == 0) return {text, {}, false};
  return {text.substr(0, open), text.substr(open + 2, text.size() - open - 4), true};
}

// Nothing, or why the server cannot read the path.
std::string unknown_path(std::string_view version, std::string_view text, const Path& parts) {
  if (version != "v1") return fmt::format("unsupported pod version: {}", version);
  if (parts.subscripted) {
    if (parts.path == "metadata.annotations" || parts.path == "metadata.labels") return {};
    return fmt::format("field label does not support subscript: {}", text);
  }
  if (text == "spec.host" || std::find(kPodFields.begin(), kPodFields.end(), text) != kPodFields.end()) return {};
  return fmt::format("field label not supported: {}", text);
}

bool among(std::string_view word, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// A plain text, which is written another way than one of a type of its own.
void supported(const Value& found, std::initializer_list<std::string_view> good) {
  if (!among(found.text(), good))
    found.errors().not_supported_struct(found.path(), go_quote(found.text()), good, found.place());
}

void divisor(const Value& reference) {
  const Value found = reference.at("divisor");
  const auto amount = found ? read_quantity(found.node().text()) : std::nullopt;
  if (!amount || is_zero(*amount)) return;
  const std::string_view resource = reference.text("resource");
  const std::string text = canonical(*amount);
  const auto refuse = [&](std::string_view what) { found.invalid_as(go_quote(resource), what); };
  if (among(resource, {"limits.cpu", "requests.cpu"})) {
    if (!among(text, {"1m", "1"})) refuse("only divisor's values 1m and 1 are supported with the cpu resource");
    return;
  }
  const bool huge = resource.starts_with("requests.hugepages-") || resource.starts_with("limits.hugepages-");
  const std::string_view kind = huge                                                    ? "hugepages"
                                : among(resource, {"limits.memory", "requests.memory"}) ? "memory"
                                : among(resource, {"limits.ephemeral-storage", "requests.ephemeral-storage"})
                                    ? "local ephemeral storage"
                                    : "";
  if (kind.empty() || among(text, {"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"}))
    return;
  refuse(
      fmt::format("only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with "
                  "the {} resource",
                  kind));
}

void key_reference(const Value& reference) {
  reference.at("name").faults(subdomain_faults(reference.text("name")));
  const Value key = reference.at("key");
  if (key.text().empty())
    key.required();
  else
    key.faults(config_key_faults(key.text()));
}

bool climbs(std::string_view path) {
  const auto parts = base::split(path, '/');
  return std::find(parts.begin(), parts.end(), "..") != parts.end();
}

void file_reference(const Value& reference) {
  const Value key = reference.at("key"), volume = reference.at("volumeName"), path = reference.at("path");
  key.text().empty() ? key.required() : key.faults(variable_name_faults(key.text()));
  volume.text().empty() ? volume.required() : volume.faults(label_faults(volume.text()));
  if (path.text().empty())
    path.required();
  else if (climbs(path.text()))
    path.invalid("must not contain '..'");
}

void value_from(const Value& variable) {
  const Value from = variable.at("valueFrom");
  if (!from) return;
  std::size_t sources = 0;
  if (const Value found = from.at("fieldRef")) {
    ++sources;
    field_reference(found, false);
  }
  if (const Value found = from.at("resourceFieldRef")) {
    ++sources;
    resource_reference(found, false);
  }
  for (const std::string_view name : {"configMapKeyRef", "secretKeyRef"})
    if (const Value found = from.at(name)) {
      ++sources;
      key_reference(found);
    }
  if (const Value found = from.at("fileKeyRef")) {
    ++sources;
    file_reference(found);
  }
  if (sources == 0)
    from.invalid_as("\"\"",
                    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or "
                    "`fileKeyRef`");
  else if (!variable.text("value").empty())
    from.invalid_as("\"\"", "may not be specified when `value` is not empty");
  else if (sources > 1)
    from.invalid_as("\"\"", "may not have more than one field specified at a time");
}

void sources_of_all(const Value& container) {
  const Value list = container.at("envFrom");
  for (const Value& each : container.items("envFrom")) {
    each.at("prefix").faults(variable_name_faults(each.text("prefix")));
    std::size_t sources = 0;
    for (const std::string_view kind : {"configMapRef", "secretRef"}) {
      const Value source = each.at(kind);
      if (!source) continue;
      ++sources;
      const Value name = source.at("name");
      if (name.text().empty())
        name.required();
      else
        name.faults(subdomain_faults(as_prefix(name.text())));
    }
    if (sources == 0)
      list.invalid_as("\"\"", "must specify one of: `configMapRef` or `secretRef`");
    else if (sources > 1)
      list.invalid_as("\"\"", "may not have more than one field specified at a time");
  }
}

// What says nothing of its source is one.
bool is_empty_directory(text::Node volume) {
  return field(volume, "emptyDir") || std::none_of(volume.begin(), volume.end(), [](text::Node member) {
           return member.key() != "name" && !member.is_null();
         });
}

}  // namespace

void field_reference(const Value& reference, bool in_volume) {
  const Value path = reference.at("fieldPath");
  const std::string_view given = reference.text("apiVersion"), version = given.empty() ? "v1" : given;
  if (path.text().empty()) return path.required();
  const Path parts = split(path.text());
  if (const std::string why = unknown_path(version, path.text(), parts); !why.empty())
    return path.invalid("error converting fieldPath: " + why);
  if (parts.subscripted) {
    std::string key(parts.subscript);
    if (parts.path == "metadata.annotations") key = base::to_lower(key);
    for (const std::string& fault : qualified_name_faults(key)) reference.invalid_as(go_quote(key), fault);
    return;
  }
  const std::string_view stored = parts.path == "spec.host" ? "spec.nodeName" : parts.path;
  const auto refuse = [&](std::initializer_list<std::string_view> good) {
    if (!among(stored, good))
      reference.errors().not_supported_struct(path.path(), go_quote(stored), good, path.place());
  };
  if (in_volume)
    refuse({"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"});
  else
    refuse({"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
            "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"});
}

void resource_reference(const Value& reference, bool in_volume) {
  const Value resource = reference.at("resource");
  const std::string_view text = resource.text();
  if (in_volume && reference.text("containerName").empty())
    reference.at("containerName").required();
  else if (text.empty())
    resource.required();
  else if (!text.starts_with("requests.hugepages-") && !text.starts_with("limits.hugepages-"))
    supported(resource, {"limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu",
                         "requests.ephemeral-storage", "requests.memory"});
  divisor(reference);
}

void environment(const Value& container) {
  for (const Value& each : container.items("env")) {
    const Value name = each.at("name");
    if (name.text().empty())
      name.required();
    else
      name.faults(variable_name_faults(name.text()));
    value_from(each);
  }
  sources_of_all(container);
}

// Files of variables lie in an emptyDir.
void variable_files(const Pod& pod, FieldErrors& errors) {
  std::map<std::string_view, text::Node> volumes;
  for (const text::Node each : elements(pod.spec, "volumes")) volumes[string_field(each, "name")] = each;
  for (const PodContainer& container : pod.containers)
    for (const Value& each : Value(container.node, pod.container_path(container), pod.source, errors).items("env")) {
      const Value from = each.at("valueFrom").at("fileKeyRef");
      if (!from) continue;
      const Value name = from.at("volumeName");
      const auto volume = volumes.find(name.text());
      if (volume == volumes.end())
        name.not_found(name.text());
      else if (!is_empty_directory(volume->second))
        name.invalid("referenced volume must be of type emptyDir");
    }
}

}  // namespace callgate::kube::values
