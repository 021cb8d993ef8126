// Manifests a second on one core: small Compose projects, command lines and Kubernetes objects, from their text to what
// is in force, and the latter from their text to what the API server answers. The profile that they name is read once,
// as in a run of the command over many files; nothing is summed up.
//
// usage: manifests [--count N]
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "base/diagnostic.h"
#include "kube/api.h"
#include "resolve/resolve.h"

namespace {

using namespace callgate;

constexpr const char* kProfile =
    R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]})";
constexpr const char* kProject = R"(services:
  web:
    image: nginx:1.27
    security_opt: ["seccomp=profile.json"]
  db:
    image: postgres:16
)";
constexpr const char* kScript = "docker run --security-opt seccomp=profile.json --cap-drop ALL nginx:1.27\n";
constexpr const char* kDeployment = R"(apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      securityContext:
        seccompProfile:
          type: Localhost
          localhostProfile: profiles/web.json
      containers:
      - name: web
        image: nginx:1.27
        ports:
        - containerPort: 8080
        resources:
          limits: {memory: 128Mi}
)";

// `count` texts, each decoded, validated and admitted where Pod Security warns of everything.
void measure_objects(const char* what, const std::string& text, int count) {
  kube::Cluster cluster;
  cluster.pod_security.defaults.warn = {kube::Level::restricted, std::nullopt};
  text::ReadLimits limits;
  limits.keep_repeated_keys = true;
  base::Diagnostics diagnostics;
  const std::clock_t start = std::clock();
  for (int i = 0; i < count; ++i) {
    const base::SourceFile file("web.yaml", text);
    const auto documents = text::read_yaml(file, diagnostics, limits);
    if (!documents) std::abort();
    const kube::Review got = kube::review(documents->front().root(), cluster);
    if (got.refused() || got.warnings.size() != 1) std::abort();
  }
  const double took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  fmt::print("{}: {:.0f} a second ({} in {:.3f} s of processor time)\n", what, count / took, count, took);
}

// `count` files of the text in `folder`, each resolved; files a second of the processor's time.
void measure(const char* what, const std::filesystem::path& folder, const std::string& text, int count) {
  for (int i = 0; i < count; ++i) std::ofstream(folder / fmt::format("{}-{}", what, i)) << text;
  manifest::Files files(folder.string());
  manifest::Filters filters{{}};
  container::World world{.files = files, .filters = filters};
  manifest::Answer answer;
  base::Diagnostics diagnostics;
  std::vector<std::string> paths;
  for (int i = 0; i < count; ++i) paths.push_back(fmt::format("{}-{}", what, i));
  const std::clock_t start = std::clock();
  if (!resolve::resolve_paths(paths, {}, world, answer, diagnostics)) std::abort();
  const double took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  if (answer.refused() || answer.containers.size() < static_cast<std::size_t>(count)) std::abort();
  fmt::print("{}: {:.0f} a second ({} in {:.3f} s of processor time)\n", what, count / took, count, took);
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc == 3 && std::string_view(argv[1]) == "--count" ? std::atoi(argv[2]) : 10000;
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("callgate-manifests.{}", ::getpid());
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "profile.json") << kProfile;
  measure("compose", folder, kProject, count);
  measure("script", folder, kScript, count);
  measure("kubernetes", folder, kDeployment, count);
  std::filesystem::remove_all(folder);
  measure_objects("API server", kDeployment, count);
}
