// Sources: containerd internal/cri/config (config.go, config_unix.go), cmd/containerd/server/config (imports,
// versions); cri-o pkg/config/config.go; kubelet config v1beta1 types. SPDX-License-Identifier: Apache-2.0
#include "kube/cri_config.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>

#include "kube/diagnostic_ids.h"
#include "kube/pod.h"
#include "text/node.h"

namespace callgate::kube {

namespace {

constexpr std::array<std::pair<std::string_view, CriEngine>, 3> kEngines{
    {{"containerd", CriEngine::containerd}, {"cri-o", CriEngine::crio}, {"cri-dockerd", CriEngine::cri_dockerd}}};

// A member of the kind that is wanted; another kind is diagnosed, as the engine does not start with it.
text::Node member(text::Node table, std::string_view name, text::Kind kind, base::Diagnostics& diagnostics) {
  const text::Node found = table && table.is_object() ? table.find(name) : text::Node();
  if (!found || found.kind() == kind) return found;
  constexpr std::array<std::string_view, 6> kKinds{"nothing",  "a boolean", "a number",
                                                   "a string", "an array",  "a table"};
  diagnostics.add(kConfigType, found.span(),
                  fmt::format("'{}' is {}, not {}", name, kKinds[static_cast<std::size_t>(found.kind())],
                              kKinds[static_cast<std::size_t>(kind)]));
  return {};
}

text::Node table(text::Node parent, std::string_view name, base::Diagnostics& diagnostics) {
  return member(parent, name, text::Kind::object, diagnostics);
}

void take_text(text::Node parent, std::string_view name, std::string& into, base::Span* place,
               base::Diagnostics& diagnostics) {
  const text::Node found = member(parent, name, text::Kind::string, diagnostics);
  if (!found) return;
  into = found.text();
  if (place != nullptr) *place = found.span();
}

std::vector<std::string> texts(text::Node parent, std::string_view name, base::Diagnostics& diagnostics) {
  std::vector<std::string> out;
  const text::Node list = member(parent, name, text::Kind::array, diagnostics);
  if (!list) return out;
  for (const text::Node each : list)
    if (each.is_string()) out.emplace_back(each.text());
  return out;
}

Handler& handler_of(CriConfig& config, std::string_view name) {
  for (Handler& each : config.handlers)
    if (each.name == name) return each;
  config.handlers.push_back({});
  config.handlers.back().name = name;
  return config.handlers.back();
}

class Containerd {
 public:
  Containerd(manifest::Files& files, CriConfig& config, base::Diagnostics& diagnostics)
      : files_(files), config_(config), diagnostics_(diagnostics) {}
  bool read(const base::SourceFile& file, const std::string& path, int depth);

 private:
  void cri(text::Node runtime_plugin);
  void runtime(text::Node entry);
  void import(text::Node entry, const std::string& path, int depth);

