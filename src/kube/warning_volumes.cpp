// Volumes: kinds that are gone, files of one volume that are in each other's way.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <span>

#include "kube/warning_parts.h"
#include "manifest/go_text.h"

namespace callgate::kube::warning_parts {

using manifest::go_quote;
using text::Node;

namespace {

struct Kind {
  std::string_view field, path, text;
};
constexpr std::array<Kind, 7> kBeforeEphemeral{{
    {"photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
    {"gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"},
    {"scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
    {"flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"},
    {"storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"},
    {"quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"},
    {"glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
}};
constexpr std::array<Kind, 2> kAfterEphemeral{{
    {"cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"},
    {"rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"},
}};

void gone(Node volume, const std::string& path, std::span<const Kind> kinds, Warnings& out) {
  for (const Kind& kind : kinds)
    if (const Node found = field(volume, kind.field))
      out.push_back({fmt::format("{}.{}: {}", path, kind.path, kind.text), found.key_span()});
}

// A file of a volume, and the source it comes from.
struct File {
  std::string path, source;
  base::Span place;

  std::string text() const { return source.empty() ? go_quote(path) : fmt::format("{} ({})", go_quote(path), source); }
};
using FileList = std::vector<File>;

File file_of(Node path, std::string source) {
  std::string_view text = path ? path.text() : std::string_view();
  while (text.ends_with('/')) text.remove_suffix(1);
  return {std::string(text), std::move(source), path ? path.span() : base::Span()};
}

FileList files_of(Node source, const std::string& name) {
  FileList out;
  for (const Node each : elements(source, "items")) out.push_back(file_of(field(each, "path"), name));
  return out;
}

// The same path, or one below the other.
bool collide(const File& a, const File& b) {
  if (a.path.empty() || b.path.empty()) return false;
  return (a.path + "/").starts_with(b.path + "/") || (b.path + "/").starts_with(a.path + "/");
}

void add(FileList& all, File file, const std::string& volume, Warnings& out) {
  for (const File& other : all)
    if (collide(other, file))
      out.push_back(
          {fmt::format("volume {}: overlapping paths: {} with {}", volume, file.text(), other.text()), file.place});
  all.push_back(std::move(file));
}

void overlaps(const FileList& files, const std::string& volume, Warnings& out) {
  FileList all;
  for (const File& each : files) add(all, each, volume, out);
}

// Nothing where the source does not say which files.
std::optional<FileList> projected_files(Node source) {
  const auto listed = [](Node kind) { return static_cast<bool>(field(kind, "items")); };
  const Node config = field(source, "configMap"), secret = field(source, "secret");
  const Node downward = field(source, "downwardAPI"), token = field(source, "serviceAccountToken");
  const Node bundle = field(source, "clusterTrustBundle"), certificate = field(source, "podCertificate");
  if (listed(config)) return files_of(config, "ConfigMap " + go_quote(string_field(config, "name")));
  if (listed(secret)) return files_of(secret, "Secret " + go_quote(string_field(secret, "name")));
  if (listed(downward)) return files_of(downward, "DownwardAPI");
  if (token) return FileList{file_of(field(token, "path"), "ServiceAccountToken")};
  if (bundle) {
    const std::string_view name = string_field(bundle, field(bundle, "name") ? "name" : "signerName");
    return FileList{file_of(field(bundle, "path"), "ClusterTrustBundle " + go_quote(name))};
  }
  if (!certificate) return std::nullopt;
  FileList out;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kPaths{{
      {"certificateChainPath", "PodCertificate chain"},
      {"keyPath", "PodCertificate key"},
      {"credentialBundlePath", "PodCertificate credential bundle"},
  }};
  for (const auto& [member, name] : kPaths)
    if (!string_field(certificate, member).empty())
      out.push_back(file_of(field(certificate, member), std::string(name)));
  return out;
}

void projected(Node volume, std::string_view name, Warnings& out) {
  const std::string text = fmt::format("{} (Projected)", go_quote(name));
  FileList all, files;
  for (const Node source : elements(field(volume, "projected"), "sources")) {
    bool any = false;
    for (const std::string_view kind :
         {"secret", "downwardAPI", "configMap", "serviceAccountToken", "clusterTrustBundle", "podCertificate"})
      any = any || field(source, kind);
    if (!any) {
      out.push_back({fmt::format("volume {} has no sources provided", text), source.span()});
      continue;
    }
    // The server goes on with the last source's files where one names none.
    if (auto named = projected_files(source)) files = std::move(*named);
    for (const File& each : files) add(all, each, text, out);
  }
}

}  // namespace

void claim(Node spec, const std::string& path, Warnings& out) {
  const Node resources = field(spec, "resources");
  fractional_bytes(field(resources, "requests"), "storage", path + ".resources.requests", out);
  fractional_bytes(field(resources, "limits"), "storage", path + ".resources.limits", out);
}

void volumes(const Pod& pod, Warnings& out) {
  const std::vector<Node> list = elements(pod.spec, "volumes");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string path = at(at(pod, "spec.volumes"), i);
    gone(list[i], path, kBeforeEphemeral, out);
    if (const Node wanted = field(field(list[i], "ephemeral"), "volumeClaimTemplate"))
      claim(field(wanted, "spec"), path + ".ephemeral.volumeClaimTemplate.spec", out);
    gone(list[i], path, kAfterEphemeral, out);
  }
  for (const Node volume : list) {
    const std::string_view name = string_field(volume, "name");
    const Node config = field(volume, "configMap"), secret = field(volume, "secret");
    const auto described = [&](std::string_view kind, std::string_view of) {
      return fmt::format("{} ({} {})", go_quote(name), kind, go_quote(of));
    };
    if (config) overlaps(files_of(config, {}), described("ConfigMap", string_field(config, "name")), out);
    if (secret) overlaps(files_of(secret, {}), described("Secret", string_field(secret, "secretName")), out);
    if (const Node downward = field(volume, "downwardAPI"))
      overlaps(files_of(downward, {}), go_quote(name) + " (DownwardAPI)", out);
    projected(volume, name, out);
  }
}

}  // namespace callgate::kube::warning_parts
