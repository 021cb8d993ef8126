// Source: pkg/apis/core/validation (ValidateVolumes, validateVolumeSource). A volume without a source is an emptyDir.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "kube/names.h"
#include "kube/quantity.h"
#include "kube/validate_values.h"
#include "manifest/go_text.h"

namespace callgate::kube::values {

namespace {

using manifest::go_quote;

void mode(const Value& found) {
  constexpr std::int64_t kAll = 0777;
  if (found && (found.number() < 0 || found.number() > kAll))
    found.invalid("must be a number between 0 and 0777 (octal), both inclusive");
}

void range(const Value& found, std::int64_t low, std::int64_t high, std::string_view detail) {
  if (found && (found.number() < low || found.number() > high)) found.invalid(detail);
}

// Relative, without "..", and not with a name that the kubelet keeps for itself.
void projected_path(const Value& path) {
  local_path(path);
  if (path.text().starts_with("..") && !path.text().starts_with("../")) path.invalid("must not start with '..'");
}

void required(const Value& found) {
  if (found.text().empty()) found.required();
}

void key_to_path(const Value& item) {
  required(item.at("key"));
  required(item.at("path"));
  projected_path(item.at("path"));
  mode(item.at("mode"));
}

void keys(const Value& source) {
  mode(source.at("defaultMode"));
  for (const Value& each : source.items("items")) key_to_path(each);
}

// The server tells of a file below `told`, without its index.
void downward_file(const Value& file, const Value& told) {
  const auto named = [&](std::string_view name) {
    const Value found = file.at(name);
    return Value(found.node(), told.at(name).path(), found.place(), found.errors());
  };
  required(named("path"));
  projected_path(named("path"));
  const Value field = named("fieldRef"), resource = named("resourceFieldRef");
  if (field) {
    field_reference(field, true);
    if (resource) told.invalid_as("\"resource\"", "fieldRef and resourceFieldRef can not be specified simultaneously");
  } else if (resource) {
    resource_reference(resource, true);
  } else {
    told.required("one of fieldRef and resourceFieldRef is required");
  }
  mode(named("mode"));
}

void downward(const Value& source) {
  mode(source.at("defaultMode"));
  for (const Value& each : source.items("items")) downward_file(each, source);
}

using Paths = std::set<std::string_view>;

void token(const Value& source, const Value& projected) {
  constexpr std::int64_t kLeast = 600, kMost = std::int64_t{1} << 32;
  const Value seconds = source.at("expirationSeconds");
  if (seconds && seconds.number() < kLeast) seconds.invalid("may not specify a duration less than 10 minutes");
  if (seconds && seconds.number() > kMost) seconds.invalid("may not specify a duration larger than 2^32 seconds");
  const Value found = source.at("path"), path(found.node(), projected.at("path").path(), found.place(), found.errors());
  required(path);
  projected_path(path);
}

// Of secrets, config maps and downwardAPI: what they bring, and that no path is given twice.
void projected_items(const Value& source, const Value& projected, std::string_view kind, Paths& paths) {
  if (kind != "downwardAPI") required(source.at("name"));
  for (const Value& each : source.items("items")) {
    if (kind == "downwardAPI")
      downward_file(each, source);
    else
      key_to_path(each);
    const std::string_view path = each.text("path");
    if (!path.empty() && !paths.insert(path).second)
      projected.invalid_as(go_quote(kind == "downwardAPI" ? path : source.text("name")), "conflicting duplicate paths");
  }
}

void projected(const Value& source) {
  mode(source.at("defaultMode"));
  Paths paths;
  for (const Value& each : source.items("sources")) {
    std::size_t count = 0;
    for (const std::string_view kind : {"secret", "configMap", "downwardAPI"})
      if (const Value found = each.at(kind)) {
        ++count;
        projected_items(found, source, kind, paths);
      }
    if (const Value found = each.at("serviceAccountToken")) {
      ++count;
      token(found, source);
    }
    for (const std::string_view kind : {"clusterTrustBundle", "podCertificate"}) count += each.has(kind) ? 1U : 0U;
    if (count > 1) each.forbidden("may not specify more than 1 volume type per source");
  }
}

void host_path(const Value& source) {
  const Value path = source.at("path");
  if (path.text().empty()) return path.required();
  const auto parts = base::split(path.text(), '/');
  if (std::find(parts.begin(), parts.end(), "..") != parts.end()) path.invalid("must not contain '..'");
  source.at("type").one_of(
      {"", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"});
}

void iscsi(const Value& source) {
  const Value name = source.at("iqn");
  if (name.text().empty())
    name.required();
  else if (!name.text().starts_with("iqn") && !name.text().starts_with("eui") && !name.text().starts_with("naa"))
    name.invalid("must be valid format starting with iqn, eui, or naa");
  range(source.at("lun"), 0, 255, "must be between 0 and 255, inclusive");
  if ((bool_field(source.node(), "chapAuthDiscovery") == true ||
       bool_field(source.node(), "chapAuthSession") == true) &&
      !source.has("secretRef"))
    source.at("secretRef").required();
}

void fibre_channel(const Value& source) {
  const Value targets = source.at("targetWWNs");
  const bool named = source.size("targetWWNs") > 0, by_id = source.size("wwids") > 0;
  if (!named && !by_id) targets.required("must specify either targetWWNs or wwids, but not both");
  if (named && by_id) targets.invalid_as("", "targetWWNs and wwids can not be specified simultaneously");
  if (!named) return;
  if (!source.has("lun")) source.at("lun").required("lun is required if targetWWNs is specified");
  range(source.at("lun"), 0, 255, "must be between 0 and 255, inclusive");
}

void nfs(const Value& source) {
  if (const Value path = source.at("path"); !path.text().starts_with('/')) path.invalid("must be an absolute path");
}

void flocker(const Value& source) {
  const Value name = source.at("datasetName");
  const bool by_id = !source.text("datasetUUID").empty();
  if (name.text().empty() && !by_id) source.required("one of datasetName and datasetUUID is required");
  if (!name.text().empty() && by_id)
    source.invalid_as("\"resource\"", "datasetName and datasetUUID can not be specified simultaneously");
  if (name.text().find('/') != std::string_view::npos) name.invalid("must not contain '/'");
}

void csi(const Value& source) {
  constexpr std::size_t kLongest = 63;
  const Value driver = source.at("driver");
  if (driver.text().empty()) driver.required();
  if (driver.text().size() > kLongest) driver.errors().too_long(driver.path(), kLongest, driver.place());
  driver.faults(subdomain_faults(base::to_lower(driver.text())));
  const Value secret = source.at("nodePublishSecretRef");
  if (!secret) return;
  const Value name = secret.at("name");
  if (name.text().empty()) return name.required();
  for (const std::string_view fault : subdomain_faults(name.text()))
    source.errors().invalid(source.at("name").path(), go_quote(name.text()), fault, name.place());
}

void claim_template(const Value& source) {
  const Value claim = source.at("volumeClaimTemplate");
  if (!claim) return claim.required();
  const Value metadata = claim.at("metadata");
  annotations(metadata.at("annotations"));
  labels(metadata.at("labels"));
  for (const std::string_view name : {"name", "generateName", "namespace"})
    if (const Value found = metadata.at(name); !found.text().empty()) found.forbidden("cannot be set");
  const Value spec = claim.at("spec"), modes = spec.at("accessModes");
  if (spec.size("accessModes") == 0) modes.required("at least 1 access mode is required");
  for (const Value& each : spec.items("accessModes"))
    Value(each.node(), modes.path(), each.place(), each.errors())
        .one_of({"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"});
  if (!spec.at("resources").at("requests").has("storage")) spec.at("resources").key("storage").required();
  const Value named = spec.at("storageClassName");
  if (!named.text().empty()) named.faults(subdomain_faults(named.text()));
}

void azure_disk(const Value& source) {
  source.at("cachingMode").one_of({"None", "ReadOnly", "ReadWrite"});
  source.at("kind").one_of({"Dedicated", "Managed", "Shared"});
}

void storage_os(const Value& source) {
  const Value name = source.at("volumeName");
  if (name.text().empty())
    name.required();
  else
    name.faults(label_faults(name.text()));
}

void ceph(const Value& source) {
  if (source.size("monitors") == 0) source.at("monitors").required();
}

void disk(const Value& source) {
  range(source.at("partition"), 0, 255, "must be between 1 and 255, inclusive");
}

void directory(const Value& source) {
  local_path(source.at("directory"));
}

struct Source {
  std::string_view name, second, path;  // its field; what the server calls it where it is one too many, and within
  std::array<std::string_view, 3> required;
  void (*rule)(const Value&);
};
// In the server's order. What it does not name otherwise has its own name.
constexpr std::array<Source, 28> kSources{{
    {"hostPath", "", "", {}, host_path},
    {"gitRepo", "", "", {"repository"}, directory},
    {"gcePersistentDisk", "", "persistentDisk", {"pdName"}, disk},
    {"awsElasticBlockStore", "", "", {"volumeID"}, disk},
    {"secret", "", "", {"secretName"}, keys},
    {"nfs", "", "", {"server", "path"}, nfs},
    {"iscsi", "", "", {"targetPortal"}, iscsi},
    {"glusterfs", "", "", {"endpoints", "path"}, nullptr},
    {"flocker", "", "", {}, flocker},
    {"persistentVolumeClaim", "", "", {"claimName"}, nullptr},
    {"rbd", "", "", {}, [](const Value& source) { ceph(source), required(source.at("image")); }},
    {"cinder", "", "", {"volumeID"}, nullptr},
    {"cephfs", "cephFS", "", {}, ceph},
    {"quobyte", "", "", {}, nullptr},
    {"downwardAPI", "downwarAPI", "", {}, downward},
    {"fc", "", "", {}, fibre_channel},
    {"flexVolume", "", "", {"driver"}, nullptr},
    {"configMap", "", "", {"name"}, keys},
    {"azureFile", "", "", {"secretName", "shareName"}, nullptr},
    {"vsphereVolume", "", "", {"volumePath"}, nullptr},
    {"photonPersistentDisk", "", "", {"pdID"}, nullptr},
    {"portworxVolume", "", "", {"volumeID"}, nullptr},
    {"azureDisk", "", "", {"diskName", "diskURI"}, azure_disk},
    {"storageos", "", "", {}, storage_os},
    {"projected", "", "", {}, projected},
    {"scaleIO", "", "", {"gateway", "system", "volumeName"}, nullptr},
    {"csi", "", "", {}, csi},
    {"ephemeral", "", "", {}, claim_template},
}};

void source(const Value& volume) {
  bool found = false;
  if (const Value empty = volume.at("emptyDir")) {
    found = true;
    const Value limit = empty.at("sizeLimit");
    const auto amount = limit ? read_quantity(limit.node().text()) : std::nullopt;
    if (amount && is_negative(*amount)) limit.forbidden("SizeLimit field must be a valid resource quantity");
  }
  for (const Source& row : kSources) {
    const Value own = volume.at(row.name);
    if (!own) continue;
    const auto named = [&](std::string_view other) {
      return other.empty() ? own : Value(own.node(), volume.at(other).path(), own.place(), own.errors());
    };
    if (found) {
      named(row.second).forbidden("may not specify more than 1 volume type");
      continue;
    }
    found = true;
    const Value told = named(row.path);
    for (const std::string_view name : row.required)
      if (!name.empty()) required(told.at(name));
    if (row.rule != nullptr) row.rule(told);
  }
  if (const Value image = volume.at("image"); image && found)
    image.forbidden("may not specify more than 1 volume type");
}

}  // namespace

Volumes volumes(const Pod& pod, const Value& spec) {
  Volumes out;
  for (const Value& each : spec.items("volumes")) {
    const std::size_t before = each.errors().errors().size();
    source(each);
    const Value name = each.at("name");
    if (name.text().empty())
      name.required();
    else
      name.faults(label_faults(name.text()));
    if (out.contains(name.text())) name.duplicate(name.text());
    if (each.errors().errors().size() == before) out.emplace(name.text(), each.node());
  }
  if (pod.kind == "StatefulSet")  // its claims become volumes of each Pod
    for (const text::Node each : elements(field(pod.object, "spec"), "volumeClaimTemplates"))
      out.emplace(string_field(field(each, "metadata"), "name"), each);
  return out;
}

}  // namespace callgate::kube::values