  manifest::Files& files_;
  CriConfig& config_;
  base::Diagnostics& diagnostics_;
};

void Containerd::runtime(text::Node entry) {
  if (!entry.is_object()) return;
  Handler& handler = handler_of(config_, entry.key());
  handler.place = entry.key_span();
  take_text(entry, "runtime_type", handler.type, nullptr, diagnostics_);
  take_text(entry, "runtime_engine", handler.program, nullptr, diagnostics_);  // version 1
  std::string spec;
  take_text(entry, "base_runtime_spec", spec, nullptr, diagnostics_);
  handler.base_spec = handler.base_spec || !spec.empty();
  const text::Node options = table(entry, "options", diagnostics_);
  std::string binary;
  take_text(options, "BinaryName", binary, nullptr, diagnostics_);
  if (!binary.empty()) handler.program = binary;
}

// `plugin`: the table that holds what the CRI plugin reads.
void Containerd::cri(text::Node plugin) {
  take_text(plugin, "unset_seccomp_profile", config_.unset_seccomp_profile, &config_.unset_place, diagnostics_);
  const text::Node containerd = table(plugin, "containerd", diagnostics_);
  take_text(containerd, "default_runtime_name", config_.default_runtime, nullptr, diagnostics_);
  if (const text::Node runtimes = table(containerd, "runtimes", diagnostics_))
    for (const text::Node each : runtimes) runtime(each);
}

void Containerd::import(text::Node entry, const std::string& path, int depth) {
  const auto slash = path.rfind('/');
  const std::string base = slash == std::string::npos ? "." : path.substr(0, slash);
  const std::string root = manifest::join_path(files_.working_directory(), base);
  const std::string whole = manifest::join_path(root, entry.text());
  if (depth > 8 || !whole.starts_with(root + "/")) {
    diagnostics_.add(kConfigImport, entry.span(),
                     fmt::format("'{}' is not read: it lies outside of the configuration's own directory",
                                 std::string(entry.text())),
                     "give the file by itself");
    return;
  }
  const std::string relative = whole.substr(root.size() + 1);
  const auto cut = relative.rfind('/');
  const std::string directory = cut == std::string::npos ? root : root + "/" + relative.substr(0, cut);
  const std::string pattern = cut == std::string::npos ? relative : relative.substr(cut + 1);
  for (const std::string& each : manifest::names_in(directory).value_or(std::vector<std::string>())) {
    if (fnmatch(pattern.c_str(), each.c_str(), FNM_PERIOD) != 0) continue;
    const std::string below = cut == std::string::npos ? each : relative.substr(0, cut + 1) + each;
    const auto file = files_.open_beneath(root, below, manifest::join_path(base, below));
    if (!file) {
      diagnostics_.add(kConfigImport, entry.span(), file.error().message);
      continue;
    }
    read(**file, fmt::format("{}/{}", base, below), depth + 1);
  }
}

bool Containerd::read(const base::SourceFile& file, const std::string& path, int depth) {
  const auto document = text::read_toml(file, diagnostics_);
  if (!document) return false;
  const text::Node root = document->root();
  const std::size_t before = diagnostics_.error_count();
  std::uint64_t version = 1;
  if (const text::Node said = member(root, "version", text::Kind::number, diagnostics_))
    version = said.as_u64().value_or(0);
  if (version < 1 || version > 4)
    diagnostics_.add(kConfigVersion, root.find("version").span(),
                     fmt::format("containerd has no configuration version {}", root.find("version").text()),
                     "versions are 1, 2 and 3");
  config_.given = true;
  if (const text::Node plugins = table(root, "plugins", diagnostics_)) {
    // Version 1 names plugins by their id alone, version 3 parts images from running.
    for (const std::string_view name : {"cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"})
      if (const text::Node plugin = table(plugins, name, diagnostics_)) cri(plugin);
    const text::Node nri = table(plugins, "io.containerd.nri.v1.nri", diagnostics_);
    if (const text::Node off = member(nri, "disable", text::Kind::boolean, diagnostics_)) {
      config_.nri = off.as_bool() == false;
      config_.nri_place = off.span();
    }
  }
  if (const text::Node imports = member(root, "imports", text::Kind::array, diagnostics_))
    for (const text::Node each : imports)
      if (each.is_string()) import(each, path, depth);
  return diagnostics_.error_count() == before;
}

}  // namespace

std::optional<CriEngine> find_cri_engine(std::string_view name) {
  for (const auto& [known, engine] : kEngines)
    if (known == name) return engine;
  return std::nullopt;
}

std::string_view name(CriEngine engine) {
  return kEngines[static_cast<std::size_t>(engine)].first;
}

const Handler* CriConfig::handler(std::string_view wanted) const {
  const std::string_view name = wanted.empty() ? std::string_view(default_runtime) : wanted;
  const auto found = std::find_if(handlers.begin(), handlers.end(), [&](const Handler& h) { return h.name == name; });
  return found == handlers.end() ? nullptr : &*found;
}

bool read_containerd_config(const base::SourceFile& file, const std::string& path, manifest::Files& files,
                            CriConfig& config, base::Diagnostics& diagnostics) {
  if (!config.given) {
    // What containerd has without a file; a file adds to it.
    config.default_runtime = "runc";
    handler_of(config, "runc").type = "io.containerd.runc.v2";
  }
  return Containerd(files, config, diagnostics).read(file, path, 0);
}

bool read_crio_config(const base::SourceFile& file, CriConfig& config, base::Diagnostics& diagnostics) {
  const auto document = text::read_toml(file, diagnostics);
  if (!document) return false;
  const std::size_t before = diagnostics.error_count();
  if (!config.given) config.default_runtime = "crun";  // since 1.31; runc before
  config.given = true;
  const text::Node crio = table(document->root(), "crio", diagnostics);
  const text::Node runtime = table(crio, "runtime", diagnostics);
  take_text(runtime, "default_runtime", config.default_runtime, nullptr, diagnostics);
  take_text(runtime, "seccomp_profile", config.seccomp_profile, &config.seccomp_place, diagnostics);
  take_text(runtime, "privileged_seccomp_profile", config.privileged_seccomp_profile, &config.privileged_place,
            diagnostics);
  if (runtime && runtime.find("default_capabilities"))
    config.default_capabilities = texts(runtime, "default_capabilities", diagnostics);
  if (const text::Node runtimes = table(runtime, "runtimes", diagnostics)) {
    for (const text::Node each : runtimes) {
      if (!each.is_object()) continue;
      Handler& handler = handler_of(config, each.key());
      handler.place = each.key_span();
      take_text(each, "runtime_type", handler.type, nullptr, diagnostics);
      take_text(each, "runtime_path", handler.program, nullptr, diagnostics);
      take_text(each, "seccomp_profile", handler.seccomp_profile, &handler.seccomp_place, diagnostics);
      if (each.find("allowed_annotations"))
        handler.allowed_annotations = texts(each, "allowed_annotations", diagnostics);
    }
  }
  const text::Node nri = table(crio, "nri", diagnostics);
  if (const text::Node on = member(nri, "enable_nri", text::Kind::boolean, diagnostics)) {
    config.nri = on.as_bool();
    config.nri_place = on.span();
  }
  return diagnostics.error_count() == before;
}

bool read_kubelet_config(const base::SourceFile& file, KubeletConfig& config, base::Diagnostics& diagnostics) {
  const auto documents = text::read_yaml(file, diagnostics);
  if (!documents) return false;
  for (const text::Document& document : *documents) {
    const text::Node root = document.root();
    if (!root || !root.is_object() || string_field(root, "kind") != "KubeletConfiguration") {
      diagnostics.add(kConfigKind, root ? root.span() : base::Span{&file, 0, 0},
                      "the file holds no KubeletConfiguration", "kind: KubeletConfiguration");
      return false;
    }
    if (const text::Node said = field(root, "seccompDefault")) {
      const auto on = truth(said);
      if (!on) {
        diagnostics.add(kConfigType, said.span(), "'seccompDefault' is not a boolean");
        return false;
      }
      config.seccomp_default = *on;
      config.seccomp_default_place = said.span();
    }
    const std::string_view endpoint = string_field(root, "containerRuntimeEndpoint");
    if (endpoint.find("containerd") != std::string_view::npos) config.engine = CriEngine::containerd;
    if (endpoint.find("crio") != std::string_view::npos) config.engine = CriEngine::crio;
    if (endpoint.find("cri-dockerd") != std::string_view::npos) config.engine = CriEngine::cri_dockerd;
  }
  return true;
}

}  // namespace callgate::kube
