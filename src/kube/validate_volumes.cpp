// Source: pkg/apis/core/validation (ValidateVolumes, validateVolumeSource). A volume without a source is an emptyDir.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "kube/names.h"
#include "kube/quantity.h"
#include "kube/struct_json.h"
#include "kube/validate_values.h"
#include "manifest/go_text.h"

namespace callgate::kube::values {

namespace {

using manifest::go_quote;

void range(const Value& found, std::int64_t low, std::int64_t high, std::string_view detail) {
  if (found && (found.number() < low || found.number() > high)) found.invalid(detail);
}

void required(const Value& found) {
  if (found.text().empty()) found.required();
}

void keys(const Value& source) {
  mode(source.at("defaultMode"));
  for (const Value& each : source.items("items")) key_to_path(each);
}

void downward(const Value& source) {
  mode(source.at("defaultMode"));
  for (const Value& each : source.items("items")) downward_file(each, source);
}

void host_path(const Value& source) {
  const Value path = source.at("path");
  if (path.text().empty()) return path.required();
  const auto parts = base::split(path.text(), '/');
  if (std::find(parts.begin(), parts.end(), "..") != parts.end()) path.invalid("must not contain '..'");
  source.at("type").one_of(
      {"", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"});
}

bool alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// After "iqn": ".2001-04.example.com:name". The server's pattern looks for it anywhere.
bool has_iqn_form(std::string_view text) {
  constexpr std::string_view kDate = ".0000-00.";
  for (auto at = text.find("iqn"); at != std::string_view::npos; at = text.find("iqn", at + 1)) {
    const std::string_view rest = text.substr(at + 3);
    const bool dated = rest.size() > kDate.size() &&
                       std::equal(kDate.begin(), kDate.end(), rest.begin(),
                                  [](char form, char c) { return form == '0' ? c >= '0' && c <= '9' : c == form; });
    if (!dated) continue;
    const auto colon = rest.find(':');
    if (colon == std::string_view::npos || colon == kDate.size() || colon + 1 == rest.size()) continue;
    const std::string_view domain = rest.substr(kDate.size(), colon - kDate.size()), name = rest.substr(colon + 1);
    if (std::all_of(domain.begin(), domain.end(), [](char c) { return alphanumeric(c) || c == '-' || c == '.'; }) &&
        name.find_first_of(",;*&$| \t\n\f\r") == std::string_view::npos)
      return true;
  }
  return false;
}

// "eui." or "naa." and so many letters and digits.
bool has_id_form(std::string_view text, std::size_t count) {
  return text.size() == count + 4 && std::all_of(text.begin() + 4, text.end(), alphanumeric);
}

void initiator(const Value& name) {
  constexpr std::size_t kEui = 16, kNaa = 32;
  const std::string_view text = name.text(), kind = text.substr(0, 3);
  if (kind != "iqn" && kind != "eui" && kind != "naa")
    return name.invalid("must be valid format starting with iqn, eui, or naa");
  const bool good = kind == "iqn" ? has_iqn_form(text) : has_id_form(text, kind == "eui" ? kEui : kNaa);
  if (!good) name.invalid("must be valid format");
}

void iscsi(const Value& source) {
  const Value name = source.at("iqn"), own = source.at("initiatorName");
  name.text().empty() ? name.required() : initiator(name);
  range(source.at("lun"), 0, 255, "must be between 0 and 255, inclusive");
  if ((bool_field(source.node(), "chapAuthDiscovery") == true ||
       bool_field(source.node(), "chapAuthSession") == true) &&
      !source.has("secretRef"))
    source.at("secretRef").required();
  if (own) initiator(own.as(source.at("initiatorname").path()));
}

void fibre_channel(const Value& source) {
  const Value targets = source.at("targetWWNs");
  const bool named = source.size("targetWWNs") > 0, by_id = source.size("wwids") > 0;
  if (!named && !by_id) targets.required("must specify either targetWWNs or wwids, but not both");
  if (named && by_id)
    targets.invalid_as(json::list(targets.node()), "targetWWNs and wwids can not be specified simultaneously");
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

void azure_disk(const Value& source) {
  source.at("cachingMode").one_set_of({"None", "ReadOnly", "ReadWrite"});
  const Value kind = source.at("kind"), address = source.at("diskURI");  // of no kind, it is Shared
  kind.one_set_of({"Dedicated", "Managed", "Shared"});
  const bool managed = kind.text() == "Managed";
  if (address.text().starts_with(managed ? "/subscriptions/" : "https://")) return;
  address.errors().not_supported_struct(
      address.path(), go_quote(address.text()),
      {managed ? "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
               : "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"},
      address.place());
}

void secret(const Value& source) {
  if (const Value found = source.at("secretRef")) required(found.at("name"));
}

// net.SplitHostPort would take it.
bool is_host_and_port(std::string_view text) {
  const auto last = text.rfind(':');
  if (last == std::string_view::npos) return false;
  if (!text.starts_with('[')) return text.find(':') == last && text.find_first_of("[]") == std::string_view::npos;
  const auto end = text.find(']');
  return end != std::string_view::npos && end + 1 == last && text.find('[', 1) == std::string_view::npos &&
         text.find(']', end + 1) == std::string_view::npos;
}

void quobyte(const Value& source) {
  constexpr std::string_view kPairs = "must be a host:port pair or multiple pairs separated by commas";
  constexpr std::size_t kLongest = 64;
  const Value registry = source.at("registry"), tenant = source.at("tenant");
  if (registry.text().empty())
    registry.required(kPairs);
  else if (tenant.text().size() > kLongest)
    tenant.required("must be a UUID and may not exceed a length of 64 characters");
  else
    for (const std::string_view pair : base::split(registry.text(), ','))
      if (!is_host_and_port(pair)) registry.invalid(kPairs);
  required(source.at("volume"));
}

void flex(const Value& source) {
  const Value options = source.at("options");
  for (const text::Node each : options.entries()) {
    const std::string domain = "." + base::to_lower(std::string(each.key().substr(0, each.key().find('/'))));
    if (domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io"))
      options.key(each.key()).invalid_as(go_quote(each.key()), "kubernetes.io and k8s.io namespaces are reserved");
  }
}

void storage_os(const Value& source) {
  const Value name = source.at("volumeName");
  if (name.text().empty())
    name.required();
  else
    name.faults(label_faults(name.text()));
  if (const Value space = source.at("volumeNamespace"); !space.text().empty()) space.faults(label_faults(space.text()));
  secret(source);
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
    {"cinder", "", "", {"volumeID"}, secret},
    {"cephfs", "cephFS", "", {}, ceph},
    {"quobyte", "", "", {}, quobyte},
    {"downwardAPI", "downwarAPI", "", {}, downward},
    {"fc", "", "", {}, fibre_channel},
    {"flexVolume", "", "", {"driver"}, flex},
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

// What a claim that is made for a Pod's volume will be called.
std::string claim_name(const Pod& pod, const Value& volume) {
  return fmt::format("{}-{}", pod.name, volume.text("name"));
}

bool makes_claims(const Pod& pod) {
  return !pod.is_template() && !pod.name.empty();
}

void made_claim(const Value& volume, const Pod& pod) {
  const Value name = volume.at("name");
  if (!makes_claims(pod) || name.text().empty()) return;
  const std::string claim = claim_name(pod, volume);
  for (const std::string_view fault : subdomain_faults(claim))
    name.invalid_as(go_quote(name.text()), fmt::format("PVC name {}: {}", go_quote(claim), fault));
}

void source(const Value& volume, const Pod& pod) {
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
    if (row.name == "ephemeral") made_claim(volume, pod);
  }
  if (const Value image = volume.at("image")) {
    if (found) return image.forbidden("may not specify more than 1 volume type");
    if (!pod.is_template()) required(image.at("reference"));
    image.at("pullPolicy").one_of({"Always", "IfNotPresent", "Never"});
  }
}

// The volumes as they are checked: a StatefulSet's claims come first, and take the place of volumes of their names.
std::vector<Value> all_volumes(const Pod& pod, const Value& spec) {
  if (pod.kind != "StatefulSet") return spec.items("volumes");
  std::set<std::string_view> claims;
  for (const text::Node each : elements(field(pod.object, "spec"), "volumeClaimTemplates"))
    claims.insert(string_field(field(each, "metadata"), "name"));
  std::vector<Value> out;
  const std::string path = spec.at("volumes").path();
  for (const Value& each : spec.items("volumes"))
    if (!claims.contains(each.text("name")))
      out.push_back(each.as(fmt::format("{}[{}]", path, claims.size() + out.size())));
  return out;
}

void claimed_volumes(const Pod& pod, const Value& spec, Volumes& out) {
  std::size_t index = 0;
  for (const text::Node each : elements(field(pod.object, "spec"), "volumeClaimTemplates")) {
    const std::string_view name = string_field(field(each, "metadata"), "name");
    if (out.contains(name)) continue;
    const Value told({}, fmt::format("{}[{}]", spec.at("volumes").path(), index++), each.span(), spec.errors());
    if (name.empty()) {
      told.at("persistentVolumeClaim").at("claimName").required();
      told.at("name").required();
      continue;
    }
    const auto faults = label_faults(name);
    for (const std::string_view fault : faults) told.at("name").invalid_as(go_quote(name), fault);
    if (faults.empty()) out.emplace(name, each);
  }
}

}  // namespace

void mode(const Value& number) {
  constexpr std::int64_t kAll = 0777;
  if (number && (number.number() < 0 || number.number() > kAll))
    number.invalid("must be a number between 0 and 0777 (octal), both inclusive");
}

void projected_path(const Value& path) {
  local_path(path);
  if (path.text().starts_with("..") && !path.text().starts_with("../")) path.invalid("must not start with '..'");
}

void key_to_path(const Value& item) {
  required(item.at("key"));
  required(item.at("path"));
  projected_path(item.at("path"));
  mode(item.at("mode"));
}

Volumes volumes(const Pod& pod, const Value& spec) {
  Volumes out;
  if (pod.kind == "StatefulSet") claimed_volumes(pod, spec, out);
  const auto all = all_volumes(pod, spec);
  std::set<std::string> made;
  for (const Value& each : all)
    if (makes_claims(pod) && each.has("ephemeral")) made.insert(claim_name(pod, each));
  for (const Value& each : all) {
    const std::size_t before = each.errors().errors().size();
    source(each, pod);
    const Value name = each.at("name");
    if (name.text().empty())
      name.required();
    else
      name.faults(label_faults(name.text()));
    if (out.contains(name.text())) name.duplicate(name.text());
    if (each.errors().errors().size() == before) out.emplace(name.text(), each.node());
    const Value claim = each.at("persistentVolumeClaim").at("claimName");
    if (made.contains(std::string(claim.text())))
      claim.invalid("must not reference a PVC that gets created for an ephemeral volume");
  }
  return out;
}

}  // namespace callgate::kube::values
