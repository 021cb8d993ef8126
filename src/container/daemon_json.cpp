// dockerd's configuration file. Source: moby daemon/config/{config,config_linux}.go, cmd/dockerd/{config,config_unix,
// options}.go, daemon/runtime_unix.go (setupRuntimes) and daemon_unix.go (setupSeccompProfile) of v20.10.24 and
// v28.2.2. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "container/container.h"
#include "container/diagnostic_ids.h"

namespace callgate::container {

namespace {

// Every option of dockerd, by its name on the command line or in the file.
constexpr std::string_view kDirectives =
    "add-runtime allow-direct-routing allow-nondistributable-artifacts api-cors-header authorization-plugin "
    "authorization-plugins bip bip6 bridge builder cdi-spec-dir cdi-spec-dirs cgroup-parent cluster-advertise "
    "cluster-store cluster-store-opts config-file containerd containerd-namespace containerd-plugins-namespace "
    "cpu-rt-period cpu-rt-runtime cri-containerd data-root debug default-address-pool default-address-pools "
    "default-cgroupns-mode default-gateway default-gateway-v6 default-init default-ipc-mode default-network-opt "
    "default-network-opts default-runtime default-shm-size default-ulimit default-ulimits deprecated-key-path dns "
    "dns-opt dns-opts dns-search exec-opt exec-opts exec-root experimental feature features fixed-cidr fixed-cidr-v6 "
    "graph group help host host-gateway-ip host-gateway-ips hosts http-proxy https-proxy icc init init-path "
    "insecure-registries insecure-registry ip ip-forward ip-forward-no-drop ip-masq ip6tables iptables ipv6 label "
    "labels live-restore log-driver log-format log-level log-opt log-opts max-concurrent-downloads "
    "max-concurrent-uploads max-download-attempts metrics-addr mtu network-control-plane-mtu network-diagnostic-port "
    "no-new-privileges no-proxy node-generic-resource node-generic-resources oom-score-adjust pidfile raw-logs "
    "registry-mirror registry-mirrors restart rootless runtimes seccomp-profile selinux-enabled shutdown-timeout "
    "storage-driver storage-opt storage-opts swarm-default-advertise-addr tls tlscacert tlscert tlskey tlsverify "
    "userland-proxy userland-proxy-path userns-remap validate version";
// Objects whose members are values; those of others count as directives themselves (configValuesSet).
constexpr std::array<std::string_view, 7> kFlat{
    "cluster-store-opts", "default-network-opts", "log-opts", "runtimes", "default-ulimits", "features", "builder"};

class Reader {
 public:
  Reader(manifest::Files& files, Daemon& daemon, base::Diagnostics& diagnostics)
      : files_(files), daemon_(daemon), diagnostics_(diagnostics), directives_(base::split(kDirectives, ' ')) {}
  void read(text::Node root);

 private:
  void directive(text::Node member);
  std::optional<std::string> string(text::Node node);
  void wrong(text::Node node, std::string_view type);
  void seccomp_profile(text::Node node);
  void runtimes(text::Node node);
  void runtime(text::Node node);
  void check_default(text::Node node);

