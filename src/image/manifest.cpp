// SPDX-License-Identifier: Apache-2.0
#include "image/manifest.h"

#include <fmt/format.h>

#include <optional>

#include "base/io.h"
#include "text/node.h"

namespace callgate::image {

namespace {

using base::ErrorCode;
using Texts = std::map<std::string, std::string>;

constexpr int kMaxIndexDepth = 4;
constexpr std::size_t kMaxImages = 1000;

// A parsed text with what it points into.
struct Parsed {
  base::SourceFile file;
  std::optional<text::Document> document;
  explicit Parsed(const std::string& name, std::string padded) : file(name, std::move(padded)) {}
  text::Node root() const { return document->root(); }
};

base::Result<std::unique_ptr<Parsed>> parse(const std::string& name, const std::string& text) {
  std::string padded;
  padded.reserve(text.size() + base::kPaddingBytes);
  padded = text;
  auto out = std::make_unique<Parsed>(name, std::move(padded));
  base::Diagnostics diagnostics;
  out->document = text::read_json(out->file, diagnostics);
  if (!out->document || !out->document->root())
    return base::fail(ErrorCode::invalid,
                      fmt::format("{} is no JSON: {}", name,
                                  diagnostics.items().empty() ? "it is empty" : diagnostics.items().front().message));
  return out;
}

std::string string_of(text::Node object, std::string_view member) {
  const text::Node node = object && object.is_object() ? object.find(member) : text::Node();
  return node && node.is_string() ? std::string(node.text()) : "";
}

std::vector<std::string> strings_of(text::Node object, std::string_view member) {
  std::vector<std::string> out;
  const text::Node node = object && object.is_object() ? object.find(member) : text::Node();
  if (node && node.is_array())
    for (const text::Node each : node)
      if (each.is_string()) out.emplace_back(each.text());
  return out;
}

// "sha256:ab…" → "blobs/sha256/ab…". What is no digest names nothing.
std::string blob(const std::string& digest) {
  const auto colon = digest.find(':');
  return colon == std::string::npos ? ""
                                    : fmt::format("blobs/{}/{}", digest.substr(0, colon), digest.substr(colon + 1));
}

base::Result<const std::string*> text_of(const Texts& texts, const std::string& name) {
  const auto found = texts.find(name);
  if (found == texts.end()) return base::fail(ErrorCode::invalid, fmt::format("the archive has no '{}'", name));
  return &found->second;
}

base::Result<std::vector<Listed>> of_docker(const std::string& text) {
  CALLGATE_TRY(const auto parsed, parse("manifest.json", text));
  if (!parsed->root().is_array()) return base::fail(ErrorCode::invalid, "manifest.json holds no list of images");
  std::vector<Listed> out;
  for (const text::Node each : parsed->root()) {
    Listed one{strings_of(each, "RepoTags"), string_of(each, "Config"), strings_of(each, "Layers")};
    if (one.config.empty()) return base::fail(ErrorCode::invalid, "manifest.json names an image without Config");
    if (out.size() < kMaxImages) out.push_back(std::move(one));
  }
  return out;
}

class OciIndex {
 public:
  explicit OciIndex(const Texts& texts) : texts_(texts) {}

  base::Result<std::vector<Listed>> run() {
    CALLGATE_CHECK(index("index.json", {}, 0));
    return std::move(out_);
  }

 private:
  // linux/amd64, or a platform that is not told (of a manifest that stands alone).
  static bool wanted(text::Node descriptor) {
    const text::Node platform = descriptor.find("platform");
    if (!platform || !platform.is_object()) return true;
    return string_of(platform, "os") == "linux" && string_of(platform, "architecture") == "amd64";
  }

  base::Result<void> index(const std::string& name, const std::string& tag, int depth) {
    if (depth > kMaxIndexDepth) return base::fail(ErrorCode::limit, "indexes name indexes without end");
    CALLGATE_TRY(const std::string* const text, text_of(texts_, name));
    CALLGATE_TRY(const auto parsed, parse(name, *text));
    const text::Node root = parsed->root();
    const text::Node manifests = root.is_object() ? root.find("manifests") : text::Node();
    if (!manifests || !manifests.is_array()) {
      if (depth == 0) return base::fail(ErrorCode::invalid, fmt::format("{} names no manifests", name));
      return manifest(root, tag);
    }
    for (const text::Node each : manifests) {
      if (!each.is_object() || !wanted(each) || out_.size() >= kMaxImages) continue;
      std::string own = string_of(each.find("annotations"), "io.containerd.image.name");
      if (own.empty()) own = string_of(each.find("annotations"), "org.opencontainers.image.ref.name");
      CALLGATE_CHECK(index(blob(string_of(each, "digest")), own.empty() ? tag : own, depth + 1));
    }
    return {};
  }

  base::Result<void> manifest(text::Node root, const std::string& tag) {
    Listed one;
    if (!tag.empty()) one.tags.push_back(tag);
    one.config = blob(string_of(root.is_object() ? root.find("config") : text::Node(), "digest"));
    if (one.config.empty()) return base::fail(ErrorCode::invalid, "a manifest names no configuration");
    const text::Node layers = root.find("layers");
    if (layers && layers.is_array())
      for (const text::Node each : layers) one.layers.push_back(blob(string_of(each, "digest")));
    out_.push_back(std::move(one));
    return {};
  }

  const Texts& texts_;
  std::vector<Listed> out_;
};

}  // namespace

base::Result<std::vector<Listed>> listed_images(const Texts& texts) {
  if (const auto docker = texts.find("manifest.json"); docker != texts.end()) return of_docker(docker->second);
  if (texts.contains("index.json")) return OciIndex(texts).run();
  return base::fail(ErrorCode::invalid,
                    "the archive holds no image: neither manifest.json (docker save) nor index.json (OCI)");
}

base::Result<Configured> read_configuration(const std::string& name, const std::string& text) {
  CALLGATE_TRY(const auto parsed, parse(name, text));
  Configured out;
  const text::Node config = parsed->root().is_object() ? parsed->root().find("config") : text::Node();
  out.command = strings_of(config, "Entrypoint");
  for (std::string& word : strings_of(config, "Cmd")) out.command.push_back(std::move(word));
  for (const std::string& each : strings_of(config, "Env"))
    if (each.starts_with("PATH=")) out.path = each.substr(5);
  if (const std::string directory = string_of(config, "WorkingDir"); !directory.empty()) out.directory = directory;
  return out;
}

}  // namespace callgate::image
