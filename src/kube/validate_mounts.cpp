// Source: pkg/apis/core/validation (ValidateVolumeMounts, ValidateVolumeDevices). SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <set>

#include "base/text.h"
#include "kube/validate_values.h"

namespace callgate::kube::values {

namespace {

bool climbs(std::string_view path) {
  for (const std::string_view part : base::split(path, '/'))
    if (part == "..") return true;
  return false;
}

std::set<std::string_view> texts(const Value& container, std::string_view list, std::string_view name) {
  std::set<std::string_view> out;
  for (const text::Node each : elements(container.node(), list)) out.insert(string_field(each, name));
  return out;
}

// The server leaves the index out of these paths.
Value of_all(const Value& list, const Value& mount, std::string_view name) {
  const Value found = mount.at(name);
  return {found.node(), list.at(name).path(), found.place(), found.errors()};
}

void propagation(const Value& list, const Value& mount, bool privileged) {
  const Value found = of_all(list, mount, "mountPropagation");
  if (found) {
    if (found.text() != "Bidirectional" && found.text() != "HostToContainer" && found.text() != "None")
      found.not_supported({"Bidirectional", "HostToContainer", "None"});
    if (found.text() == "Bidirectional" && !privileged)
      found.forbidden("Bidirectional mount propagation is available only to privileged containers");
  }
  const Value recursive = of_all(list, mount, "recursiveReadOnly");
  if (!recursive || recursive.text() == "Disabled") return;
  if (recursive.text() != "Enabled" && recursive.text() != "IfPossible")
    return recursive.not_supported({"Disabled", "Enabled", "IfPossible"});
  if (bool_field(mount.node(), "readOnly") != true) recursive.forbidden("may only be specified when readOnly is true");
  if (found && found.text() != "None")
    recursive.forbidden("may only be specified when mountPropagation is None or not specified");
}

void sub_paths(const Value& list, const Value& mount) {
  const Value path = mount.at("subPath"), expression = mount.at("subPathExpr");
  if (!path.text().empty()) local_path(of_all(list, mount, "subPath"));
  if (expression.text().empty()) return;
  if (!path.text().empty()) expression.invalid("subPathExpr and subPath are mutually exclusive");
  local_path(of_all(list, mount, "subPathExpr"));
}

}  // namespace

void local_path(const Value& path) {
  if (path.text().starts_with('/')) path.invalid("must be a relative path");
  if (climbs(path.text())) path.invalid("must not contain '..'");
}

void mounts(const Value& container, const Volumes& volumes, bool privileged) {
  const Value list = container.at("volumeMounts");
  if (!list) return;
  std::set<std::string_view> points;
  const auto device_names = texts(container, "volumeDevices", "name"),
             device_paths = texts(container, "volumeDevices", "devicePath");
  for (const Value& each : container.items("volumeMounts")) {
    const Value name = each.at("name"), point = each.at("mountPath");
    const auto volume = volumes.find(name.text());
    if (name.text().empty()) name.required();
    if (volume == volumes.end()) name.not_found(name.text());
    if (point.text().empty()) point.required();
    if (!points.insert(point.text()).second) point.invalid("must be unique");
    if (device_names.contains(name.text())) name.invalid("must not already exist in volumeDevices");
    if (device_paths.contains(point.text())) point.invalid("must not already exist as a path in volumeDevices");
    sub_paths(list, each);
    propagation(list, each, privileged);
  }
}

void devices(const Value& container, const Volumes& volumes) {
  std::set<std::string_view> names, paths;
  const auto mount_names = texts(container, "volumeMounts", "name"),
             mount_paths = texts(container, "volumeMounts", "mountPath");
  for (const Value& each : container.items("volumeDevices")) {
    const Value name = each.at("name"), path = each.at("devicePath");
    const auto volume = volumes.find(name.text());
    if (name.text().empty()) name.required();
    if (names.contains(name.text())) name.invalid("must be unique");
    // A node without sources stands for a StatefulSet's claim.
    if (volume != volumes.end() && field(volume->second, "name") && !field(volume->second, "persistentVolumeClaim") &&
        !field(volume->second, "ephemeral"))
      name.invalid("can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
    if (volume == volumes.end()) name.not_found(name.text());
    if (path.text().empty()) path.required();
    if (paths.contains(path.text())) path.invalid("must be unique");
    if (climbs(path.text()))
      path.invalid("can not contain backsteps ('..')");
    else
      paths.insert(path.text());
    if (mount_names.contains(name.text())) name.invalid("must not already exist in volumeMounts");
    if (mount_paths.contains(path.text())) path.invalid("must not already exist as a path in volumeMounts");
    if (!name.text().empty()) names.insert(name.text());
  }
}

}  // namespace callgate::kube::values