  manifest::Files& files_;
  Daemon& daemon_;
  base::Diagnostics& diagnostics_;
  std::vector<std::string_view> directives_;
};

void Reader::directive(text::Node member) {
  if (member.is_object() && std::find(kFlat.begin(), kFlat.end(), member.key()) == kFlat.end()) {
    for (const text::Node each : member) directive(each);
    return;
  }
  if (std::find(directives_.begin(), directives_.end(), member.key()) != directives_.end()) return;
  const auto close = base::closest(member.key(), directives_);
  diagnostics_.add(
      kUnknownDirective, member.key_span(),
      fmt::format("the following directives don't match any configuration option: {}", base::printable(member.key())),
      close ? fmt::format("did you mean '{}'? dockerd does not start with this", *close)
            : "dockerd does not start with this");
}

void Reader::wrong(text::Node node, std::string_view type) {
  diagnostics_.add(
      kBadDaemonJson, node.span(),
      fmt::format("'{}' must be a {}; dockerd does not start with this", base::printable(node.key()), type));
}

std::optional<std::string> Reader::string(text::Node node) {
  if (!node || node.is_null()) return std::nullopt;
  if (node.is_string()) return std::string(node.text());
  wrong(node, "string");
  return std::nullopt;
}

void Reader::seccomp_profile(text::Node node) {
  const auto profile = string(node);
  if (!profile) return;
  daemon_.seccomp_profile = *profile;
  daemon_.place = node.span();
  const bool keywords = daemon_.version >= EngineVersion{23, 0};
  if (profile->empty() || (keywords && (*profile == "builtin" || *profile == "unconfined"))) return;
  if (const auto file = files_.open(*profile, *profile)) {
    daemon_.seccomp_file = *file;
  } else {
    diagnostics_.add(kDaemonProfile, node.span(),
                     fmt::format("opening seccomp profile ({}) failed: {}", *profile, file.error().message),
                     "dockerd does not start with this");
  }
}

void Reader::runtime(text::Node node) {
  if (!node.is_object()) return wrong(node, "runtime: an object");
  const std::string name(node.key());
  const std::string path = string(node.find("path")).value_or(""), type = string(node.find("runtimeType")).value_or("");
  const auto bad = [&](std::string message) {
    diagnostics_.add(kBadRuntime, node.key_span(), std::move(message), "dockerd does not start with this");
  };
  if (name == "runc") return bad("runtime name 'runc' is reserved");
  if (path.empty() && type.empty())
    return bad(fmt::format("runtime {}: either a runtimeType or a path must be configured", name));
  if (!path.empty() && !type.empty())
    return bad(fmt::format("runtime {}: cannot configure both path and runtimeType for the same runtime", name));
  daemon_.runtimes.emplace_back(name, path.empty() ? type : path);
}

void Reader::runtimes(text::Node node) {
  if (!node || node.is_null()) return;
  if (!node.is_object()) return wrong(node, "map of runtimes");
  for (const text::Node each : node) runtime(each);
}

void Reader::check_default(text::Node node) {
  const auto name = string(node);
  if (!name || name->empty()) return;
  daemon_.default_runtime = *name;
  const bool configured = std::any_of(daemon_.runtimes.begin(), daemon_.runtimes.end(),
                                      [&](const auto& each) { return each.first == *name; });
  const auto dot = name->find('.');
  const bool shim = dot != std::string::npos && dot != 0 && name->find('/') == std::string::npos;
  if (!configured && *name != "runc" && !shim)
    diagnostics_.add(kBadRuntime, node.span(), fmt::format("specified default runtime '{}' does not exist", *name),
                     "configure it in 'runtimes'");
}

void Reader::read(text::Node root) {
  for (const text::Node member : root) directive(member);
  seccomp_profile(root.find("seccomp-profile"));
  runtimes(root.find("runtimes"));
  check_default(root.find("default-runtime"));
  if (const text::Node node = root.find("no-new-privileges"); node && !node.is_null()) {
    if (!node.as_bool()) wrong(node, "boolean");
    daemon_.no_new_privileges = node.as_bool().value_or(false);
  }
  if (const auto remap = string(root.find("userns-remap"))) daemon_.userns_remap = !remap->empty();
}

}  // namespace

bool read_daemon_json(const base::SourceFile& file, manifest::Files& files, Daemon& daemon,
                      base::Diagnostics& diagnostics) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  const base::SourceFile* source = &file;
  // dockerd takes a byte order mark away, and an empty file for one without settings.
  if (file.text().starts_with(kByteOrderMark))
    source = &files.keep(file.name(), std::string(file.text().substr(kByteOrderMark.size())));
  if (base::trim(source->text()).empty()) return true;
  const std::size_t before = diagnostics.error_count();
  const auto document = text::read_json(*source, diagnostics);
  if (!document) return false;
  if (!document->root().is_object()) {
    diagnostics.add(kBadDaemonJson, document->root().span(), "daemon.json must be an object",
                    "dockerd does not start with this");
    return false;
  }
  Reader(files, daemon, diagnostics).read(document->root());
  return diagnostics.error_count() == before;
}

}  // namespace callgate::container
